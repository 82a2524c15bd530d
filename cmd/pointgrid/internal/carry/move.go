package carry

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// Move is a ledger on its way.
type Move struct {
	From *embedded.Ledger // at rest, its last checkpoint taken
	To   *fabric.Ledger
	// Profile is that of the network, Utility the company that runs the ledger.
	Profile *profile.Profile
	Utility ledger.Identity
	// Progress is told how many blocks and transfers are over, of how many blocks;
	// nil tells nobody.
	Progress func(Progress)
	// BytesMax and CommandsMax bound what one transaction carries; 0 is a good
	// value.
	BytesMax, CommandsMax int

	transfers uint64 // carried over so far
}

// Progress is how far a move has come.
type Progress struct{ Blocks, Transfers, Of uint64 }

// Bounds of one transaction: large ones cost fewer signatures and blocks, and
// each must be executed by every company while the others wait.
const (
	bytesMax    = 4 << 20
	commandsMax = 16_384
	blocksMax   = 8_192
)

// Errors of a move.
var (
	// ErrForeign: the network has a ledger that did not come from this one.
	ErrForeign = errors.New("carry: the network has another ledger")
	// ErrCompany: a company of the ledger is not in the network.
	ErrCompany = errors.New("carry: a company of the ledger is not in the network")
)

// Blocks carries every block over that the network does not have yet. It returns
// the history on the network, which then is the whole ledger.
func (m *Move) Blocks(ctx context.Context) (ledger.History, error) {
	height, err := m.From.Height(ctx)
	if err != nil {
		return ledger.History{}, err
	}
	if err := m.fits(ctx, height); err != nil {
		return ledger.History{}, err
	}
	for failures := 0; ; {
		h, err := m.reached(ctx, height)
		if err != nil || h.Blocks == height {
			return h, err
		}
		err = m.stretch(ctx, h.Blocks, height)
		now, err2 := m.reached(ctx, height)
		if err2 != nil {
			return now, errors.Join(err, err2)
		}
		// An attempt that did not get on may have been in the way of a peer that lags
		// or an orderer that changes; after some there is another reason.
		if failures++; now.Blocks > h.Blocks {
			failures = 0
		}
		if err != nil && (failures > 0 && !passing(err) || failures >= failuresMax) {
			return now, err
		}
	}
}

// failuresMax is how often nothing gets on before the move is given up; each has
// been tried for some time already.
const failuresMax = 4

func passing(err error) bool {
	return errors.Is(err, ledger.ErrBusy) || errors.Is(err, ledger.ErrOutcomeUnknown)
}

// fits checks that what is carried over will find its companies.
func (m *Move) fits(ctx context.Context, height uint64) error {
	if height == 0 {
		return errors.New("carry: the embedded ledger is empty; there is nothing to carry over")
	}
	a, err := m.From.Alliance(ctx)
	if err != nil {
		return err
	}
	if a.MSP != m.Utility.MSP {
		return fmt.Errorf("carry: the ledger is %s's, and this is %s", a.MSP, m.Utility.MSP)
	}
	partners, err := m.From.Partners(ctx)
	if err != nil {
		return err
	}
	for _, p := range partners {
		if !slices.ContainsFunc(m.Profile.Companies, func(c profile.Company) bool { return c.MSP == p.MSP }) {
			return fmt.Errorf("%w: partner %s is %s, of which the profile has no peer; admit it first", ErrCompany, p.Code, p.MSP)
		}
	}
	return nil
}

// reached returns how far the history on the network has come, and checks that it
// is this ledger's.
func (m *Move) reached(ctx context.Context, height uint64) (ledger.History, error) {
	h, err := m.To.History(ctx)
	if errors.Is(err, ledger.ErrNotFound) {
		return ledger.History{}, m.unused(ctx)
	}
	if err != nil {
		return h, err
	}
	if h.Blocks > height {
		return h, fmt.Errorf("%w: it has %d blocks of a history, and this one has %d", ErrForeign, h.Blocks, height)
	}
	found := errors.New("found")
	err = m.From.Blocks(ctx, h.Blocks-1, func(b embedded.Block) error {
		if b.Hash != h.Hash {
			return fmt.Errorf("%w: block %d there has the hash %s, here %s", ErrForeign, b.Number, h.Hash, b.Hash)
		}
		return found
	})
	if errors.Is(err, found) {
		err = nil
	}
	return h, err
}

// unused checks that nobody has begun a ledger on the network.
func (m *Move) unused(ctx context.Context) error {
	a, err := m.To.Alliance(ctx)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("%w: one of %s that began there; a ledger is carried over to a fresh network", ErrForeign, a.MSP)
	}
	return err
}

// stretch carries blocks over, from one on, until one transaction fails.
func (m *Move) stretch(ctx context.Context, from, height uint64) error {
	p := pack{bytesMax: m.BytesMax, commandsMax: m.CommandsMax, next: from, height: height}
	err := m.From.Blocks(ctx, from, func(b embedded.Block) error {
		if p.add(&b) {
			return nil
		}
		if err := m.give(ctx, &p); err != nil {
			return err
		}
		p.add(&b)
		return nil
	})
	if err == nil {
		err = m.give(ctx, &p)
	}
	return err
}

// give carries a pack over.
func (m *Move) give(ctx context.Context, p *pack) error {
	if len(p.blocks) == 0 {
		return nil
	}
	r, err := m.To.Carry(ctx, m.Utility, p.blocks)
	if err != nil {
		return fmt.Errorf("carry: blocks from %d on: %w", p.next, err)
	}
	if r.Code != ledger.CodeOK {
		return &Refusal{Block: p.next, Code: r.Code, Message: r.Message}
	}
	m.transfers += p.transfers
	p.empty()
	if m.Progress != nil {
		m.Progress(Progress{Blocks: p.next, Transfers: m.transfers, Of: p.height})
	}
	return nil
}

// Refusal says that the contract did not take blocks, from one on.
type Refusal struct {
	Block   uint64
	Code    ledger.Code
	Message string
}

// Error is what the ledger said, with its code.
func (r *Refusal) Error() string {
	return fmt.Sprintf("carry: the network refused block %d or one soon after it: %s (%s)", r.Block, r.Message, r.Code)
}
