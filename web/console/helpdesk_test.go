package console_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/support/supporttest"
	"github.com/pointgrid/pointgrid/web/console"
	"github.com/pointgrid/pointgrid/web/page/browsertest"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

// bench is what support reaches in these tests: one member with one conversion that is
// disputed, one that is held, and one order.
type bench struct {
	w       *world
	service *support.Service
	account ledger.Account
	made    map[ledger.ID]*exchange.Conversion
	order   *mall.Order
	dispute *support.Dispute
}

var helpKey = []byte("an account key for tests, 32 bytes")

func (b *bench) id(n byte) ledger.ID { return ledger.NewID(b.w.stand.Now, [10]byte{8: n}).Root() }

func (b *bench) conversion(n byte, step exchange.Step, status exchange.Status) *exchange.Conversion {
	c := &exchange.Conversion{ID: b.id(n), Party: exchange.Party{Client: "sky", Partner: "sky"}, Member: "M-000042", Account: b.account, Source: "SKY", Destination: "EPT",
		SourceMembership: "SKY-000042", From: 3000, To: 1000, In: &ledger.LegTerms{Partner: "sky", From: 3000, To: 1000}, Status: status, Step: step, SourceReference: "<i>D-1</i>", CreatedAt: b.w.stand.Now.UnixMilli()}
	if step == exchange.StepReview {
		c.Failure, c.Deadline = &exchange.Failure{Code: support.RuleRing}, c.CreatedAt+1000_000
	} else {
		c.Window, c.FinishedAt, c.Outcome = ledger.DateOf(b.w.stand.Now), c.CreatedAt, status
	}
	b.made[c.ID] = c
	return c
}

func withHelpdesk(t testing.TB) *bench {
	t.Helper()
	b := &bench{made: map[ledger.ID]*exchange.Conversion{}}
	newWorld(t, func(w *world) { b.w = w; b.open(t) })
	return b
}

func (b *bench) open(t testing.TB) {
	var err error
	b.account, err = ledger.MemberAccount(helpKey, "M-000042")
	must(t, err)
	b.order = &mall.Order{ID: b.id(3), Member: "M-000042", Name: mall.Text{ZH: "台灯", EN: "LED lamp"}, Quantity: 2, Points: 300, Status: mall.Fulfilled, CreatedAt: b.w.stand.Now.UnixMilli()}
	b.service, err = support.New(support.Options{Ledger: b.w.stand.Ledger, Identity: ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}, Store: supporttest.NewMemory(), Members: b, Subjects: b, Reviews: b,
		Limits: support.Limits{Case: 100, Day: 300, Remedy: 5000}, Day: ledger.DateOf, Due: func(d ledger.Date) ledger.Date { return d + 2 }, Now: b.w.stand.Clock, Random: rand.Reader, Logger: discard()})
	must(t, err)
	disputed := b.conversion(1, exchange.StepDone, exchange.Completed)
	b.conversion(2, exchange.StepReview, exchange.Processing)
	b.dispute, _, err = b.service.Open(context.Background(), support.OpenRequest{Idempotency: support.Idempotency{Key: "k"}, Client: "mall", Member: "M-000042", Kind: support.Conversion, Subject: disputed.ID,
		Reason: support.NotReceived, Text: "<script>alert(1)</script> 没有到账"})
	must(t, err)
	b.w.helpdesk = helpdeskOf(b)
}

func (b *bench) AccountOf(_ context.Context, member string) (ledger.Account, error) {
	return ledger.MemberAccount(helpKey, member)
}

func (b *bench) Accounts(_ context.Context, numbers []string) (map[string]ledger.Account, error) {
	if numbers[0] != "M-000042" {
		return nil, nil
	}
	return map[string]ledger.Account{"M-000042": b.account}, nil
}

func (b *bench) Number(_ context.Context, a ledger.Account) (string, error) {
	if a != b.account {
		return "", members.ErrNotFound
	}
	return "M-000042", nil
}

func (b *bench) Subject(_ context.Context, kind support.SubjectKind, id ledger.ID) (*support.Subject, error) {
	return &support.Subject{Kind: kind, ID: id, Member: "M-000042", At: b.w.stand.Now.UnixMilli(), Points: 1000, Of: 3000}, nil
}

func (b *bench) Remedy(context.Context, support.Remedy) (support.Answer, error) {
	return support.Answer{Done: support.RemedyDone, Reference: "REV-1"}, nil
}

func (b *bench) Held(_ context.Context, id ledger.ID) (*support.Held, error) {
	return &support.Held{ID: id, Member: "M-000042", Account: b.account, Rule: support.RuleRing}, nil
}

func (b *bench) Decide(_ context.Context, id ledger.ID, _ bool) error {
	b.made[id].Step = exchange.StepDone
	return nil
}

// found is the exchange and the mall of the bench.
type found struct{ *bench }

