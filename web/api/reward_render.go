package api

import (
	"github.com/pointgrid/pointgrid/rewards"
)

// some is a number as it travels, empty for zero.
func some(n int64) string {
	if n == 0 {
		return ""
	}
	return points(n)
}

func renderRewardEvent(r *rewards.Record) *RewardEvent {
	e := &RewardEvent{ID: r.ID, State: RewardEventState(r.State), Points: points(r.Points), ReceivedAt: at(r.ReceivedAt),
		CancelledAt: at(r.CancelledAt), CancelReason: r.CancelReason}
	if r.Member == "" { // cancelled, and never came
		return e
	}
	e.Account = r.Account.String()
	e.Member, e.ContractAccount, e.Kind, e.Channel, e.Segment = r.Member, r.Contract, string(r.Kind), string(r.Channel), r.Segment
	e.OccurredAt, e.Amount, e.Day, e.Tier = at(r.OccurredAt), points(r.Amount), r.Day.String(), r.Tier
	e.Filled, e.Code, e.Detail, e.Taken, e.Debt = some(r.Filled), r.Code, r.Detail, some(r.Taken), some(r.Debt)
	if r.Points > 0 {
		e.Expiry = r.Expiry.String()
	}
	if id := r.Transfer(); !id.IsZero() {
		e.TransferID = id.String()
	}
	e.Explanation = renderExplanation(&r.Explanation)
	return e
}

func renderExplanation(x *rewards.Explanation) *RewardExplanation {
	if x.Rule == "" {
		return &RewardExplanation{Nothing: x.Nothing}
	}
	out := &RewardExplanation{Rule: x.RuleID(), Step: x.Step, Fixed: points(x.Fixed), Factor: x.Factor.String(),
		Whole: points(x.Whole), Lost: x.LostText(), Cut: points(x.Cut), Nothing: x.Nothing}
	if x.Step > 0 {
		out.PerYuan = x.PerYuan.String()
	}
	if x.Cap > 0 {
		out.Cap, out.Before = points(x.Cap), points(x.Before)
	}
	return out
}
