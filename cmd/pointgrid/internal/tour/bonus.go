package tour

import (
	"context"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// bonusOfTier lets a customer rise to silver by one prepayment, convert miles, which
// brings the tier's hundredth on top, and give half of them back.
func (t *Tour) bonusOfTier(ctx context.Context) (string, error) {
	event := object{"id": "TOUR-PAY-2", "member": sandbox.Member(earner), "kind": "prepayment", "channel": "app", "segment": "residential",
		"occurred_at": t.Now().UTC().Format(time.RFC3339), "amount": "150000"}
	var earned rewardEvent
	if _, err := t.utility.Do(ctx, post("/v1/reward_events", event, ""), &earned); err != nil {
		return "", err
	}
	var c conversion
	wish := object{"source": "SKY", "destination": "EPT", "amount": "3000", "link_id": sandbox.LinkID(sandbox.CompanyOf("sky"), earner).String()}
	if _, err := t.sky.Do(ctx, post("/v1/conversions", wish, "tour-bonus"), &c); err != nil {
		return "", err
	}
	t.conversions++
	if err := firstOf(same("EPT for 3,000 miles", c.DestinationAmount, "1000"), t.brings(ctx, c.ID, "10")); err != nil {
		return "", err
	}
	if _, err := t.sky.Do(ctx, post("/v1/conversions/"+c.ID+"/reversals", object{"amount": "1500", "reason": "half of it"}, "tour-bonus-back"), nil); err != nil {
		return "", err
	}
	t.reversals++
	return fmt.Sprintf("%s points make silver, 1,000 EPT bring 10 more; half given back, 5 stay", earned.Points), t.brings(ctx, c.ID, "5")
}

// brings waits until the ledger has the bonus that a conversion should bring.
func (t *Tour) brings(ctx context.Context, id, want string) error {
	var last struct {
		Bonus struct{ Tier, Points, State string }
	}
	err := await(ctx, "the bonus of a conversion", func() (bool, error) {
		_, err := t.utility.Do(ctx, get("/v1/conversions/"+id), &last)
		return last.Bonus.State == "done" && last.Bonus.Points == want, err
	})
	if err != nil {
		return fmt.Errorf("%w; it is %+v", err, last.Bonus)
	}
	return same("tier", last.Bonus.Tier, "silver")
}
