package agreements

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Company gives commands about agreements as one company.
type Company struct {
	Ledger ledger.Ledger
	// Identity is the company's. On Fabric an empty subject is that of the
	// certificate with whose key the command is signed.
	Identity ledger.Identity
	Now      func() time.Time
	Random   io.Reader
	// Patience is how long a command is given again to a ledger that is busy: one
	// just opened has not heard of the other companies' peers yet.
	Patience time.Duration
}

// Refusal is a code of the ledger and what it said. Nothing was done.
type Refusal struct {
	Code    ledger.Code
	Message string
}

// Error is what the ledger said, with its code.
func (r *Refusal) Error() string {
	return fmt.Sprintf("the ledger refused: %s (%s)", r.Message, r.Code)
}

// Propose offers terms to the other company and returns the agreement as the
// ledger has it. It returns a [*Refusal], [ledger.ErrBusy] when nothing was
// done, and [ledger.ErrOutcomeUnknown].
func (c *Company) Propose(ctx context.Context, terms ledger.Terms) (*ledger.Agreement, error) {
	id, err := c.give(ctx, &ledger.ProposeAgreement{Terms: terms})
	if err != nil {
		return nil, err
	}
	return c.Find(ctx, id)
}

// Accept signs a proposed agreement by the hash of its terms, as the company
// computed it. It returns what [Company.Propose] does.
func (c *Company) Accept(ctx context.Context, id ledger.ID, hash ledger.Hash) (*ledger.Agreement, error) {
	if _, err := c.give(ctx, &ledger.AcceptAgreement{Agreement: id, Hash: hash}); err != nil {
		return nil, err
	}
	return c.Find(ctx, id)
}

// Reject refuses, or withdraws, a proposed agreement. It returns what
// [Company.Propose] does.
func (c *Company) Reject(ctx context.Context, id ledger.ID, reason string) (*ledger.Agreement, error) {
	if _, err := c.give(ctx, &ledger.RejectAgreement{Agreement: id, Reason: reason}); err != nil {
		return nil, err
	}
	return c.Find(ctx, id)
}

// Find returns an agreement, or [ledger.ErrNotFound].
func (c *Company) Find(ctx context.Context, id ledger.ID) (*ledger.Agreement, error) {
	all, err := c.Ledger.Agreements(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	return nil, fmt.Errorf("%w: no agreement %s was proposed; the list shows those that were", ledger.ErrNotFound, id)
}

// Give gives a command that is not about an agreement, such as the signature of a
// settlement, as the company. It returns what [Company.Propose] does.
func (c *Company) Give(ctx context.Context, body ledger.Body) error {
	_, err := c.give(ctx, body)
	return err
}

// give gives a command under a new ID, which it returns.
func (c *Company) give(ctx context.Context, body ledger.Body) (ledger.ID, error) {
	var random [10]byte
	if _, err := io.ReadFull(c.Random, random[:]); err != nil {
		return ledger.ID{}, err
	}
	id := ledger.NewID(c.Now(), random)
	results, err := c.submit(ctx, ledger.Command{ID: id, Body: body})
	switch {
	case errors.Is(err, ledger.ErrOutcomeUnknown):
		return id, c.resolve(ctx, id, err)
	case errors.Is(err, ledger.ErrBusy):
		return id, fmt.Errorf("nothing was done; try again when the peers of both companies can be reached: %w", err)
	case err != nil:
		return id, err
	case results[0].Code != ledger.CodeOK:
		return id, &Refusal{results[0].Code, results[0].Message}
	}
	return id, nil
}

// pause is the time between two attempts at a busy ledger.
const pause = 100 * time.Millisecond

// submit submits a command until the ledger is not busy, which says that nothing
// was done, or patience ends.
func (c *Company) submit(ctx context.Context, command ledger.Command) ([]ledger.Result, error) {
	late := time.After(c.Patience)
	for {
		results, err := c.Ledger.Submit(ctx, c.Identity, command)
		if !errors.Is(err, ledger.ErrBusy) {
			return results, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-late:
			return nil, err
		case <-time.After(pause):
		}
	}
}

// resolve looks for a command of which the ledger did not say whether it was
// carried out.
func (c *Company) resolve(ctx context.Context, id ledger.ID, cause error) error {
	if _, err := c.Ledger.Find(ctx, id); err == nil {
		return nil
	}
	return fmt.Errorf("it cannot be said yet whether this was done; look at the list before giving it again: %w", cause)
}
