package rewards

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// round works on some asks: it decides what each is to come to, stores the
// intentions, asks the ledger and stores what it said. It returns the asks that
// must wait for the next round.
type round struct {
	*Service
	ctx       context.Context
	today     ledger.Date
	month     ledger.Month // of the open window
	book      *Book
	records   map[string]*Record
	standings map[string]*Standing
	accounts  map[string]ledger.Account
	earned    map[earnedKey]int64

	changed []*Record
	work    []*Record // for which the ledger is asked
	asks    []*ask    // answered once the ledger was asked
	held    []*ask
	sums    Round
}

type earnedKey struct {
	member string
	day    ledger.Date
	code   string
}

func (s *Service) round(ctx context.Context, asks []*ask) []*ask {
	s.turn.Lock()
	defer s.turn.Unlock()
	now, rest := asks, []*ask(nil)
	if len(asks) > s.o.RoundMax {
		now, rest = asks[:s.o.RoundMax], asks[s.o.RoundMax:]
	}
	r := &round{Service: s, ctx: context.WithoutCancel(ctx), today: s.o.Day(s.o.Now()), book: s.book.Load(),
		records: map[string]*Record{}, standings: map[string]*Standing{}, earned: map[earnedKey]int64{}}
	began := s.o.Timer()
	now = r.each(now)
	if err := r.play(now); err != nil {
		r.fail(now, err)
	}
	r.sums.Events, r.sums.Took = len(now), s.o.Timer().Sub(began)
	s.o.Rounded(r.sums)
	return append(r.held, rest...)
}

// each leaves one ask per event; the others wait, in their order.
func (r *round) each(asks []*ask) (first []*ask) {
	seen := make(map[string]bool, len(asks))
	for _, a := range asks {
		if seen[a.id] {
			r.held = append(r.held, a)
			continue
		}
		seen[a.id] = true
		first = append(first, a)
	}
	return first
}

func (r *round) play(asks []*ask) error {
	if err := r.load(asks); err != nil {
		return err
	}
	for _, a := range asks {
		if err := r.decide(a); err != nil {
			a.answer(Outcome{Err: err})
		}
	}
	if len(r.changed) > 0 {
		if err := r.o.Store.SaveRewards(r.ctx, r.changed); err != nil {
			return fmt.Errorf("rewards: store the intentions: %w", err)
		}
	}
	if len(r.work) > 0 {
		r.perform()
	}
	for _, a := range r.asks {
		r.finish(a)
	}
	return nil
}

// fail answers all that is not answered.
func (r *round) fail(asks []*ask, err error) {
	r.unknown.Store(true)
	r.o.Logger.Error("rewards: a round failed", "events", len(asks), "error", err)
	for _, a := range asks {
		if !a.answered {
			a.answer(Outcome{Err: err})
		}
	}
}

// load reads what the asks need.
func (r *round) load(asks []*ask) error {
	alliance, err := r.o.Ledger.Alliance(r.ctx)
	if err != nil {
		return err
	}
	r.month = alliance.Window.Month()
	ids := make([]string, len(asks))
	for i, a := range asks {
		ids[i] = a.id
	}
	records, err := r.o.Store.RewardRecords(r.ctx, ids)
	if err != nil {
		return err
	}
	members := map[string]bool{}
	for _, v := range records {
		r.records[v.ID] = v
		if v.Member != "" {
			members[v.Member] = true
		}
	}
	from, to := r.today, ledger.Date(0)
	for _, a := range asks {
		if a.event != nil {
			members[a.event.Member] = true
			day := r.o.Day(time.UnixMilli(a.event.OccurredAt))
			from, to = min(from, day), max(to, day)
		}
	}
	return r.loadMembers(members, from, to)
}

func (r *round) loadMembers(members map[string]bool, from, to ledger.Date) error {
	numbers := make([]string, 0, len(members))
	for m := range members {
		numbers = append(numbers, m)
	}
	standings, err := r.o.Store.Standings(r.ctx, numbers)
	if err != nil {
		return err
	}
	for _, s := range standings {
		r.standings[s.Member] = s
	}
	if r.accounts, err = r.o.Members.Accounts(r.ctx, numbers); err != nil {
		return err
	}
	if from > to {
		return nil
	}
	earned, err := r.o.Store.RewardsEarned(r.ctx, numbers, from, to)
	for _, e := range earned {
		r.earned[earnedKey{e.Member, e.Day, e.Code}] = e.Points
	}
	return err
}

