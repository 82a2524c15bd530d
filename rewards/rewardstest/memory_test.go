package rewardstest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/rewardstest"
)

func TestMemory(t *testing.T) {
	rewardstest.RunStore(t, func(*testing.T) rewards.Store { return rewardstest.NewMemory() })
}
