package main_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/settlementtest"
	"github.com/pointgrid/pointgrid/settlement/signing"
)

// peaceful finds no breaks.
type peaceful struct {
	l     signing.Ledger
	store settlement.Store
}

func (peaceful) Blocking(context.Context, string, ledger.Date) (int64, error) { return 0, nil }

func (p peaceful) Conclude(ctx context.Context, id string) (b ledger.SettlementBreaks, err error) {
	one, err := p.store.Settlement(ctx, id)
	if err != nil {
		return b, err
	}
	on, err := p.l.Settlement(ctx, one.Partner, one.Window)
	if err != nil {
		return b, err
	}
	return b, settlement.Advance(ctx, p.l, atGateway, &on, &ledger.AdvanceSettlement{Partner: one.Partner, Window: one.Window,
		Step: ledger.SettlementReconciled, Breaks: &b})
}

// settle nets yesterday with sky, in a gateway that holds the utility's key alone.
func (d *desks) settle(store *settlementtest.Memory) *settlement.Settlement {
	d.Helper()
	zone, err := calendar.Parse("UTC", "00:00")
	if err != nil {
		d.Fatal(err)
	}
	night := settlement.New(settlement.Options{Ledger: d.gateway, Identity: atGateway, Store: store, Dir: d.TempDir(), Calendar: zone,
		Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	made, err := night.RunDue(d.Context())
	if err != nil || len(made) == 0 {
		d.Fatalf("%+v, %v", made, err)
	}
	for i := range made {
		if made[i].Partner == "sky" {
			return &made[i]
		}
	}
	d.Fatalf("nothing was netted with sky: %+v", made)
	return nil
}

// settlementOf runs a command about settlements as a company.
func (d *desks) settlementOf(company string, words ...string) (string, int) {
	d.Helper()
	out, code := run(d.T, append(append([]string{"settlement"}, words...), "--profile", companyProfile(d.network, company))...)
	d.Logf("%s: settlement %v: %d\n%s", company, words, code, out)
	return out, code
}

func (d *desks) settles(company, want string, words ...string) string {
	d.Helper()
	out, code := d.settlementOf(company, words...)
	if code != 0 || !strings.Contains(out, want) {
		d.Fatalf("%s: settlement %v: exit code %d, want it to say %q:\n%s", company, words, code, want, out)
	}
	return out
}

func (d *desks) mustNotSettle(company, want string, words ...string) {
	d.Helper()
	if out, code := d.settlementOf(company, words...); code == 0 || !strings.Contains(out, want) {
		d.Errorf("%s: settlement %v: exit code %d, want it to fail with %q:\n%s", company, words, code, want, out)
	}
}

// TestCompaniesSignSettlementsWithTheirOwnKeys is one story on one network.
func TestCompaniesSignSettlementsWithTheirOwnKeys(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3]})
	d := &desks{T: t, network: n, gateway: openGateway(ctx, t, n)}
	d.give(&ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(time.Now().UTC()) - 1})
	d.give(&ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: "SkyMSP"})
	id, hash := d.propose("utility", d.card("1", "1"))
	d.may("sky", "accept", id, "--hash", hash)
	d.converted(3000)
	store := settlementtest.NewMemory()
	made := d.settle(store)
	peace := peaceful{d.gateway, store}
	service := signing.New(signing.Options{Ledger: d.gateway, Store: store, Reconciler: peace, Desk: peace, MSP: "UtilityMSP", Subject: "gateway",
		Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	maker, checker, airline := desk.Person{ID: "maker"}, desk.Person{ID: "checker"}, desk.Person{Company: "sky", ID: "finance"}

	d.mustNotSettle("sky", "settlement_step", "sign", made.ID, "--yes")
	if _, err := service.Propose(ctx, maker, made.ID); err != nil {
		t.Fatal(err)
	}
	d.settles("sky", made.ID+"  proposed", "list")
	d.settles("sky", "disputed settlement", "dispute", made.ID, "--reason", "one is missing")
	if err := service.Follow(ctx); err != nil {
		t.Fatal(err)
	}
	if one, _ := store.Settlement(ctx, made.ID); one.State != settlement.Disputed {
		t.Errorf("after the dispute it is %s", one.State)
	}
	proposed, err := service.Propose(ctx, maker, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	digest := signing.Digest(proposed)
	if _, err := service.Sign(ctx, checker, made.ID, digest); err != nil {
		t.Fatal(err)
	}
	if _, err := service.Acknowledge(ctx, airline, made.ID, digest); !errors.Is(err, ledger.ErrNoIdentity) {
		t.Errorf("the gateway signs for sky: %v", err)
	}
	d.mustNotSettle("sky", "nothing was signed: the settlement has the digest "+digest.String(), "sign", made.ID, "--digest", strings.Repeat("0", 64))
	d.mustNotSettle("sky", "nothing was signed; answer y", "sign", made.ID)
	d.mustNotSettle("mart", "not_permitted", "sign", made.ID, "--yes")
	d.mustNotSettle("sky", "such as 2026-11-21.sky", "sign", "yesterday")
	out := d.settles("sky", "SkyMSP signed settlement "+made.ID, "sign", made.ID, "--digest", digest.String())
	if !strings.Contains(out, "the ledger says the same") {
		t.Errorf("it was not computed from the blocks:\n%s", out)
	}
	if err := service.Follow(ctx); err != nil {
		t.Fatal(err)
	}
	if one, _ := store.Settlement(ctx, made.ID); one.State != settlement.Signed {
		t.Errorf("after the signature it is %s", one.State)
	}
	d.settles("sky", "SkyMSP/", "show", made.ID)
	if out, code := run(t, "verify", made.ID, "--profile", companyProfile(n, "sky")); code != 0 || !strings.Contains(out, "the ledger says the same") {
		t.Errorf("verify ends with %d:\n%s", code, out)
	}
}
