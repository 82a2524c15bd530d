package fabric

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
)

// query asks the home peer and returns what the chaincode answered.
func (l *Ledger) query(ctx context.Context, function string, request []byte) (*answer, error) {
	if l.closed.Load() {
		return nil, ledger.ErrClosed
	}
	return l.ask(ctx, l.reader(), l.home(), function, request)
}

// ask asks a company's peer. An error is the context's, or tells what the peer
// did not do; with [ledger.ErrBusy] it may do so later.
func (l *Ledger) ask(ctx context.Context, s *signer, c *company, function string, request []byte) (*answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := c.await(ctx, 0, l.opts.Patience.Order)
	if err != nil {
		return nil, errors.Join(ctx.Err(), unanswered(err))
	}
	_, signed, err := l.link.proposal(s, function, request, l.opts.Clock())
	if err != nil {
		return nil, err
	}
	a, err := p.propose(ctx, s, signed, l.opts.Patience.Order)
	if err != nil {
		return nil, errors.Join(ctx.Err(), unanswered(err))
	}
	return a, nil
}

// unanswered says what a peer that did not answer a question means for who asked: a
// peer or a chaincode that is away will be back.
func unanswered(err error) error {
	var e *EndorseError
	switch {
	case !errors.As(err, &e) || e.Code == codec.StatusRequest:
		return err
	case e.Code == codec.StatusDamaged:
		return fmt.Errorf("%w: %w", ledger.ErrDamaged, err)
	}
	return fmt.Errorf("%w: %w", ledger.ErrBusy, err)
}

// remote is the home peer's state. Each call sees one instant, two calls may see
// two; what the contract reads in several either never changes or stands alone.
type remote struct {
	ctx    context.Context
	ledger *Ledger
	// heads is a digest of the state that the first page saw; moved says that a
	// later one saw another.
	heads ledger.Hash
	paged bool
	moved bool
}

var _ chaincode.Reader = (*remote)(nil)

// Get implements [chaincode.Reader].
func (r *remote) Get(keys ...string) ([][]byte, error) {
	a, err := r.ledger.query(r.ctx, codec.FunctionGet, codec.KeysRequest(keys).Encode())
	if err != nil {
		return nil, err
	}
	return codec.DecodeValues(a.response, len(keys))
}

// Range implements [chaincode.Reader].
func (r *remote) Range(prefix, from string, visit func(key string, value []byte) bool) error {
	for {
		a, err := r.ledger.query(r.ctx, codec.FunctionRange, codec.RangeRequest{Prefix: prefix, From: from}.Encode())
		if err != nil {
			return err
		}
		p, err := codec.DecodePage(a.response)
		if err != nil {
			return err
		}
		r.saw(p.Heads)
		for i := range p.Keys {
			if !visit(p.Keys[i], p.Values[i]) {
				return nil
			}
		}
		if p.Next == "" {
			return nil
		}
		from = p.Next
	}
}

func (r *remote) saw(heads ledger.Hash) {
	if !r.paged {
		r.paged, r.heads = true, heads
	}
	r.moved = r.moved || r.heads != heads
}
