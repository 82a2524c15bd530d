package simulation

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

var errScript = errors.New("as the seed says")

// hostLine is a partner's system as one process sees it.
type hostLine struct {
	*books
	p *process
	l *line
}

var _ connector.Host = hostLine{}

// newHostLine returns the way to a partner, on which what was sent may arrive late,
// twice, or behind what was sent after it.
func newHostLine(b *books, p *process) hostLine {
	fail := func(class error) error { return &connector.Error{Class: class, Partner: b.code, Err: errScript} }
	l := *b.w.lines.partner
	l.target, l.lost, l.unsent = b.code, fail(connector.ErrUnknown), fail(connector.ErrNotSent)
	if b.w.dice("busy " + b.code + p.name).one(4) {
		l.unsent = &connector.Error{Class: connector.ErrBusy, Partner: b.code, After: time.Second, Err: errScript}
	}
	return hostLine{books: b, p: p, l: &l}
}

// refusal is the decline that a new movement gets for no reason of ours.
func (h hostLine) refusal(what string) connector.DeclineCode {
	if h.w.faults(h.code) && h.w.dice("decline "+what).one(h.w.odds.decline) {
		return connector.DeclineMembershipBlocked
	}
	return ""
}

// Debit implements [connector.Host].
func (h hostLine) Debit(_ context.Context, t connector.Transfer) (connector.Answer, error) {
	return h.move(connector.Debit, t)
}

// Credit implements [connector.Host].
func (h hostLine) Credit(_ context.Context, t connector.Transfer) (connector.Answer, error) {
	return h.move(connector.Credit, t)
}

func (h hostLine) move(kind connector.Kind, t connector.Transfer) (a connector.Answer, err error) {
	what := h.code + " " + string(kind) + " " + t.ID.String()
	var last connector.Answer
	err = h.w.over(h.l, h.p, what, instantly(func() (err error) {
		last, err = h.transfer(kind, t, h.refusal(what))
		return err
	}))
	if err == nil {
		a = last
	}
	return a, err
}

// Reverse implements [connector.Host].
func (h hostLine) Reverse(_ context.Context, r connector.Reversal) (a connector.Answer, err error) {
	what := h.code + " reverse " + r.ID.String()
	var last connector.Answer
	err = h.w.over(h.l, h.p, what, instantly(func() (err error) {
		last, err = h.reverse(r, h.refusal(what))
		return err
	}))
	if err == nil {
		a = last
	}
	return a, err
}

// Status implements [connector.Host].
func (h hostLine) Status(_ context.Context, id connector.ID) (s connector.TransferStatus, err error) {
	var last connector.TransferStatus
	err = h.w.over(h.l, h.p, h.code+" status "+id.String(), instantly(func() error {
		last = h.status(id)
		return nil
	}))
	if err == nil {
		s = last
	}
	return s, err
}

// Validate implements [connector.Host].
func (h hostLine) Validate(context.Context, string, string) (connector.MemberStatus, error) {
	return connector.MemberActive, nil
}

// ReversalStatus implements [connector.Host]; the exchange repeats a reversal instead.
func (h hostLine) ReversalStatus(context.Context, connector.ID) (connector.ReversalStatus, error) {
	return connector.ReversalStatus{}, h.l.unsent
}

// Statement implements [connector.Host].
func (h hostLine) Statement(context.Context, time.Time) (io.ReadCloser, error) {
	return nil, h.l.unsent
}
