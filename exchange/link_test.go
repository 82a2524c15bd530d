package exchange_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

func (w *world) linkRequest() exchange.LinkRequest {
	return exchange.LinkRequest{Partner: "sky", Member: "M-77", Membership: "SKY-77",
		Consent: exchange.Consent{TextVersion: "2026-03", GivenAt: w.clock.now().Add(-time.Hour).UnixMilli(), Channel: "app"}}
}

func TestALinkIsMadeWithAnActiveMembershipAndConsent(t *testing.T) {
	w := newWorld(t)
	w.banks["sky"].balances["SKY-77"] = 500
	l, err := w.Link(context.Background(), sky, w.linkRequest())
	must(t, err)
	if l.Partner != "sky" || l.Member != "M-77" || l.Membership != "SKY-77" || l.Consent.TextVersion != "2026-03" || l.CreatedAt == 0 {
		t.Errorf("link %+v", l)
	}
	c := w.convert(staff, exchange.ConvertRequest{Source: "MILES", Destination: "EPT", From: 300, LinkID: l.ID, Idempotency: w.idem()})
	if c.Status != exchange.Completed || c.SourceMembership != "SKY-77" {
		t.Errorf("%s with %v", c.Status, c.Failure)
	}
	if _, err := w.Link(context.Background(), sky, w.linkRequest()); !errors.Is(err, exchange.ErrLinked) {
		t.Errorf("linking again: error %v", err)
	}
	must(t, w.Unlink(context.Background(), sky, l.ID))
	_, _, err = w.Convert(context.Background(), staff, exchange.ConvertRequest{Source: "MILES", Destination: "EPT", From: 300, LinkID: l.ID, Idempotency: w.idem()}, patient)
	refusedWith(t, "after the end of the link", err, exchange.CodeLinkMissing)
	if err := w.Unlink(context.Background(), sky, l.ID); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("unlinking again: error %v", err)
	}
	_, err = w.Link(context.Background(), sky, w.linkRequest())
	must(t, err)
}

func TestLinksThatCannotBeAreRefused(t *testing.T) {
	w := newWorld(t)
	w.banks["sky"].balances["SKY-77"] = 500
	day := int64(24 * time.Hour / time.Millisecond)
	tests := []struct {
		name   string
		party  exchange.Party
		change func(r *exchange.LinkRequest)
		code   string
	}{
		{"with another partner", shop, func(*exchange.LinkRequest) {}, exchange.CodeNotYours},
		{"with nobody", staff, func(r *exchange.LinkRequest) { r.Partner = "" }, "partner_unknown"},
		{"without a member", sky, func(r *exchange.LinkRequest) { r.Member = "" }, exchange.CodeInvalid},
		{"a membership with a space", sky, func(r *exchange.LinkRequest) { r.Membership = "SKY 77" }, exchange.CodeInvalid},
		{"a membership nobody has", sky, func(r *exchange.LinkRequest) { r.Membership = "SKY-78" }, exchange.CodeMembershipInvalid},
		{"without consent", sky, func(r *exchange.LinkRequest) { r.Consent = exchange.Consent{} }, exchange.CodeConsentMissing},
		{"by a channel that is none", sky, func(r *exchange.LinkRequest) { r.Consent.Channel = "rumour" }, exchange.CodeConsentMissing},
		{"by consent of tomorrow", sky, func(r *exchange.LinkRequest) { r.Consent.GivenAt += day }, exchange.CodeConsentMissing},
		{"by consent of long ago", sky, func(r *exchange.LinkRequest) { r.Consent.GivenAt -= 91 * day }, exchange.CodeConsentMissing},
	}
	for _, test := range tests {
		r := w.linkRequest()
		test.change(&r)
		_, err := w.Link(context.Background(), test.party, r)
		refusedWith(t, test.name, err, test.code)
	}
	w.banks["sky"].follow(first(always, connector.VerbValidate, trick{do: loseCall}))
	_, err := w.Link(context.Background(), sky, w.linkRequest())
	refusedWith(t, "with a partner that is down", err, exchange.CodePartnerDown)
}

