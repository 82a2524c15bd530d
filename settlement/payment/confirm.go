package payment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// Bounds of a file of the bank that is uploaded.
const (
	FileMax = 32 << 20 // bytes
	NameMax = 120      // bytes of its name
)

// Confirm reads a camt.053 or camt.054 file and settles what it confirms. By the
// utility. A file that was read already is answered again and changes nothing. It
// returns [ErrNotPermitted], [ErrInvalid] for a name that cannot be kept, or
// [bank.ErrFile] for a file that is refused as a whole.
func (s *Service) Confirm(ctx context.Context, by desk.Person, name string, file io.Reader) (*Reading, error) {
	if err := utility(by); err != nil {
		return nil, err
	}
	if name == "" || len(name) > NameMax || !utf8.ValidString(name) {
		return nil, fmt.Errorf("%w: the name of a file has 1 to %d bytes of UTF-8", ErrInvalid, NameMax)
	}
	content, err := io.ReadAll(io.LimitReader(file, FileMax+1))
	if err != nil {
		return nil, err
	}
	if len(content) > FileMax {
		return nil, fmt.Errorf("%w: it has more than %d bytes; upload it in parts, as the bank makes one for each day", bank.ErrFile, FileMax)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &Reading{Digest: sha256.Sum256(content), Name: name, By: by, At: s.o.Now().UnixMilli()}
	switch before, err := s.o.Store.Reading(ctx, r.Digest); {
	case err == nil:
		before.Replayed = true
		return before, nil
	case !errors.Is(err, ErrNotFound):
		return nil, err
	}
	var told []bank.Confirmation
	if err := bank.ReadConfirmations(bytes.NewReader(content), func(c *bank.Confirmation) error { told = append(told, *c); return nil }); err != nil {
		return nil, err
	}
	r.Entries = int64(len(told))
	return r, s.take(ctx, r, told)
}

// take judges the entries, tells the desk, marks payments, settles, and last of all
// writes down that the file was read. Each of these can be done again.
func (s *Service) take(ctx context.Context, r *Reading, told []bank.Confirmation) error {
	known, payments, err := s.meant(ctx, told)
	if err != nil {
		return err
	}
	outcomes := bank.Match(payments, told)
	var findings []desk.Finding
	seen := map[string]int{}
	for i := range outcomes {
		o := &outcomes[i]
		if o.Confirmation == nil {
			continue
		}
		var p *Payment
		if o.Payment != nil {
			p = known[o.Payment.Reference]
		}
		row := describe(o, p)
		if f := s.finding(o, p, seen); f != nil {
			findings = append(findings, *f)
			row.Break = f.ID
		}
		r.Outcomes = append(r.Outcomes, row)
	}
	if err := s.report(ctx, findings); err != nil {
		return err
	}
	concerned, err := s.mark(ctx, outcomes, known)
	if err != nil {
		return err
	}
	if r.Settled, err = s.settleAll(ctx, concerned); err != nil {
		return err
	}
	s.o.Logger.InfoContext(ctx, "bank file read", "digest", r.Digest.String(), "entries", r.Entries, "settled", len(r.Settled), "breaks", len(findings))
	return s.o.Store.SaveReading(ctx, r)
}

// meant finds the released payments that the references are of.
func (s *Service) meant(ctx context.Context, told []bank.Confirmation) (map[string]*Payment, []bank.Payment, error) {
	known := map[string]*Payment{}
	var all []bank.Payment
	for i := range told {
		ref := told[i].Reference
		if _, asked := known[ref]; asked || ref == "" {
			continue
		}
		p, err := s.o.Store.Payment(ctx, ref)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, nil, err
		}
		if err != nil || p.State == Waiting || p.State == Dropped {
			known[ref] = nil
			continue
		}
		known[ref] = p
		all = append(all, p.instruct())
	}
	return known, all, nil
}

func describe(o *bank.Outcome, p *Payment) Outcome {
	c := o.Confirmation
	row := Outcome{Verdict: o.Verdict, Reference: clip(c.Reference), Cents: c.Cents, Date: c.Date}
	if p != nil {
		row.Partner, row.Ordered = p.Partner, p.Cents
	}
	return row
}

