package clustertest_test

import (
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cluster/clustertest"
	"github.com/pointgrid/pointgrid/internal/testclock"
)

func TestMemory(t *testing.T) {
	clustertest.Run(t, func(*testing.T) clustertest.Port {
		clock := testclock.At(time.UnixMilli(1_800_000_000_000))
		return clustertest.Port{Leases: clustertest.NewMemory(clock.Now), Advance: clock.Advance}
	})
}
