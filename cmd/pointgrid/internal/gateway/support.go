package gateway

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/support"
)

// supportEvery is how often interrupted resolutions and acts are brought on.
const supportEvery = 2 * time.Second

// buildSupport makes the service with which staff help members.
func (g *Gateway) buildSupport(context.Context) error {
	holidays, err := g.config.Holidays()
	if err != nil {
		return err
	}
	c := &g.config.Support
	g.Support, err = support.New(support.Options{Ledger: g.traces.ledger(g.Ledger), Identity: ledger.Identity{MSP: g.config.Alliance.MSP, Subject: subject}, Store: g.Store,
		Members: roll{g.Members}, Subjects: &subjects{g}, Reviews: &reviews{g}, Limits: support.Limits{Case: c.GoodwillLimit, Day: c.GoodwillDay, Remedy: c.RemedyLimit},
		Within: c.DisputeWithin, LotMonths: c.LotMonths, Day: g.calendar.Date, Due: dueIn(c.DueDays, holidays.Business), Now: g.Clock.Now, Random: g.around.Random, Logger: g.around.Logger})
	return err
}

func (g *Gateway) runSupport(ctx context.Context) {
	if err := g.Support.Follow(ctx); err != nil && ctx.Err() == nil {
		g.around.Logger.Error("what support has under way does not go on, and will be tried again", "error", err)
	}
}

// dueIn returns the business day that is so many after another. Years whose holidays
// are not known have weekends.
func dueIn(days int, business func(ledger.Date) (bool, error)) func(ledger.Date) ledger.Date {
	return func(d ledger.Date) ledger.Date {
		for left := days; left > 0; {
			d++
			open, err := business(d)
			if err != nil {
				weekday := d.In(time.UTC).Weekday()
				open = weekday != time.Saturday && weekday != time.Sunday
			}
			if open {
				left--
			}
		}
		return d
	}
}

// roll tells support who has which account.
type roll struct{ *members.Registry }

// AccountOf implements [support.Members].
func (r roll) AccountOf(ctx context.Context, member string) (ledger.Account, error) {
	known, err := r.Accounts(ctx, []string{member})
	if account, ok := known[member]; ok || err != nil {
		return account, err
	}
	return ledger.Account{}, support.ErrNotFound
}

// subjects lets support see and remedy conversions and orders, as a client of the
// utility with the resolution's ID as its key.
type subjects struct{ g *Gateway }

var helpdesk = exchange.Party{Client: "support"}

// remedyWait is how long one call waits for a remedy to end; support asks again.
const remedyWait = 3 * time.Second

// Subject implements [support.Subjects].
func (s *subjects) Subject(ctx context.Context, kind support.SubjectKind, id ledger.ID) (*support.Subject, error) {
	subject, err := s.find(ctx, kind, id)
	if notThere(err) {
		err = support.ErrNotFound
	}
	return subject, err
}

func (s *subjects) find(ctx context.Context, kind support.SubjectKind, id ledger.ID) (*support.Subject, error) {
	if kind == support.Order {
		o, err := s.g.Mall.Order(ctx, id)
		if err != nil {
			return nil, err
		}
		points, _ := o.Total()
		return &support.Subject{Kind: kind, ID: id, Member: o.Member, At: o.CreatedAt, Points: points, Of: o.Quantity}, nil
	}
	c, err := s.g.Exchange.Conversion(ctx, helpdesk, id)
	if err != nil {
		return nil, err
	}
	return &support.Subject{Kind: kind, ID: id, Member: c.Member, At: c.CreatedAt, Points: hubPoints(c), Of: c.From}, nil
}

// hubPoints is what a conversion moves in electricity points.
func hubPoints(c *exchange.Conversion) int64 {
	if c.In != nil {
		return c.In.To
	}
	return c.Out.From
}

// Remedy implements [support.Subjects].
func (s *subjects) Remedy(ctx context.Context, r support.Remedy) (support.Answer, error) {
	switch r.Kind {
	case support.Reverse:
		return s.reverse(ctx, r)
	case support.Cancel:
		return s.cancel(ctx, r)
	case support.Return:
		back, _, err := s.g.Mall.GiveBack(ctx, mall.ReturnRequest{Idempotency: mall.Idempotency{Key: r.Key.String(), Hash: sha256.Sum256(r.Key[:])}, Client: helpdesk.Client,
			Order: r.Subject, Quantity: r.Amount, Reason: r.Reason}, remedyWait)
		if err != nil {
			return declined(err)
		}
		if !back.Completed {
			return support.Answer{Done: support.RemedyPending}, nil
		}
		return support.Answer{Done: support.RemedyDone, Reference: back.ID.String()}, nil
	}
	return support.Answer{Done: support.RemedyDeclined, Code: support.CodeInvalid}, nil
}

