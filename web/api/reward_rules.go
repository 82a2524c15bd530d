package api

import (
	"net/http"
	"strconv"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/problem"
)

func rewardProblem(r *rewards.Refusal) *problem.Problem {
	status := http.StatusUnprocessableEntity
	if r.Code == rewards.CodeRuleDecided {
		status = http.StatusConflict
	}
	return problem.New(status, r.Code, r.Detail)
}

func (a *API) listRewardRules(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	rules, err := a.o.Rewards.Rules(r.context())
	if err != nil {
		return reply{}, err
	}
	out := RewardRuleList{Rules: make([]RewardRule, len(rules))}
	for i := range rules {
		out.Rules[i] = *renderRewardRule(&rules[i])
	}
	return ok(&out), nil
}

func (a *API) proposeRewardRule(r *request, body RewardTerms) (reply, error) {
	terms, wrong := body.terms()
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	rule, err := a.o.Rewards.Propose(r.context(), r.party.Client, terms)
	if err != nil {
		return reply{}, err
	}
	return created("/v1/reward_rules/"+rule.ID(), renderRewardRule(rule)), nil
}

func (a *API) getRewardRule(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	return ruleReply(a.o.Rewards.Rule(r.context(), r.c.Param("rule_id")))
}

func (a *API) approveRewardRule(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	return ruleReply(a.o.Rewards.Approve(r.context(), r.party.Client, r.c.Param("rule_id")))
}

func (a *API) rejectRewardRule(r *request, body RewardCancellation) (reply, error) {
	return ruleReply(a.o.Rewards.Reject(r.context(), r.party.Client, r.c.Param("rule_id"), body.Reason))
}

func ruleReply(rule *rewards.Rule, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return ok(renderRewardRule(rule)), nil
}

func (a *API) previewRewardRule(r *request, body RewardPreviewRequest) (reply, error) {
	from, to, wrong := days(body.From, body.To, func(name string) problem.Field {
		return problem.At("/"+name, "date", "must be a date, for example 2026-03-01")
	})
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	p, err := a.o.Rewards.Preview(r.context(), r.c.Param("rule_id"), from, to)
	if err != nil {
		return reply{}, err
	}
	return ok(&RewardPreview{RuleID: p.Rule.ID(), From: p.From.String(), To: p.To.String(), Total: renderCost("all", &p.Cost),
		Channels: renderCosts(p.Channels), Segments: renderCosts(p.Segments), Days: renderCosts(p.Days)}), nil
}

// days reads two dates.
func days(first, last string, bad func(name string) problem.Field) (from, to ledger.Date, wrong []problem.Field) {
	var err error
	if from, err = ledger.ParseDate(first); err != nil {
		wrong = append(wrong, bad("from"))
	}
	if to, err = ledger.ParseDate(last); err != nil {
		wrong = append(wrong, bad("to"))
	}
	return from, to, wrong
}

func renderCosts(all []rewards.PreviewLine) []RewardCost {
	out := make([]RewardCost, len(all))
	for i := range all {
		out[i] = renderCost(all[i].Name, &all[i].Cost)
	}
	return out
}

func renderCost(name string, c *rewards.Cost) RewardCost {
	return RewardCost{Name: name, Events: c.Events, Before: points(c.Before), After: points(c.After), Gained: c.Gained, Losing: c.Losing}
}

// terms reads a body that its schema has accepted.
func (b *RewardTerms) terms() (t rewards.Terms, wrong []problem.Field) {
	t = rewards.Terms{Code: b.Code, Name: b.Name, Kind: rewards.Kind(b.Kind), Segments: b.Segments, Tiers: b.Tiers, LotMonths: b.LotMonths}
	read := rewardTermsReader{&wrong}
	t.From, t.Until = read.instant("/effective_from", b.EffectiveFrom), read.instant("/effective_until", b.EffectiveUntil)
	t.Fixed, t.DayCap = read.amount("/fixed", b.Fixed), read.amount("/day_cap", b.DayCap)
	for i, s := range b.Steps {
		at := "/steps/" + strconv.Itoa(i)
		t.Steps = append(t.Steps, rewards.Step{From: read.amount(at+"/from", s.From), PerYuan: read.ratio(at+"/per_yuan", s.PerYuan)})
	}
	for i, c := range b.Channels {
		at := "/channels/" + strconv.Itoa(i)
		if t.Channels == nil {
			t.Channels = map[rewards.Channel]rewards.Ratio{}
		}
		if _, twice := t.Channels[rewards.Channel(c.Channel)]; twice {
			wrong = append(wrong, problem.At(at+"/channel", "duplicate", "the channel is there twice"))
		}
		t.Channels[rewards.Channel(c.Channel)] = read.ratio(at+"/factor", c.Factor)
	}
	return t, wrong
}

// rewardTermsReader reads fields of a body and notes what is wrong with them.
type rewardTermsReader struct{ wrong *[]problem.Field }

func (r rewardTermsReader) note(at, code, detail string) {
	*r.wrong = append(*r.wrong, problem.At(at, code, detail))
}

// instant reads one that may be missing.
func (r rewardTermsReader) instant(at, s string) int64 {
	if s == "" {
		return 0
	}
	ms, detail := parseInstant(s)
	if detail != "" {
		r.note(at, "instant", detail)
	}
	return ms
}

// amount reads one that may be missing or zero.
func (r rewardTermsReader) amount(at, s string) int64 {
	if s == "" || s == "0" {
		return 0
	}
	n, err := ledger.ParseAmount(s)
	if err != nil {
		r.note(at, "amount", err.Error())
	}
	return n
}

func (r rewardTermsReader) ratio(at, s string) rewards.Ratio {
	n, err := rewards.ParseRatio(s)
	if err != nil {
		r.note(at, "ratio", "must have up to four digits before and after the point")
	}
	return n
}

func renderRewardRule(r *rewards.Rule) *RewardRule {
	return &RewardRule{ID: r.ID(), Version: r.Version, State: RewardRuleState(r.State), Maker: r.Maker, ProposedAt: at(r.ProposedAt),
		Checker: r.Checker, DecidedAt: at(r.DecidedAt), Reason: r.Reason, Terms: renderRewardTerms(&r.Terms)}
}
