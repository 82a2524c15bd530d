package sqlstore_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/projection/projectiontest"
)

func TestProjectionStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		projectiontest.Run(t, func(t *testing.T) projection.Store { return open(t) })
	})
}