// decide does for an ask what can be done without the ledger.
func (r *round) decide(a *ask) error {
	rec := r.records[a.id]
	switch {
	case rec != nil && rec.State.Unfinished(): // of an earlier round whose outcome is not known
		if a.event != nil && !rec.tombstone() && rec.Event != *a.event {
			return ErrConflict
		}
		r.toLedger(a, rec)
		return nil
	case a.event != nil:
		return r.take(a, rec)
	case a.cancel != nil:
		return r.cancel(a, rec)
	}
	a.answer(Outcome{Record: rec}) // finished meanwhile
	return nil
}

func (r *round) toLedger(a *ask, rec *Record) {
	r.work, r.asks = append(r.work, rec), append(r.asks, a)
}

func (r *round) change(a *ask, rec *Record) {
	r.records[rec.ID] = rec
	r.changed = append(r.changed, rec)
	if rec.State.Unfinished() {
		r.toLedger(a, rec)
		return
	}
	r.asks = append(r.asks, a)
}

// take decides about an event.
func (r *round) take(a *ask, rec *Record) error {
	if rec != nil && !rec.tombstone() {
		if rec.Event != *a.event {
			return ErrConflict
		}
		a.answer(Outcome{Record: rec, Replayed: true})
		return nil
	}
	standing := r.standings[a.event.Member]
	if standing == nil {
		return refuse(CodeMemberUnknown, "member", "no such member is registered; register the member and send the event again")
	}
	account, known := r.accounts[a.event.Member]
	if !known {
		return refuse(CodeMemberUnknown, "member", "the member is being erased, and earns nothing any more")
	}
	fresh := &Record{Event: *a.event, State: Nothing, Day: r.o.Day(time.UnixMilli(a.event.OccurredAt)), Account: account,
		ReceivedAt: a.at, Command: commandOf(a.id, a.at), Tier: r.o.Ladder[r.o.Ladder.tierOf(standing)].Code}
	if rec != nil { // it was cancelled before it came, and earns nothing
		fresh.State, fresh.CancelledAt, fresh.CancelReason = Cancelled, rec.CancelledAt, rec.CancelReason
		r.change(a, fresh)
		return nil
	}
	r.price(fresh)
	r.change(a, fresh)
	return nil
}

// price gives an event its points, and counts them for those that follow.
func (r *round) price(rec *Record) {
	x := r.book.Points(&rec.Event, rec.Tier, func(code string) int64 { return r.earned[earnedKey{rec.Member, rec.Day, code}] })
	rec.Explanation, rec.Points = x, x.Points
	if x.Points == 0 {
		return
	}
	rec.State, rec.Expiry = Issuing, r.month+ledger.Month(x.rule.LotMonths)
	r.earned[earnedKey{rec.Member, rec.Day, x.Rule}] += x.Points
}

// commandOf derives the ledger's ID from an event's and the time it came.
func commandOf(id string, at int64) ledger.ID {
	var random [10]byte
	sum := sha256.Sum256([]byte("pointgrid/reward/v1\x00" + id))
	copy(random[:], sum[:])
	return ledger.NewID(time.UnixMilli(at), random).Root()
}

// cancel decides about the cancellation of an event that is not under way.
func (r *round) cancel(a *ask, rec *Record) error {
	switch {
	case rec == nil:
		r.change(a, &Record{Event: Event{ID: a.id}, State: Cancelled, ReceivedAt: a.at, CancelledAt: a.at, CancelReason: *a.cancel})
		return nil
	case rec.State == Cancelled:
		a.answer(Outcome{Record: rec, Replayed: true})
		return nil
	}
	own := *rec
	own.CancelledAt, own.CancelReason = a.at, *a.cancel
	if own.State = Cancelled; rec.State == Issued {
		own.State = Cancelling
	}
	r.change(a, &own)
	return nil
}
