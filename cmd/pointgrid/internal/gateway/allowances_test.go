package gateway

import (
	"context"
	"errors"
	"testing"

	"github.com/pointgrid/pointgrid/rewards"
)

func TestATierRaisesTheShareOfTheDailyCapUpToTheWhole(t *testing.T) {
	for _, c := range []struct{ base, limits, want int64 }{
		{50, 100, 5_000}, {50, 120, 6_000}, {50, 200, 10_000}, {50, 10_000, 10_000}, {33, 150, 4_950}, {1, 100, 100},
	} {
		a := tierAllowances{c.base, func(context.Context, string) (rewards.Privileges, error) {
			return rewards.Privileges{Limits: c.limits}, nil
		}}
		if got, err := a.DayShare(context.Background(), "M-1"); got != c.want || err != nil {
			t.Errorf("%d %% of the cap with limits of %d %% are %d, want %d, %v", c.base, c.limits, got, c.want, err)
		}
	}
	lost := errors.New("the store is away")
	a := tierAllowances{50, func(context.Context, string) (rewards.Privileges, error) { return rewards.Privileges{}, lost }}
	if _, err := a.DayShare(context.Background(), "M-1"); !errors.Is(err, lost) {
		t.Errorf("a tier that cannot be read gives %v", err)
	}
}
