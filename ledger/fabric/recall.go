package fabric

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// recall returns the companies, joined, that a hold or agreement concerns.
func (r *routes) recall(id ledger.ID) (string, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if p, ok := r.young[id]; ok {
		return p, true
	}
	p, ok := r.old[id]
	return p, ok
}

// remember keeps the companies that a hold or agreement concerns.
func (r *routes) remember(id ledger.ID, partners string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.young) >= rememberMax {
		r.young, r.old = map[ledger.ID]string{}, r.young
	}
	r.young[id] = partners
}

// note remembers whom a transfer concerns, if another command may refer to it.
func (r *routes) note(t *ledger.Transfer) {
	switch {
	case t.Source != nil && t.Destination != nil:
		r.remember(t.ID, r.companiesOf(t.Source.Partner, t.Destination.Partner))
	case t.Source != nil:
		r.remember(t.ID, r.partner(t.Source.Partner))
	case t.Destination != nil:
		r.remember(t.ID, r.partner(t.Destination.Partner))
	case t.Kind == ledger.KindHold, t.Kind == ledger.KindPost:
		r.remember(t.ID, "") // of the utility alone
	case t.Kind == ledger.KindProposeAgreement:
		if c, ok := command(t).(*ledger.ProposeAgreement); ok {
			r.remember(t.ID, r.partner(c.Terms.Partner))
		}
	}
}

// command returns the body that a transfer carries.
func command(t *ledger.Transfer) ledger.Body {
	return ledger.ReadCommand(wire.NewDecoder(t.Body)).Body
}

// done takes note of what a batch led to.
func (r *routes) done(results []ledger.Result, caller ledger.Identity) {
	for i := range results {
		if results[i].Code != ledger.CodeOK || results[i].Replayed {
			continue
		}
		switch t := &results[i].Entry.Transfer; t.Kind {
		case ledger.KindHold, ledger.KindProposeAgreement:
			r.note(t)
		case ledger.KindInitialise:
			r.mu.Lock()
			r.utility = caller.MSP
			r.mu.Unlock()
		case ledger.KindSetLanes:
			if c, ok := command(t).(*ledger.SetLanes); ok {
				r.mu.Lock()
				r.lanes = c.Lanes
				r.mu.Unlock()
			}
		case ledger.KindRegisterPartner:
			if c, ok := command(t).(*ledger.RegisterPartner); ok {
				r.mu.Lock()
				r.partners[c.Partner] = c.MSP
				r.mu.Unlock()
			}
		}
	}
}