func TestAPartnerSeesItsOwnOnly(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	m := w.join(1)
	in := w.completed(m, "in")
	w.clock.advance(time.Second)
	between := w.completed(m, crossed)
	mine := func(p exchange.Party) (ids []ledger.ID) {
		t.Helper()
		all, err := w.Conversions(ctx, p, exchange.Filter{Limit: 10})
		must(t, err)
		for _, c := range all {
			ids = append(ids, c.ID)
		}
		return ids
	}
	for _, test := range []struct {
		party exchange.Party
		sees  []ledger.ID
	}{{staff, []ledger.ID{between.ID, in.ID}}, {sky, []ledger.ID{between.ID, in.ID}}, {shop, []ledger.ID{between.ID}}, {tele, nil}} {
		if got := mine(test.party); len(got) != len(test.sees) || len(got) > 0 && got[0] != test.sees[0] {
			t.Errorf("%s sees %v, want %v", test.party.Client, got, test.sees)
		}
	}
	if _, err := w.Conversions(ctx, tele, exchange.Filter{Programme: "MILES"}); err == nil {
		t.Error("a partner asked for another's programme and got it")
	}
	hidden := map[string]func() error{
		"a conversion":        func() error { _, err := w.Conversion(ctx, shop, in.ID); return err },
		"its receipt":         func() error { _, err := w.Receipt(ctx, shop, in.ID); return err },
		"its reversals":       func() error { _, err := w.Reversals(ctx, shop, in.ID); return err },
		"a link":              func() error { _, err := w.LinkByID(ctx, shop, m.links["sky"]); return err },
		"the end of a link":   func() error { return w.Unlink(ctx, shop, m.links["sky"]) },
		"an agreement":        func() error { _, err := w.Agreement(ctx, shop, in.In.Agreement); return err },
		"accepting it":        func() error { _, err := w.Accept(ctx, shop, in.In.Agreement, in.In.Hash); return err },
		"rejecting it":        func() error { _, err := w.Reject(ctx, shop, in.In.Agreement, "no"); return err },
		"what does not exist": func() error { _, err := w.Conversion(ctx, staff, newID(w.clock.now())); return err },
	}
	for what, look := range hidden {
		if err := look(); !errors.Is(err, exchange.ErrNotFound) {
			t.Errorf("%s: error %v, want not found", what, err)
		}
	}
	links, err := w.Links(ctx, sky, ledger.ID{}, 10)
	if err != nil || len(links) != 1 || links[0].ID != m.links["sky"] {
		t.Errorf("links %v, error %v", links, err)
	}
	positions, err := w.Positions(ctx, shop, nil)
	if err != nil || len(positions) != 1 || positions[0].Partner != "shop" || positions[0].In.Count != 1 {
		t.Errorf("positions %+v, error %v", positions, err)
	}
	if positions, err = w.Positions(ctx, staff, nil); err != nil || len(positions) < 2 {
		t.Errorf("the utility's positions %+v, error %v", positions, err)
	}
}

func TestCompaniesAgreeUnderTheirOwnNames(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	next := terms("sky", ledger.In)
	next.Version = 2
	_, err := w.Propose(ctx, shop, next)
	refusedWith(t, "for somebody else", err, exchange.CodeNotYours)
	bad := next
	bad.Step = 0
	_, err = w.Propose(ctx, sky, bad)
	refusedWith(t, "with a step of nothing", err, exchange.CodeInvalid)

	a, err := w.Propose(ctx, sky, next)
	must(t, err)
	if a.ProposedBy != (ledger.Identity{MSP: "SkyMSP", Subject: "sky-1"}) || a.Status != ledger.AgreementProposed {
		t.Errorf("proposed by %+v, %s", a.ProposedBy, a.Status)
	}
	_, err = w.Accept(ctx, sky, a.ID, next.Hash())
	refusedWith(t, "by its own proposer", err, string(ledger.CodeSameIdentity))
	_, err = w.Accept(ctx, staff, a.ID, ledger.Hash{1})
	refusedWith(t, "with another hash", err, string(ledger.CodeAgreementHash))
	a, err = w.Accept(ctx, staff, a.ID, next.Hash())
	must(t, err)
	if a.Status != ledger.AgreementAccepted || a.DecidedBy != (ledger.Identity{MSP: "UtilityMSP", Subject: "utility-1"}) {
		t.Errorf("%s by %+v", a.Status, a.DecidedBy)
	}
	_, err = w.Reject(ctx, staff, a.ID, "too late")
	refusedWith(t, "after the decision", err, string(ledger.CodeAgreementDecided))

	programmes, err := w.Programmes(ctx)
	must(t, err)
	if len(programmes) != 5 || programmes[0].Code != "EPT" || programmes[2].Code != "SHOP" && programmes[3].Code != "SHOP" {
		t.Errorf("programmes %+v", programmes)
	}
}
