package bonustest_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/rewards/bonus"
	"github.com/pointgrid/pointgrid/rewards/bonus/bonustest"
)

func TestMemory(t *testing.T) {
	bonustest.RunStore(t, func(*testing.T) bonus.Store { return bonustest.NewMemory() })
}
