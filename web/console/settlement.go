package console

import (
	"net/http"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/signing"
	"github.com/pointgrid/pointgrid/web/page"
)

// mark is a step that was taken, with who took it.
type mark struct {
	ledger.SettlementMark
	Who  string
	Ours bool // by the utility
}

// coming is a step that is still to be taken.
type coming struct {
	Word    string // key below console.step
	Current bool   // it is the next
}

type settlementBody struct {
	*settlement.Settlement
	Company   *partners.Partner
	Name      string
	Hub       string
	MSP       string // the utility's
	Marks     []mark
	Coming    []coming
	Breaks    ledgerBreaks
	Waterfall page.Rows
	Flows     []flow
	Journal   bool
	Sheet     bool
	Signing   bool
	Step      string      // the one that the user could take, or ""
	Sign      ledger.Hash // the digest that is signed
	Waits     string      // for whom: a key below console.waits
	Payments  []*payment.Payment
	Refusal   *refusal
	Reason    string // as it was typed
	Mine      bool
	URL       string
}

// ledgerBreaks are what the desk has of the window.
type ledgerBreaks struct{ Open, Blocking, All int64 }

// flow is one line of how a position comes about, in points and in yuan.
type flow struct {
	Word string
	*ledger.Flow
	Sign      int64
	FromScale uint8
	From, To  string // programmes
	ToScale   uint8
}

// Owed is the flow's part of what the partner owes.
func (f flow) Owed() int64 { return f.Sign * f.Value }

// refusal says why something was not done.
type refusal struct{ Code, Detail string }

// settlement finds the one in the path; another company's is not there.
func (c *Console) settlement(v *visit) (*settlement.Settlement, error) {
	s, err := c.o.Settlements.Settlement(v.r.Context(), v.r.PathValue("id"))
	if err == nil && v.person.Company != "" && s.Partner != v.person.Company {
		err = errNotFound
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (c *Console) showSettlement(v *visit) error {
	s, err := c.settlement(v)
	if err != nil {
		return err
	}
	return c.settlementPage(v, http.StatusOK, s, nil, "")
}

func (c *Console) settlementPage(v *visit, status int, s *settlement.Settlement, r *refusal, reason string) error {
	b, err := c.settlementBody(v, s)
	if err != nil {
		return err
	}
	b.Refusal, b.Reason = r, reason
	return c.showStatus(v, status, "settlement", b)
}

func (c *Console) settlementBody(v *visit, s *settlement.Settlement) (*settlementBody, error) {
	ctx := v.r.Context()
	alliance, err := c.o.Ledger.Alliance(ctx)
	if err != nil {
		return nil, err
	}
	company, ok := c.o.Registry.Partner(s.Partner)
	if !ok {
		company = &partners.Partner{Code: s.Partner, Name: s.Partner}
	}
	b := &settlementBody{Settlement: s, Company: company, Name: nameOf(company, v.lang), Hub: c.o.Hub, MSP: alliance.MSP, Mine: v.person.Company != "",
		Journal: c.o.Papers != nil && v.User.Has(utility...), Sheet: c.o.Papers != nil, Signing: c.o.Signing != nil, Sign: signing.Digest(s), URL: c.o.URL}
	b.Waterfall, b.Flows = c.waterfall(v, &s.Position, &s.Figures), flows(company, c.o.Hub, &s.Position)
	if b.Marks, err = c.marks(v, s, alliance.MSP); err != nil {
		return nil, err
	}
	counts, err := c.o.Desk.Counts(ctx, v.person, s.Partner, s.Window, s.Window)
	if err != nil {
		return nil, err
	}
	b.Breaks.Open, b.Breaks.Blocking = openBreaks(counts, s.Partner)
	for _, n := range counts {
		b.Breaks.All += n.Cases
	}
	if steps := c.steps(v, s, alliance.MSP); len(steps) > 0 {
		b.Step = steps[0]
	}
	b.Waits, b.Coming = c.waits(s, alliance.MSP), c.coming(s, alliance.MSP)
	if c.o.Payments != nil {
		b.Payments, err = c.o.Payments.Payments(ctx, v.person, s.ID)
	}
	return b, err
}

// flows are the lines of a position.
func flows(p *partners.Partner, hub string, at *ledger.Position) []flow {
	in := func(word string, f *ledger.Flow, sign int64) flow {
		return flow{Word: word, Flow: f, Sign: sign, From: p.Programme, FromScale: p.Scale, To: hub}
	}
	out := func(word string, f *ledger.Flow, sign int64) flow {
		return flow{Word: word, Flow: f, Sign: sign, From: hub, To: p.Programme, ToScale: p.Scale}
	}
	return []flow{in("in", &at.In, 1), in("reversed_in", &at.ReversedIn, -1), out("out", &at.Out, -1), out("reversed_out", &at.ReversedOut, 1)}
}

func (c *Console) marks(v *visit, s *settlement.Settlement, utilityMSP string) ([]mark, error) {
	var all []mark
	for _, m := range s.Marks {
		who, err := c.signatory(v, m.By, utilityMSP)
		if err != nil {
			return nil, err
		}
		all = append(all, mark{m, who, m.By.MSP == utilityMSP})
	}
	return all, nil
}

// waits says for whom a settlement waits.
func (c *Console) waits(s *settlement.Settlement, utilityMSP string) string {
	_, ours := c.mark(s, ledger.SettlementSigned, true, utilityMSP)
	_, theirs := c.mark(s, ledger.SettlementSigned, false, utilityMSP)
	switch {
	case s.State == settlement.Proposed && !ours && !theirs:
		return "both"
	case s.State == settlement.Proposed && !ours:
		return "checker"
	case s.State == settlement.Proposed:
		return "partner"
	}
	return string(s.State)
}

// coming are the steps that are left, the next first.
func (c *Console) coming(s *settlement.Settlement, utilityMSP string) (all []coming) {
	order := []settlement.State{settlement.Netted, settlement.Reconciled, settlement.Proposed, settlement.Signed, settlement.Paid, settlement.Settled}
	at := slices.Index(order, s.State)
	if s.State == settlement.Disputed {
		at = 0
	}
	for _, next := range order[min(at+1, len(order)):] {
		if next == settlement.Paid && s.Figures.Pay == 0 && s.Figures.Receive == 0 {
			continue
		}
		if next != settlement.Signed {
			all = append(all, coming{Word: string(next)})
			continue
		}
		for _, side := range []bool{true, false} {
			if _, done := c.mark(s, ledger.SettlementSigned, side, utilityMSP); !done {
				all = append(all, coming{Word: map[bool]string{true: "signed_ours", false: "signed_theirs"}[side]})
			}
		}
	}
	if len(all) > 0 {
		all[0].Current = true
	}
	return all
}
