package signing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// Propose puts the breaks on the ledger as they stand, and the settlement forward
// to be signed. By the utility's maker. It returns the settlement as it stands
// then, [ErrNotFound], [ErrNotPermitted], [ErrUnresolved], [ErrState] or
// [ErrDigest].
func (s *Service) Propose(ctx context.Context, maker desk.Person, id string) (*settlement.Settlement, error) {
	who, err := s.utility(maker)
	if err != nil {
		return nil, err
	}
	return s.step(ctx, maker, id, func(one *settlement.Settlement, on *ledger.Settlement) error {
		if mark, ok := on.Mark(ledger.SettlementProposed, s.o.MSP); ok && on.Step >= ledger.SettlementProposed && on.Step != ledger.SettlementDisputed {
			return taken(mark, who)
		}
		if on.Step > ledger.SettlementReconciled && on.Step != ledger.SettlementDisputed {
			return fmt.Errorf("%w: it is %s", ErrState, on.Step)
		}
		if err := s.conclude(ctx, one, on); err != nil {
			return err
		}
		return s.advance(ctx, who, on, &ledger.AdvanceSettlement{Step: ledger.SettlementProposed, Digest: Digest(one)})
	})
}

// conclude takes the breaks as they stand into our records, and checks that the
// ledger has the same.
func (s *Service) conclude(ctx context.Context, one *settlement.Settlement, on *ledger.Settlement) error {
	n, err := s.o.Desk.Blocking(ctx, one.Partner, one.Window)
	if err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("%w: %d of %s", ErrUnresolved, n, one.ID)
	}
	if one.Breaks, err = s.o.Reconciler.Conclude(ctx, one.ID); err != nil {
		return err
	}
	if *on, err = s.o.Ledger.Settlement(ctx, one.Partner, one.Window); err != nil {
		return err
	}
	return same(one, on)
}

// same holds our records against the ledger's.
func same(one *settlement.Settlement, on *ledger.Settlement) error {
	if one.Figures != on.Figures || one.Breaks != on.Breaks {
		return fmt.Errorf("%w: figures or breaks of settlement %s in our records are not those on the ledger", ErrDigest, one.ID)
	}
	return nil
}

// Sign signs for the utility, by another person than the maker, the digest that
// the person saw. It returns what [Service.Propose] does and [ErrSamePerson].
func (s *Service) Sign(ctx context.Context, checker desk.Person, id string, digest ledger.Hash) (*settlement.Settlement, error) {
	who, err := s.utility(checker)
	if err != nil {
		return nil, err
	}
	return s.step(ctx, checker, id, func(one *settlement.Settlement, on *ledger.Settlement) error {
		return s.sign(ctx, who, one, on, digest)
	})
}

// Acknowledge signs for the partner the digest that it computed. It returns
// [ErrNotFound], [ErrNotPermitted], [ErrState] or [ErrDigest], and
// [ledger.ErrNoIdentity] where only the partner itself has its key.
func (s *Service) Acknowledge(ctx context.Context, by desk.Person, id string, digest ledger.Hash) (*settlement.Settlement, error) {
	who, err := s.partner(ctx, by)
	if err != nil {
		return nil, err
	}
	return s.step(ctx, by, id, func(one *settlement.Settlement, on *ledger.Settlement) error {
		return s.sign(ctx, who, one, on, digest)
	})
}

// sign signs what the signer saw, if that is what we have and what stands there.
func (s *Service) sign(ctx context.Context, who ledger.Identity, one *settlement.Settlement, on *ledger.Settlement, digest ledger.Hash) error {
	if err := same(one, on); err != nil {
		return err
	}
	if ours := Digest(one); ours != digest {
		return fmt.Errorf("%w: settlement %s has %s, not %s; look at its figures and breaks again", ErrDigest, one.ID, ours, digest)
	}
	if mark, ok := on.Mark(ledger.SettlementSigned, who.MSP); ok {
		return taken(mark, who)
	}
	if maker, ok := on.Mark(ledger.SettlementProposed, who.MSP); ok && maker.By == who {
		return fmt.Errorf("%w: %q proposed settlement %s", ErrSamePerson, who.Subject, one.ID)
	}
	return s.advance(ctx, who, on, &ledger.AdvanceSettlement{Step: ledger.SettlementSigned, Digest: digest})
}