func (s *subjects) reverse(ctx context.Context, r support.Remedy) (support.Answer, error) {
	back, _, err := s.g.Exchange.Reverse(ctx, helpdesk, exchange.ReverseRequest{Conversion: r.Subject, Amount: r.Amount, Reason: r.Reason,
		Idempotency: exchange.Idempotency{Key: r.Key.String(), Hash: sha256.Sum256(r.Key[:])}}, remedyWait)
	switch {
	case errors.Is(err, exchange.ErrStillRunning), errors.Is(err, exchange.ErrReversalUnderWay):
		return support.Answer{Done: support.RemedyPending}, nil
	case err != nil:
		return declined(err)
	case back.Step != exchange.StepDone:
		return support.Answer{Done: support.RemedyPending}, nil
	case back.Status == exchange.Completed:
		return support.Answer{Done: support.RemedyDone, Reference: back.ID.String()}, nil
	}
	answer := support.Answer{Done: support.RemedyDeclined}
	if back.Failure != nil {
		answer.Code, answer.Detail = back.Failure.Code, back.Failure.Detail
	}
	return answer, nil
}

func (s *subjects) cancel(ctx context.Context, r support.Remedy) (support.Answer, error) {
	o, err := s.g.Mall.Cancel(ctx, r.Subject)
	switch {
	case err != nil:
		return declined(err)
	case o.Status == mall.Cancelled:
		return support.Answer{Done: support.RemedyDone, Reference: o.ID.String()}, nil
	}
	return support.Answer{Done: support.RemedyPending}, nil
}

// declined is the answer to a request that was refused; other errors are unknown
// outcomes.
func declined(err error) (support.Answer, error) {
	var byExchange *exchange.Refusal
	var byMall *mall.Refusal
	switch {
	case errors.As(err, &byExchange):
		return support.Answer{Done: support.RemedyDeclined, Code: byExchange.Code, Detail: byExchange.Detail}, nil
	case errors.As(err, &byMall):
		return support.Answer{Done: support.RemedyDeclined, Code: byMall.Code, Detail: byMall.Detail}, nil
	}
	return support.Answer{}, err
}

// reviews are the conversions that the exchange holds.
type reviews struct{ g *Gateway }

// Held implements [support.Reviews].
func (r *reviews) Held(ctx context.Context, id ledger.ID) (*support.Held, error) {
	c, err := r.g.Exchange.Conversion(ctx, helpdesk, id)
	if notThere(err) || err == nil && c.Step != exchange.StepReview {
		return nil, support.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	rule, until := c.Review()
	return &support.Held{ID: c.ID, Member: c.Member, Account: c.Account, Rule: rule, Until: until}, nil
}

// Decide implements [support.Reviews].
func (r *reviews) Decide(ctx context.Context, id ledger.ID, release bool) error {
	decide := r.g.Exchange.Refuse
	if release {
		decide = r.g.Exchange.Release
	}
	_, err := decide(ctx, id)
	return err
}

// screening holds conversions by the configured rules; nil, which costs nothing, when
// there are none.
func (g *Gateway) screening(ctx context.Context) (exchange.Screening, error) {
	rules := g.config.Support.Rules.Rules()
	if !rules.Any() {
		return nil, nil
	}
	s := screen{support.NewScreen(rules, g.Store)}
	return s, s.remember(ctx, g, max(rules.Velocity.Within, rules.Ring))
}

// screen shows the rules conversions as they know them.
type screen struct{ rules *support.Screen }

// Screen implements [exchange.Screening].
func (s screen) Screen(ctx context.Context, c *exchange.Conversion) (string, error) {
	return s.rules.Screen(ctx, candidate(c))
}

// Drop implements [exchange.Screening].
func (s screen) Drop(c *exchange.Conversion) { s.rules.Drop(candidate(c)) }

func candidate(c *exchange.Conversion) support.Candidate {
	out := support.Candidate{ID: c.ID, Member: c.Member, Account: c.Account, At: c.CreatedAt, Points: hubPoints(c)}
	if c.In != nil {
		out.In = c.In.Partner
	}
	if c.Out != nil {
		out.Out = c.Out.Partner
	}
	return out
}

// rememberMax bounds the conversions that are read again at the start.
const rememberMax = 20_000

// remember tells the rules what an earlier process has seen.
func (s screen) remember(ctx context.Context, g *Gateway, within time.Duration) error {
	if within == 0 {
		return nil
	}
	f := exchange.Filter{CreatedFrom: max(g.Clock.Now().Add(-within).UnixMilli(), 1), Limit: 200}
	var all []*exchange.Conversion
	for len(all) < rememberMax {
		page, err := g.Store.Conversions(ctx, f)
		if err != nil {
			return err
		}
		if all = append(all, page...); len(page) < f.Limit {
			break
		}
		f.Before = page[len(page)-1].ID
	}
	slices.Reverse(all)
	for _, c := range all {
		s.rules.Note(candidate(c))
	}
	return nil
}

// notThere reports whether an error says that something is not there.
func notThere(err error) bool {
	return errors.Is(err, exchange.ErrNotFound) || errors.Is(err, mall.ErrNotFound)
}
