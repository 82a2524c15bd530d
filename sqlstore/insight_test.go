package sqlstore_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/insight/insighttest"
)

func TestInsightStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		insighttest.RunStore(t, func(t *testing.T) insight.Store { return open(t) })
	})
}
