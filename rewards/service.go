package rewards

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
)

// Service takes events and gives points. It may be used by many goroutines; there
// is one for a store.
type Service struct {
	o    Options
	book atomic.Pointer[Book]

	// turn is held by whoever reads standings to change them.
	turn sync.Mutex
	// deciding is held by whoever changes rules.
	deciding sync.Mutex

	queue   chan *call
	waiting atomic.Int64 // asks in the queue
	unknown atomic.Bool  // some outcome is to be asked for again
	stop    context.CancelFunc
	done    chan struct{}
}

// New returns a service with the rules of its store. [Service.Start] must follow.
func New(ctx context.Context, o Options) (*Service, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	s := &Service{o: o, queue: make(chan *call, o.QueueMax), done: make(chan struct{})}
	return s, s.readRules(ctx)
}

// Start finishes what was interrupted, as far as the ledger answers, and begins to
// take events, by the rules as they are in the store by then.
func (s *Service) Start(ctx context.Context) error {
	if err := s.readRules(ctx); err != nil {
		return err
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.resume(ctx); err != nil {
		s.stop()
		s.stop = nil
		return fmt.Errorf("rewards: resume: %w", err)
	}
	go s.run(ctx)
	return nil
}

// Close finishes the round under way and stops. What still waits is refused.
func (s *Service) Close() {
	if s.stop != nil {
		s.stop()
		<-s.done
	}
}

// Outcome is the answer about one event.
type Outcome struct {
	Record   *Record
	Replayed bool // the same was asked before
	// Err is a [*Refusal], [ErrConflict], [ErrPending] with the record, [ErrNotFound],
	// or a failure of ours.
	Err error
}

// Take takes events in the order given and answers each by itself.
func (s *Service) Take(ctx context.Context, events []Event) []Outcome {
	now := s.o.Now()
	asks := make([]ask, len(events))
	for i := range events {
		asks[i] = ask{id: events[i].ID, event: &events[i], at: now.UnixMilli()}
		if err := events[i].check(now, s.o.Channels); err != nil {
			asks[i].outcome, asks[i].answered = Outcome{Err: err}, true
		}
	}
	return s.put(ctx, asks)
}

// reasonMax bounds the reason of a cancellation, which is kept and not given to
// the ledger.
const reasonMax = 200

// Cancel takes an event's points back, or, if it has not come yet, sees to it that
// it earns nothing when it does.
func (s *Service) Cancel(ctx context.Context, id, reason string) Outcome {
	if !ValidEventID(id) {
		return Outcome{Err: refuse(CodeInvalid, "id", "the ID must be 1 to %d of A-Z, a-z, 0-9 and . _ : -", eventIDMax)}
	}
	if len(reason) > reasonMax {
		return Outcome{Err: refuse(CodeInvalid, "reason", "the reason has %d bytes, at most %d", len(reason), reasonMax)}
	}
	return s.put(ctx, []ask{{id: id, cancel: &reason, at: s.o.Now().UnixMilli()}})[0]
}

// Record returns an event and what became of it, or [ErrNotFound].
func (s *Service) Record(ctx context.Context, id string) (*Record, error) {
	found, err := s.o.Store.RewardRecords(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, ErrNotFound
	}
	return found[0], nil
}

// Receipt returns the proof that an event's points were issued, provisional until a
// checkpoint covers it. It returns [ErrNotFound] also while, or because, nothing
// was issued for it. Points that were taken back keep the proof of their issue.
func (s *Service) Receipt(ctx context.Context, id string) (ledger.Receipt, error) {
	r, err := s.Record(ctx, id)
	if err != nil {
		return ledger.Receipt{}, err
	}
	transfer := r.Transfer()
	if transfer.IsZero() {
		return ledger.Receipt{}, ErrNotFound
	}
	receipt, err := s.o.Ledger.Receipt(ctx, transfer)
	if errors.Is(err, ledger.ErrNotFound) {
		return receipt, ErrNotFound
	}
	return receipt, err
}

// History returns a member's events; see [Store.RewardHistory].
func (s *Service) History(ctx context.Context, member string, before *Place, limit int) ([]*Record, error) {
	return s.o.Store.RewardHistory(ctx, member, before, limit)
}

// Totals returns what was earned within so many days, what Options.Besides has of them
// last of each day; see [Store.RewardTotals].
func (s *Service) Totals(ctx context.Context, from, to ledger.Date) ([]Totals, error) {
	if to < from || to-from >= previewDaysMax {
		return nil, refuse(CodeInvalid, "to", "totals cover 1 to %d days", previewDaysMax)
	}
	all, err := s.o.Store.RewardTotals(ctx, from, to)
	if err != nil || s.o.Besides == nil {
		return all, err
	}
	more, err := s.o.Besides(ctx, from, to)
	all = append(all, more...)
	slices.SortStableFunc(all, func(a, b Totals) int { return cmp.Compare(a.Day, b.Day) })
	return all, err
}

// Register takes members in who are not there yet, and returns all of them.
func (s *Service) Register(ctx context.Context, numbers []string) ([]members.Member, error) {
	for i, n := range numbers {
		if !ValidMember(n) || members.Erased(n) {
			return nil, refuse(CodeInvalid, "member", "number %d must be 1 to 32 of A-Z, a-z, 0-9 and . _ -", i+1)
		}
	}
	all, err := s.o.Members.Register(ctx, numbers)
	if errors.Is(err, members.ErrErasing) {
		return nil, refuse(CodeMemberUnknown, "member", "one of the members is being erased; register them again once that is done")
	}
	if err != nil {
		return nil, err
	}
	today := s.o.Day(s.o.Now())
	return all, s.o.Store.AddStandings(ctx, numbers, Standing{Tier: s.o.Ladder[0].Code, Since: today, AsOf: today})
}

// MemberOf returns the member who has an account, or [ErrNotFound].
func (s *Service) MemberOf(ctx context.Context, account ledger.Account) (string, error) {
	number, err := s.o.Members.Number(ctx, account)
	if errors.Is(err, members.ErrNotFound) {
		return "", ErrNotFound
	}
	return number, err
}

// Way returns a member's tier and the way to the next, or [ErrNotFound].
func (s *Service) Way(ctx context.Context, member string) (Way, error) {
	found, err := s.o.Store.Standings(ctx, []string{member})
	if err != nil {
		return Way{}, err
	}
	if len(found) == 0 {
		return Way{}, ErrNotFound
	}
	return s.o.Ladder.Way(*found[0], s.o.GraceDays), nil
}

// Privileges returns those of a member; somebody who is not registered has those
// of the lowest tier.
func (s *Service) Privileges(ctx context.Context, member string) (Privileges, error) {
	found, err := s.o.Store.Standings(ctx, []string{member})
	if err != nil || len(found) == 0 {
		return s.o.Ladder[0].Privileges, err
	}
	return s.o.Ladder[s.o.Ladder.tierOf(found[0])].Privileges, nil
}

// Ladder returns the tiers, lowest first.
func (s *Service) Ladder() Ladder { return s.o.Ladder }

// Channels returns the channels there are.
func (s *Service) Channels() []Channel { return s.o.Channels }

// twelveMonths returns the first of the days that count for a tier at a day.
func twelveMonths(today ledger.Date) ledger.Date {
	return ledger.DateOf(today.In(time.UTC).AddDate(-1, 0, 1))
}
