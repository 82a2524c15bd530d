package settlement

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// net completes a settlement's figures and puts them on the ledger, where they
// stand for ever. If they stand there already they must be the same.
func (n *Night) net(ctx context.Context, b *books, s *Settlement) error {
	standing, err := n.ledger.Settlement(ctx, s.Partner, s.Window)
	stands := err == nil
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	brought := standing.Figures.Brought
	if !stands {
		due, err := n.ledger.Due(ctx, s.Partner)
		if err != nil {
			return err
		}
		brought = due.Brought
	}
	if err := n.figure(ctx, b, s, brought); err != nil {
		return err
	}
	if !stands {
		step := &ledger.AdvanceSettlement{Partner: s.Partner, Window: s.Window, Step: ledger.SettlementNetted, Figures: &s.Figures}
		if err := n.advance(ctx, step); err != nil {
			return err
		}
		if standing, err = n.ledger.Settlement(ctx, s.Partner, s.Window); err != nil {
			return err
		}
	}
	return takeOver(s, &standing)
}

// takeOver follows the ledger, and refuses figures that are not those on it: a
// change of policy cannot change what was netted.
func takeOver(s *Settlement, standing *ledger.Settlement) error {
	if f := standing.Figures; f.Root != s.Figures.Root || f.Net != s.Figures.Net || f.Lines != s.Figures.Lines {
		return fmt.Errorf("%w: settlement %s comes to %+v, the ledger has %+v", ErrMismatch, s.ID, s.Figures, f)
	}
	s.Follow(standing)
	return nil
}

// figure nets the partner and rounds once.
func (n *Night) figure(ctx context.Context, b *books, s *Settlement, brought int64) error {
	carried, err := n.carried(ctx, s, brought)
	if err != nil {
		return err
	}
	outcome, err := netting.Net(b.tally, n.policies, carried)
	if err != nil {
		return err
	}
	f := &s.Figures
	f.Brought = brought
	for _, l := range outcome.Lines {
		if l.Partner != s.Partner {
			continue
		}
		s.Channels = append(s.Channels, l)
		f.Pay += max(l.Payable, 0)
		f.Receive += max(-l.Payable, 0)
		f.Carried += l.Closing
	}
	if !f.Balanced() {
		return fmt.Errorf("%w: settlement %s does not balance: %+v", ErrMismatch, s.ID, *f)
	}
	return nil
}

// carried says in which channels the partner's last settlement carried what the
// ledger brings forward. If that is not known it is one sum.
func (n *Night) carried(ctx context.Context, s *Settlement, brought int64) ([]netting.Carry, error) {
	if brought == 0 {
		return nil, nil
	}
	before, err := n.store.Settlements(ctx, s.Partner, s.ID, 1)
	if err != nil {
		return nil, err
	}
	var all []netting.Carry
	sum := int64(0)
	if len(before) == 1 {
		for _, l := range before[0].Channels {
			if l.Closing != 0 {
				all = append(all, netting.Carry{Partner: s.Partner, Channel: l.Channel, Value: l.Closing})
				sum += l.Closing
			}
		}
	}
	if sum != brought {
		return []netting.Carry{{Partner: s.Partner, Channel: netting.Bilateral, Value: brought}}, nil
	}
	return all, nil
}

// advance gives the ledger a step. Giving it again is giving it once.
func (n *Night) advance(ctx context.Context, c *ledger.AdvanceSettlement) error {
	results, err := n.ledger.Submit(ctx, n.identity, ledger.Command{ID: stepID(c), Body: c})
	if err != nil {
		return err
	}
	if r := results[0]; r.Code != ledger.CodeOK {
		return fmt.Errorf("%s: %s", r.Code, r.Message)
	}
	return nil
}

// stepID is the same for every attempt at a step with the same content.
func stepID(c *ledger.AdvanceSettlement) ledger.ID {
	d := ledger.Command{Body: c}.Digest()
	sum := sha256.Sum256(append([]byte("pointgrid/advance-settlement/"), d[:]...))
	return ledger.NewID(time.Unix(int64(c.Window)*86400, 0), [10]byte(sum[:10]))
}