// Dispute refuses to sign, for the partner, with a reason of at most
// [ledger.ReasonMax] bytes, which everybody on the ledger can read. It returns what
// [Service.Acknowledge] does and [ErrInvalid].
func (s *Service) Dispute(ctx context.Context, by desk.Person, id, reason string) (*settlement.Settlement, error) {
	if strings.TrimSpace(reason) == "" || len(reason) > ledger.ReasonMax || !utf8.ValidString(reason) {
		return nil, fmt.Errorf("%w: a reason has 1 to %d bytes of UTF-8, this has %d", ErrInvalid, ledger.ReasonMax, len(reason))
	}
	who, err := s.partner(ctx, by)
	if err != nil {
		return nil, err
	}
	return s.step(ctx, by, id, func(_ *settlement.Settlement, on *ledger.Settlement) error {
		if mark, ok := on.Mark(ledger.SettlementDisputed, who.MSP); ok && on.Step == ledger.SettlementDisputed {
			return taken(mark, who)
		}
		return s.advance(ctx, who, on, &ledger.AdvanceSettlement{Step: ledger.SettlementDisputed, Text: reason})
	})
}

// taken answers a step that stands there: the same to who took it.
func taken(mark ledger.SettlementMark, who ledger.Identity) error {
	if mark.By == who {
		return nil
	}
	return fmt.Errorf("%w: %q took the step %s already", ErrState, mark.By.Subject, mark.Step)
}

// utility is a person of the utility on the ledger.
func (s *Service) utility(p desk.Person) (ledger.Identity, error) {
	if p.Company != "" || p.ID == "" {
		return ledger.Identity{}, fmt.Errorf("%w: by a person of the utility", ErrNotPermitted)
	}
	return ledger.Identity{MSP: s.o.MSP, Subject: p.ID}, nil
}

// partner is a person of a partner on the ledger.
func (s *Service) partner(ctx context.Context, p desk.Person) (ledger.Identity, error) {
	if p.Company == "" || p.ID == "" {
		return ledger.Identity{}, fmt.Errorf("%w: by a person of the partner", ErrNotPermitted)
	}
	all, err := s.o.Ledger.Partners(ctx)
	if err != nil {
		return ledger.Identity{}, err
	}
	for _, one := range all {
		if one.Code == p.Company {
			return ledger.Identity{MSP: one.MSP, Subject: p.ID}, nil
		}
	}
	return ledger.Identity{}, ErrNotFound
}

// step looks at the settlement, takes a step, and stores where it stands then.
func (s *Service) step(ctx context.Context, by desk.Person, id string, take func(*settlement.Settlement, *ledger.Settlement) error) (*settlement.Settlement, error) {
	one, err := s.Settlement(ctx, by, id)
	if err != nil {
		return nil, err
	}
	defer s.turn(one.Partner)()
	on, err := s.o.Ledger.Settlement(ctx, one.Partner, one.Window)
	if errors.Is(err, ledger.ErrNotFound) {
		err = fmt.Errorf("%w: settlement %s is not netted on the ledger yet", ErrState, id)
	}
	if err != nil {
		return nil, err
	}
	if one, err = s.bring(ctx, one, &on); err != nil { // what was interrupted, or done elsewhere
		return nil, err
	}
	if err := take(one, &on); err != nil {
		return nil, err
	}
	return s.arrive(ctx, one)
}

// advance gives the ledger a step of the settlement that stands there.
func (s *Service) advance(ctx context.Context, who ledger.Identity, on *ledger.Settlement, c *ledger.AdvanceSettlement) error {
	c.Partner, c.Window = on.Partner, on.Window
	return settlement.Advance(ctx, s.o.Ledger, who, on, c)
}
