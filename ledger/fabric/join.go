package fabric

import (
	"context"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// rereadEvery bounds how often the profile is read for a company that it does
// not have.
const rereadEvery = time.Second

// company returns a company, also one that joined the channel since the ledger
// was opened. It returns an *[EndorseError] when the profile has none.
func (l *Ledger) company(ctx context.Context, msp string) (*company, error) {
	if c := l.companies.get(msp); c != nil {
		return c, nil
	}
	c, err := l.join(msp)
	if err != nil {
		return nil, &EndorseError{Company: msp, Err: err}
	}
	if _, err := c.await(ctx, 0, l.opts.Patience.Lag); err != nil {
		return nil, err
	}
	return c, nil
}

// join takes up a company that the profile has by now.
func (l *Ledger) join(msp string) (*company, error) {
	l.joining.Lock()
	defer l.joining.Unlock()
	if c := l.companies.get(msp); c != nil { // taken up meanwhile
		return c, nil
	}
	now := l.opts.Timer()
	switch {
	case l.closed.Load():
		return nil, ledger.ErrClosed
	case l.opts.Reread == nil || now.Sub(l.reread) < rereadEvery:
		return nil, errNoPeer
	}
	l.reread = now
	p, err := l.opts.Reread()
	if err != nil {
		return nil, fmt.Errorf("%w, and it cannot be read again: %w", errNoPeer, err)
	}
	described, ok := p.Company(msp)
	if !ok {
		return nil, errNoPeer
	}
	link := *l.link
	link.profile = p // names of files are relative to it
	c, err := link.newCompany(described)
	if err != nil {
		return nil, err
	}
	l.opts.Logger.Info("a company joined", "company", msp, "peers", len(c.peers))
	l.listen(c)
	l.companies.add(c)
	return c, nil
}
