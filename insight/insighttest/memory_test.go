package insighttest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/insight/insighttest"
)

func TestMemory(t *testing.T) {
	insighttest.RunStore(t, func(*testing.T) insight.Store { return insighttest.NewMemory() })
}
