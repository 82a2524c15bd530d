package projectiontest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/projection/projectiontest"
)

func TestMemory(t *testing.T) {
	projectiontest.Run(t, func(*testing.T) projection.Store { return projectiontest.NewMemory() })
}
