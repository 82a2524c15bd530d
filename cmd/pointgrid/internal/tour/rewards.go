package tour

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// rewardEvent is what the tour reads of an event.
type rewardEvent struct {
	State, Points, Taken, Debt, Account string
	Explanation                         struct{ Rule, Factor string }
}

// earner is the household customer who prepays.
const earner = 7

// earn prepays 200 yuan by the app, which earns points by the rule in force, and
// lets the payment be returned, which takes them back.
func (t *Tour) earn(ctx context.Context) (string, error) {
	event := object{"id": "TOUR-PAY-1", "member": sandbox.Member(earner), "kind": "prepayment", "channel": "app", "segment": "residential",
		"occurred_at": t.Now().UTC().Format(time.RFC3339), "amount": "20000"}
	var earned rewardEvent
	if _, err := t.utility.Do(ctx, post("/v1/reward_events", event, ""), &earned); err != nil {
		return "", err
	}
	if err := firstOf(same("state", earned.State, "issued"), same("points for 200 yuan by the app", earned.Points, "300"),
		same("rule", earned.Explanation.Rule, "prepayment.1"), t.hasEarned(ctx, earned.Account, "300")); err != nil {
		return "", err
	}
	answer, err := t.utility.Do(ctx, post("/v1/reward_events", event, ""), nil)
	if err != nil {
		return "", err
	}
	if err := same("the event sent again", answer.Header.Get("Idempotency-Replayed"), "true"); err != nil {
		return "", err
	}
	event["amount"] = "20001"
	_, err = t.utility.Do(ctx, post("/v1/reward_events", event, ""), nil)
	if _, err = refused(err, http.StatusConflict, "reward_event_conflict"); err != nil {
		return "", err
	}
	return t.takeBack(ctx, earned)
}

func (t *Tour) takeBack(ctx context.Context, earned rewardEvent) (string, error) {
	var cancelled rewardEvent
	if _, err := t.utility.Do(ctx, post("/v1/reward_events/TOUR-PAY-1/cancellation", object{"reason": "payment returned by the bank"}, ""), &cancelled); err != nil {
		return "", err
	}
	err := firstOf(same("state", cancelled.State, "cancelled"), same("points taken back", cancelled.Taken, earned.Points),
		same("debt", cancelled.Debt, ""), t.hasEarned(ctx, earned.Account, "0"))
	return fmt.Sprintf("%s points by %s, app × %s; cancelled, taken back", earned.Points, earned.Explanation.Rule, earned.Explanation.Factor), err
}

// hasEarned checks what a member has earned within twelve months.
func (t *Tour) hasEarned(ctx context.Context, account, want string) error {
	var tier struct{ Earned string }
	if _, err := t.utility.Do(ctx, get("/v1/members/"+account+"/tier"), &tier); err != nil {
		return err
	}
	return same("earned within twelve months", tier.Earned, want)
}
