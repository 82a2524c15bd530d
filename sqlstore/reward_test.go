package sqlstore_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
	"github.com/pointgrid/pointgrid/rewards/bonus/bonustest"
	"github.com/pointgrid/pointgrid/rewards/rewardstest"
)

func TestRewardsStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		rewardstest.RunStore(t, func(t *testing.T) rewards.Store { return open(t) })
	})
}

func TestBonusStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		bonustest.RunStore(t, func(t *testing.T) bonus.Store { return open(t) })
	})
}