// clip bounds what a bank wrote.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
	for len(s) > ledger.ReferenceMax {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

// BreakType is that of the desk's cases for what the bank tells.
const BreakType = "payment"

// finding is the break that an outcome is, nil when it is none: what is confirmed,
// and what the bank has not booked yet.
func (s *Service) finding(o *bank.Outcome, p *Payment, seen map[string]int) *desk.Finding {
	c := o.Confirmation
	if o.Verdict == bank.Confirmed || o.Verdict == bank.Awaited || o.Verdict == bank.UnknownReference && !c.Booked {
		return nil
	}
	key := fmt.Sprintf("%s|%s|%s|%s|%d|%s|%t|%t|%s", o.Verdict, c.Account, c.Reference, c.BankReference, c.Cents, c.Currency, c.Debit, c.Returned, c.Date)
	seen[key]++
	id := sha256.Sum256(fmt.Appendf(nil, "pointgrid/payment-break/%s|%d", key, seen[key]))
	status := "credit"
	if c.Debit {
		status = "debit"
	}
	f := &desk.Finding{ID: fmt.Sprintf("%x", id[:16]), Window: c.Date, Type: BreakType, Movement: "payment", Reference: clip(c.Reference),
		Theirs: &desk.Book{Lines: 1, Amount: c.Cents, Status: status}, Differs: []string{string(o.Verdict)}}
	if f.Window == 0 {
		f.Window = s.today()
	}
	if p != nil {
		f.Partner, f.Window = p.Partner, p.Window
		f.Ours = &desk.Book{Lines: 1, Amount: p.Cents, Window: p.Window, Status: string(p.State)}
		f.Value = worth(o.Verdict, c, p)
	}
	return f
}

// worth is what the partner would owe more if the bank is right: what was ordered
// and did not move as it should.
func worth(v bank.Verdict, c *bank.Confirmation, p *Payment) int64 {
	missing := p.Cents
	if v == bank.WrongAmount {
		missing = p.Cents - min(c.Cents, 2*p.Cents)
	}
	if p.Payer == "" {
		missing = -missing
	}
	return missing * ledger.FenMillionths // fits: a payment is at most 10^14
}

// report gives findings to the desk, each with its window.
func (s *Service) report(ctx context.Context, findings []desk.Finding) error {
	for i := range findings {
		if err := s.o.Desk.Report(ctx, findings[i].Window, findings[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// mark stores what became of payments, and returns their settlements. What was
// confirmed once and is told again stays as it is; what was returned stays so.
func (s *Service) mark(ctx context.Context, outcomes []bank.Outcome, known map[string]*Payment) (settlements []string, err error) {
	for i := range outcomes {
		o := &outcomes[i]
		if o.Payment == nil || o.Confirmation == nil || o.Verdict == bank.Repeated {
			continue
		}
		p := known[o.Payment.Reference]
		settlements = append(settlements, p.Settlement)
		switch {
		case o.Verdict == bank.Confirmed && p.State == Ordered:
			p.State, p.ConfirmedOn = Confirmed, o.Confirmation.Date
			p.BankReference = clip(o.Confirmation.BankReference)
		case o.Verdict == bank.SentBack && p.State != Returned:
			p.State = Returned
		default:
			continue
		}
		p.Version++
		if err := s.o.Store.UpdatePayment(ctx, p); err != nil {
			return nil, err
		}
	}
	slices.Sort(settlements)
	return slices.Compact(settlements), nil
}

// settleAll settles those all of whose payments are confirmed, and returns them.
func (s *Service) settleAll(ctx context.Context, ids []string) (settled []string, err error) {
	for _, id := range ids {
		one, err := s.o.Settlements.Settlement(ctx, id)
		if err != nil {
			return nil, err
		}
		done, err := s.settle(ctx, one)
		if err != nil {
			return nil, err
		}
		if done {
			settled = append(settled, id)
		}
	}
	return settled, nil
}

// settle takes the last step if the bank has confirmed every payment. It reports
// whether the settlement is settled.
func (s *Service) settle(ctx context.Context, one *settlement.Settlement) (bool, error) {
	text, err := s.confirmed(ctx, one)
	if text == "" || err != nil {
		return false, err
	}
	on, err := s.o.Ledger.Settlement(ctx, one.Partner, one.Window)
	if err != nil {
		return false, err
	}
	if on.Step == ledger.SettlementPaid {
		step := &ledger.AdvanceSettlement{Partner: one.Partner, Window: one.Window, Step: ledger.SettlementSettled, Text: text}
		if err := settlement.Advance(ctx, s.o.Ledger, ledger.Identity{MSP: s.o.MSP, Subject: s.o.Subject}, &on, step); err != nil {
			return false, err
		}
	}
	return on.Step >= ledger.SettlementPaid, s.follow(ctx, one)
}

// confirmed returns the bank's reference when every payable channel of a settlement
// is confirmed, "" otherwise: the bank's own, or ours when it gave none.
func (s *Service) confirmed(ctx context.Context, one *settlement.Settlement) (string, error) {
	payments, err := s.o.Store.PaymentsOf(ctx, one.ID)
	if err != nil {
		return "", err
	}
	latest := map[netting.Channel]*Payment{}
	for _, p := range payments {
		latest[p.Channel] = p
	}
	text := ""
	for _, l := range payables(one) {
		p := latest[l.Channel]
		if p == nil || p.State != Confirmed {
			return "", nil
		}
		if text == "" {
			text = p.BankReference
		}
		if text == "" {
			text = p.Reference
		}
	}
	return text, nil
}