func (f found) Conversion(_ context.Context, _ exchange.Party, id ledger.ID) (*exchange.Conversion, error) {
	if c := f.made[id]; c != nil {
		return c, nil
	}
	return nil, exchange.ErrNotFound
}

func (f found) Conversions(context.Context, exchange.Party, exchange.Filter) (all []*exchange.Conversion, _ error) {
	for _, n := range []byte{1, 2} {
		all = append(all, f.made[f.id(n)])
	}
	return all, nil
}

func (f found) Reversals(context.Context, exchange.Party, ledger.ID) ([]*exchange.Reversal, error) {
	return nil, nil
}

func (f found) Held(context.Context, ledger.ID, int) (all []*exchange.Conversion, _ error) {
	for _, c := range f.made {
		if c.Step == exchange.StepReview {
			all = append(all, c)
		}
	}
	return all, nil
}

func (f found) Programmes(context.Context) ([]exchange.Programme, error) {
	return []exchange.Programme{{Code: "EPT"}, {Code: "SKY"}}, nil
}

func (f found) Order(context.Context, ledger.ID) (*mall.Order, error) { return f.order, nil }

func (f found) Orders(context.Context, mall.OrderFilter) ([]*mall.Order, error) {
	return []*mall.Order{f.order}, nil
}

func (f found) History(context.Context, ledger.Account, *ledger.Locator, int) ([]projection.Row, error) {
	at := f.w.stand.Now.UnixMilli()
	return []projection.Row{{Transfer: ledger.Transfer{ID: f.id(1), Kind: ledger.KindConvertIn, At: at, Source: &ledger.Leg{Partner: "sky"}, Lots: []ledger.Lot{{Expiry: 700, Amount: 1000}}}},
		{Transfer: ledger.Transfer{ID: f.id(4), Kind: ledger.KindHold, At: at, Lots: []ledger.Lot{{Expiry: 700, Amount: 600}}}}}, nil
}

func (b *bench) links(context.Context, string) ([]*exchange.Link, error) {
	return []*exchange.Link{{Partner: "sky", Member: "M-000042", Membership: "SKY-000042", CreatedAt: b.w.stand.Now.UnixMilli()}}, nil
}

func TestSupportSeesTheWholeStoryAndResolvesIt(t *testing.T) {
	b := withHelpdesk(t)
	desk := b.w.signedIn("support")
	one := "/console/support/disputes/" + b.dispute.ID.String()
	pagetest.Want(t, "the desk", desk.Get("/console"), 200, one, "Not received")
	page := desk.Get(one)
	pagetest.Want(t, "the story", page, 200, "SKY-000042", "&lt;i&gt;D-1&lt;/i&gt;", "&lt;script&gt;alert(1)", "/console/support/receipts/"+b.id(1).String(), "Converted in")
	if strings.Contains(page.Body, "<script>alert") {
		t.Error("the member's text is not escaped")
	}
	pagetest.Want(t, "a question", desk.Send(one+"/message", url.Values{"version": {"1"}, "to": {"ask_member"}, "text": {"哪一天？"}}), 200, "Waits for the member")
	pagetest.Want(t, "on an old version", desk.Send(one+"/message", url.Values{"version": {"1"}, "to": {"note"}, "text": {"typed by me"}}), 409, "typed by me")
	pagetest.Want(t, "above the limit", desk.Send(one+"/propose", url.Values{"version": {"2"}, "outcome": {"upheld"}, "remedy": {"reverse"}, "amount": {"3,000"}, "goodwill": {"500"}, "text": {"sorry"}}), 200, "A colleague has to approve it")
	pagetest.Want(t, "approved by who may not", desk.Send(one+"/approve", url.Values{"version": {"3"}}), 403)
	check := b.w.signedIn("checker")
	pagetest.Want(t, "the checker's list", check.Get("/console/support/approvals"), 200, one)
	pagetest.Want(t, "the approval", check.Send(one+"/approve", url.Values{"version": {"3"}}), 200, "REV-1", "Resolved")
}

