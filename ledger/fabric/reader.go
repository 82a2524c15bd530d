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
// did not do.
func (l *Ledger) ask(ctx context.Context, s *signer, c *company, function string, request []byte) (*answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := c.await(ctx, 0, l.opts.Patience.Order)
	if err != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	_, signed, err := l.link.proposal(s, function, request, l.opts.Clock())
	if err != nil {
		return nil, err
	}
	a, err := p.propose(ctx, s, signed, l.opts.Patience.Order)
	if e := (*EndorseError)(nil); errors.As(err, &e) && e.Code == codec.StatusDamaged {
		err = fmt.Errorf("%w: %w", ledger.ErrDamaged, err)
	}
	if err != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	return a, nil
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
