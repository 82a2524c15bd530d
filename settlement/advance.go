package settlement

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Errors of the steps that people take. A [*Refusal] is the one that its code
// stands for.
var (
	// ErrState: the step does not follow the one at which it stands, or somebody else
	// has taken it.
	ErrState = errors.New("settlement: not possible in this state")
	// ErrSamePerson: the checker is the maker.
	ErrSamePerson = errors.New("settlement: maker and checker are the same person")
	// ErrDigest: the digest is not that of our records, or these are not what stands
	// on the ledger.
	ErrDigest = errors.New("settlement: the digest is another")
	// ErrNotPermitted: not for this company.
	ErrNotPermitted = errors.New("settlement: not permitted")
	// ErrInvalid: something is missing, too long or malformed.
	ErrInvalid = errors.New("settlement: invalid")
)

// Refusal is a code of the ledger and what it said. Nothing was done.
type Refusal struct {
	Code    ledger.Code
	Message string
}

// Error is what the ledger said, with its code.
func (r *Refusal) Error() string {
	return fmt.Sprintf("settlement: the ledger refused: %s (%s)", r.Message, r.Code)
}

// refusals are the ledger's codes that have an error here.
var refusals = map[ledger.Code]error{
	ledger.CodeSettlementStep: ErrState, ledger.CodeSameIdentity: ErrSamePerson, ledger.CodeSettlementDigest: ErrDigest,
	ledger.CodeNotPermitted: ErrNotPermitted, ledger.CodeInvalid: ErrInvalid,
}

// Is lets a refusal be the error that its code stands for.
func (r *Refusal) Is(target error) bool {
	err, known := refusals[r.Code]
	return known && err == target
}

// Submitter gives commands to the ledger.
type Submitter interface {
	Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error)
}

// Advance gives the ledger a step of a settlement that stands as given. The ID of
// the command follows from where it stands, so that however often it is given from
// there it is taken once, and the same step after a dispute is another command. It
// returns a [*Refusal], or the ledger's error.
func Advance(ctx context.Context, l Submitter, who ledger.Identity, on *ledger.Settlement, c *ledger.AdvanceSettlement) error {
	results, err := l.Submit(ctx, who, ledger.Command{ID: stepAfter(who, on, c), Body: c})
	if err != nil {
		return fmt.Errorf("settlement: %s.%s, %s: %w", c.Window, c.Partner, c.Step, err)
	}
	if r := results[0]; r.Code != ledger.CodeOK {
		return &Refusal{Code: r.Code, Message: r.Message}
	}
	return nil
}

// stepAfter is the ID of a step from where a settlement stands.
func stepAfter(who ledger.Identity, on *ledger.Settlement, c *ledger.AdvanceSettlement) ledger.ID {
	e := wire.NewEncoder([]byte("pointgrid/settlement-step/v1\x00"))
	d := ledger.Command{Body: c}.Digest()
	e.Raw(d[:])
	who.Append(e)
	e.Byte(byte(on.Step))
	for i := range on.Marks {
		m := &on.Marks[i]
		e.Byte(byte(m.Step))
		m.By.Append(e)
		e.Int(m.At)
		e.String(m.Text)
	}
	sum := sha256.Sum256(e.Bytes())
	return ledger.NewID(time.Unix(int64(c.Window)*86400, 0), [10]byte(sum[:10]))
}

// order is that of the steps; a dispute leads back.
var order = map[ledger.SettlementStep]int{ledger.SettlementNetted: 1, ledger.SettlementReconciled: 2, ledger.SettlementProposed: 3,
	ledger.SettlementDisputed: 4, ledger.SettlementSigned: 5, ledger.SettlementPaid: 6, ledger.SettlementSettled: 7}

// Since returns the settlement in each state that it passed on the ledger since it
// was stored, the last being that in which it stands; none when nothing changed.
// Figures that are not ours are refused with [ErrDigest]: they stand for ever.
func (s *Settlement) Since(on *ledger.Settlement, now time.Time) ([]Settlement, error) {
	if s.Figures != on.Figures {
		return nil, fmt.Errorf("%w: the figures of settlement %s in our records are not those on the ledger", ErrDigest, s.ID)
	}
	last := *s
	last.Follow(on)
	last.UpdatedAt = now.UnixMilli()
	if last.State == s.State && last.Breaks == s.Breaks && slices.Equal(last.Marks, s.Marks) {
		return nil, nil
	}
	from := s.place()
	if s.State == Disputed { // all is done again
		from = order[ledger.SettlementNetted]
	}
	var passed []Settlement
	for i := range on.Marks {
		step := on.Marks[i].Step
		if order[step] <= from || order[step] >= order[on.Step] || step == ledger.SettlementDisputed {
			continue
		}
		if n := len(passed); n > 0 && passed[n-1].State == State(step.String()) { // the other company's signature
			continue
		}
		between := last
		between.State = State(step.String())
		passed = append(passed, between)
	}
	return append(passed, last), nil
}

func (s *Settlement) place() int {
	for step, n := range order {
		if State(step.String()) == s.State {
			return n
		}
	}
	return 0
}
