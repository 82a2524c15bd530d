package chaincode

import (
	"github.com/pointgrid/pointgrid/ledger"
)

func (w *work) proposeAgreement(c *ledger.ProposeAgreement, t *ledger.Transfer) error {
	p, err := w.partner(c.Terms.Partner)
	if err != nil {
		return err
	}
	if err := w.concerned(p); err != nil {
		return err
	}
	all, err := w.nextVersion(&c.Terms)
	if err != nil {
		return err
	}
	if len(all.now.offers) >= offersMax {
		return refuse(ledger.CodeTooManyOffers, "%d agreements are offered, at most %d; accept or reject one first", len(all.now.offers), offersMax)
	}
	g, err := w.agreements.get(w, t.ID)
	if err != nil {
		return err
	}
	hash := c.Terms.Hash()
	*g.create(&w.journal, w.both(p)) = agreement{Agreement: ledger.Agreement{
		ID: t.ID, Terms: c.Terms, Hash: hash, Status: ledger.AgreementProposed,
		ProposedBy: w.tx.Caller, ProposedAt: w.tx.At,
	}}
	all.edit(&w.journal).propose(offer{t.ID, hash, w.tx.Caller.MSP})
	return nil
}

// concerned refuses callers who are neither the utility nor the partner.
func (w *work) concerned(p *partner) error {
	if m := w.tx.Caller.MSP; m != w.alliance.now.msp && m != p.msp {
		return refuse(ledger.CodeAgreementNotYours, "the agreement is between %q and %q; %q has no part in it", w.alliance.now.msp, p.msp, m)
	}
	return nil
}

// ofCard returns what the pair knows of a card's agreements.
func (w *work) ofCard(c card) (*cell[series, *series], error) {
	all, err := w.series.get(w, c)
	if err == nil && !all.present {
		err = damaged("partner %s is registered and has no agreements for direction %s", c.partner, c.direction)
	}
	return all, err
}

// nextVersion returns the agreements of a card, which terms must follow.
func (w *work) nextVersion(t *ledger.Terms) (*cell[series, *series], error) {
	all, err := w.ofCard(card{t.Partner, t.Direction})
	if err != nil {
		return nil, err
	}
	if next := all.now.next(); t.Version != next {
		return nil, refuse(ledger.CodeAgreementVersion, "version is %d, but %d comes next for partner %q and direction %s", t.Version, next, t.Partner, t.Direction)
	}
	return all, nil
}

// agreement returns an agreement that the caller's company is party to.
func (w *work) agreement(id ledger.ID) (*cell[agreement, *agreement], *partner, error) {
	g, err := w.agreements.get(w, id)
	if err != nil {
		return nil, nil, err
	}
	if !g.present {
		return nil, nil, refuse(ledger.CodeAgreementUnknown, "no agreement %s was proposed", id)
	}
	p, err := w.partner(g.now.Terms.Partner)
	if err != nil {
		return nil, nil, err
	}
	return g, p, w.concerned(p)
}

func (w *work) acceptAgreement(c *ledger.AcceptAgreement) error {
	g, p, err := w.agreement(c.Agreement)
	if err != nil {
		return err
	}
	switch {
	case g.now.ProposedBy.MSP == w.tx.Caller.MSP:
		return refuse(ledger.CodeSameIdentity, "%q proposed the agreement; the other company accepts it", w.tx.Caller.MSP)
	case g.now.Status != ledger.AgreementProposed:
		return decided(g)
	case g.now.Hash != c.Hash:
		return refuse(ledger.CodeAgreementHash, "the terms have the hash %s, not %s; compare them", g.now.Hash, c.Hash)
	}
	all, err := w.nextVersion(&g.now.Terms)
	if err != nil {
		return err
	}
	if !all.now.offered(&g.now.Agreement) {
		return refuse(ledger.CodeAgreementUnknown, "no agreement %s was proposed by %q", c.Agreement, g.now.ProposedBy.MSP)
	}
	r, err := w.residues.get(w, c.Agreement)
	if err != nil {
		return err
	}
	w.decide(g, ledger.AgreementAccepted)
	all.edit(&w.journal).accept(g.now.Agreement)
	r.create(&w.journal, w.both(p))
	return nil
}

func (w *work) rejectAgreement(c *ledger.RejectAgreement, t *ledger.Transfer) error {
	g, _, err := w.agreement(c.Agreement)
	if err != nil {
		return err
	}
	if g.now.Status != ledger.AgreementProposed {
		return decided(g)
	}
	all, err := w.ofCard(card{g.now.Terms.Partner, g.now.Terms.Direction})
	if err != nil {
		return err
	}
	w.decide(g, ledger.AgreementRejected)
	all.edit(&w.journal).withdraw(g.now.ID)
	t.Reason = c.Reason
	return nil
}

func decided(g *cell[agreement, *agreement]) error {
	return refuse(ledger.CodeAgreementDecided, "agreement %s is %s already", g.now.ID, g.now.Status)
}

func (w *work) decide(g *cell[agreement, *agreement], status ledger.AgreementStatus) {
	a := g.edit(&w.journal)
	a.Status, a.DecidedBy, a.DecidedAt = status, w.tx.Caller, w.tx.At
}