func TestAMemberIsFoundWithoutTheNumberInAnAddress(t *testing.T) {
	b := withHelpdesk(t)
	desk := b.w.signedIn("support")
	pagetest.Want(t, "nobody", desk.Send("/console/support/members", url.Values{"member": {"M-7"}}), 404, "no member with this number")
	got := desk.Send("/console/support/members", url.Values{"member": {" M-000042 "}})
	pagetest.Want(t, "the member", got, 200, "M-000042", "SKY-000042", "LED lamp", "3,000 SKY")
	if got.Path != "/console/support/members/"+b.account.String() {
		t.Errorf("it is at %s", got.Path)
	}
	pagetest.Want(t, "another account", desk.Get("/console/support/members/"+strings.Repeat("0", 32)), 404)
	give := func(points, key string) pagetest.Answer {
		return desk.Send(got.Path+"/act", url.Values{"kind": {"goodwill"}, "points": {points}, "reference": {"CRM-1"}, "text": {"outage"}, "key": {key}})
	}
	pagetest.Want(t, "goodwill", give("80", "k1"), 200, "Goodwill points", "80")
	pagetest.Want(t, "no number", give("many", "k2"), 422, "digits only", "outage")
	pagetest.Want(t, "above the limit", give("500", "k3"), 200, "waits for approval")
	pagetest.Want(t, "sent twice", give("500", "k3"), 200)
	pagetest.Want(t, "frozen", desk.Send(got.Path+"/act", url.Values{"kind": {"freeze"}, "text": {"strange"}, "key": {"k4"}}), 200, "Frozen")
	pagetest.Want(t, "unfreezing", desk.Send(got.Path+"/act", url.Values{"kind": {"unfreeze"}, "text": {"cleared"}, "key": {"k5"}}), 200, "waits for approval")
	acts, err := b.service.Acts(context.Background(), support.ActFilter{State: support.ActProposed, Limit: 10})
	must(t, err)
	if len(acts) != 2 {
		t.Fatalf("%d are proposed, want 2", len(acts))
	}
	freed, given := acts[0], acts[1]
	if freed.Kind != support.Unfreeze { // both are of the same millisecond
		freed, given = given, freed
	}
	path := "/console/support/acts/" + freed.ID.String()
	pagetest.Want(t, "by the same person", desk.Send(path, url.Values{"do": {"approve"}}), 422, "ask a colleague")
	pagetest.Want(t, "by a colleague", b.w.signedIn("support.two").Send(path, url.Values{"do": {"approve"}}), 200, "Done.")
	pagetest.Want(t, "points by a colleague", b.w.signedIn("support.two").Send("/console/support/acts/"+given.ID.String(), url.Values{"do": {"approve"}}), 422, "checker")
}

func TestAHeldConversionIsReleasedWithAReason(t *testing.T) {
	b := withHelpdesk(t)
	desk := b.w.signedIn("support")
	pagetest.Want(t, "the queue", desk.Get("/console/support/reviews"), 200, "3,000 SKY → 1,000 EPT", "go back to it within hours")
	path := "/console/support/reviews/" + b.id(2).String()
	pagetest.Want(t, "without a reason", desk.Send(path, url.Values{"do": {"release"}}), 422)
	pagetest.Want(t, "released", desk.Send(path, url.Values{"do": {"release"}, "text": {"the member called"}}), 200, "Released", "Nothing is held")
	pagetest.Want(t, "again", desk.Send(path, url.Values{"do": {"refuse"}, "text": {"no"}}), 422, "decided already")
}

func TestNobodyElseSeesSupport(t *testing.T) {
	b := withHelpdesk(t)
	for _, login := range []string{"maker", "viewer", "admin", "sky.finance"} {
		user := b.w.signedIn(login)
		for _, path := range []string{"/console/support", "/console/support/members", "/console/support/members/" + b.account.String(), "/console/support/reviews", "/console/support/disputes/" + b.dispute.ID.String(), "/console/support/approvals"} {
			if got := user.Do(http.MethodGet, path, nil); got.Status != 403 && got.Status != 404 {
				t.Errorf("%s opens %s: %d", login, path, got.Status)
			}
		}
	}
}

// TestADayAtTheHelpdesk walks the pages in a real browser.
func TestADayAtTheHelpdesk(t *testing.T) {
	chrome := browsertest.Start(t)
	for _, look := range browsertest.Looks {
		t.Run(look.Name, func(t *testing.T) {
			b := withHelpdesk(t)
			desk := b.w.office(t, chrome, look, "support", "/console/support")
			desk.Look("support-1-desk")
			desk.open("/console/support/disputes/"+b.dispute.ID.String(), "support-2-dispute")
			desk.Type("#message", "请问是哪一天？")
			desk.Follow("form[action$='/message'] button")
			desk.open("/console/support/members", "support-3-search")
			desk.Type("#member", "M-000042")
			desk.Follow("form[action$='/members'] button")
			desk.Look("support-4-member")
			desk.Type("#points-given", "900")
			desk.Type("#reference", "CRM-7")
			desk.Type("#why", "停电未提前通知")
			desk.Follow("form[action$='/act'] button")
			desk.Look("support-5-goodwill-proposed")
			desk.open("/console/support/reviews", "support-6-reviews")
			check := b.w.office(t, chrome, look, "checker", "/console/support/approvals")
			check.Look("support-7-approvals")
			check.Follow("button[value=approve]")
			check.Look("support-8-approved")
		})
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func helpdeskOf(b *bench) *console.Helpdesk {
	return &console.Helpdesk{Support: b.service, Members: b, Conversions: found{b}, Orders: found{b}, Ledger: b.w.stand.Ledger, History: found{b}, Links: b.links}
}
