package mall_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	shop "github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/support/supporttest"
	"github.com/pointgrid/pointgrid/web/mall"
	"github.com/pointgrid/pointgrid/web/page/browsertest"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

// oneOrder is a shop with one order, and what support reaches of it.
type oneOrder struct {
	mall.Shop
	order *shop.Order
}

func (o *oneOrder) Order(_ context.Context, id ledger.ID) (*shop.Order, error) {
	if id != o.order.ID {
		return nil, shop.ErrNotFound
	}
	return o.order, nil
}

func (o *oneOrder) Orders(context.Context, shop.OrderFilter) ([]*shop.Order, error) {
	return []*shop.Order{o.order}, nil
}

func (o *oneOrder) Claims(context.Context, shop.ClaimFilter) ([]*shop.Claim, error) {
	return nil, nil
}

func (o *oneOrder) Codes(context.Context, *shop.Order) ([]string, error) { return nil, nil }

func (o *oneOrder) Returns(context.Context, ledger.ID) ([]*shop.Return, error) { return nil, nil }

func (o *oneOrder) Subject(_ context.Context, kind support.SubjectKind, id ledger.ID) (*support.Subject, error) {
	if kind != support.Order || id != o.order.ID {
		return nil, support.ErrNotFound
	}
	return &support.Subject{Kind: kind, ID: id, Member: o.order.Member, At: o.order.CreatedAt, Points: 600, Of: 2}, nil
}

func (o *oneOrder) Remedy(context.Context, support.Remedy) (support.Answer, error) {
	return support.Answer{Done: support.RemedyDone}, nil
}

func (o *oneOrder) AccountOf(_ context.Context, member string) (ledger.Account, error) {
	return ledger.MemberAccount(accountKey, member)
}

func (o *oneOrder) Held(context.Context, ledger.ID) (*support.Held, error) {
	return nil, support.ErrNotFound
}

func (o *oneOrder) Decide(context.Context, ledger.ID, bool) error { return nil }

// withDisputes is a world in which M-1 has ordered two lamps.
func withDisputes(t testing.TB) (*world, *support.Service, *shop.Order) {
	t.Helper()
	var service *support.Service
	o := &oneOrder{}
	w := newWorld(t, func(w *world, options *mall.Options) {
		o.order = &shop.Order{ID: w.newID(), Member: "M-1", Product: "lamp", Kind: shop.Goods, Name: shop.Text{ZH: "台灯", EN: "LED lamp"}, Quantity: 2, Points: 300, Status: shop.Fulfilled, Step: shop.StepDone,
			CreatedAt: w.clock.Now().UnixMilli(), FinishedAt: w.clock.Now().UnixMilli()}
		var err error
		service, err = support.New(support.Options{Ledger: w.ledger, Identity: utility, Store: supporttest.NewMemory(), Members: o, Subjects: o, Reviews: o, Limits: support.Limits{Case: 100, Day: 100, Remedy: 1000},
			Day: ledger.DateOf, Due: func(d ledger.Date) ledger.Date { return d + 3 }, Now: w.clock.Now, Random: rand.Reader, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		must(t, err)
		options.Shop, options.Disputes = o, service
	})
	return w, service, o.order
}

var disputeKey = regexp.MustCompile(`name="key" value="([^"]+)"`)

var staffOfTest = support.Person{ID: "anna"}

func TestAMemberDisputesAnOrder(t *testing.T) {
	w, service, order := withDisputes(t)
	b := w.signedIn("M-1")
	ask := "/mall/disputes/new?kind=order&id=" + order.ID.String()
	if got := b.Get("/mall/orders/" + order.ID.String()); got.Status != 200 || !strings.Contains(got.Body, "/mall/disputes/new?id="+order.ID.String()) {
		t.Errorf("the order's page does not lead there: %d", got.Status)
	}
	page := b.Get(ask)
	if page.Status != 200 || !strings.Contains(page.Body, "faulty") {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	form := url.Values{"kind": {"order"}, "id": {order.ID.String()}, "reason": {"faulty"}, "text": {"<b>坏了</b>"}, "key": {disputeKey.FindStringSubmatch(page.Body)[1]}}
	for range 2 { // sent twice
		got := b.Send("/mall/disputes", form)
		if got.Status != 200 || !strings.HasPrefix(got.Path, "/mall/disputes/") || !strings.Contains(got.Body, "&lt;b&gt;坏了") {
			t.Fatalf("it leads to %d %s\n%s", got.Status, got.Path, got.Body)
		}
	}
	all, err := service.MemberDisputes(context.Background(), "M-1", ledger.ID{}, 10)
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d were opened", len(all))
	}
	d, err := service.Message(context.Background(), staffOfTest, all[0].ID, 1, support.AskMember, "请发一张照片的描述")
	must(t, err)
	d, err = service.Message(context.Background(), staffOfTest, d.ID, d.Version, support.ToStaff, "second time this month")
	must(t, err)
	path := "/mall/disputes/" + d.ID.String()
	if got := b.Get(path); !strings.Contains(got.Body, "请发一张照片的描述") || strings.Contains(got.Body, "second time") {
		t.Errorf("the page is %s", got.Body)
	}
	if got := b.Send(path+"/messages", url.Values{"text": {"灯罩裂了"}}); got.Status != 200 || !strings.Contains(got.Body, "灯罩裂了") {
		t.Errorf("after the answer %d %s", got.Status, got.Body)
	}
	second := form
	second.Set("key", "another")
	if got := b.Send("/mall/disputes", second); got.Status != 422 || !strings.Contains(got.Body, "&lt;b&gt;坏了") {
		t.Errorf("a second dispute: %d %s", got.Status, got.Body)
	}
	if got := b.Get("/mall/me"); !strings.Contains(got.Body, `href="/mall/disputes"`) {
		t.Error("Me does not lead to the disputes")
	}
}

func TestNobodySeesAnothersDispute(t *testing.T) {
	w, service, order := withDisputes(t)
	d, _, err := service.Open(context.Background(), support.OpenRequest{Idempotency: support.Idempotency{Key: "k"}, Client: "mall", Member: "M-1", Kind: support.Order, Subject: order.ID, Reason: support.Faulty, Text: "broken"})
	must(t, err)
	b := w.signedIn("M-2")
	path := "/mall/disputes/" + d.ID.String()
	for _, got := range []pagetest.Answer{b.Get(path), b.Get("/mall/disputes/new?order=" + order.ID.String()), b.Get("/mall/disputes/new?conversion=" + order.ID.String()), b.Get("/mall/disputes/x"),
		b.Send(path+"/messages", url.Values{"text": {"hello"}}), b.Send("/mall/disputes", url.Values{"kind": {"order"}, "id": {order.ID.String()}, "reason": {"faulty"}, "text": {"mine"}, "key": {"k9"}})} {
		if got.Status != 404 {
			t.Errorf("%s answers %d", got.Path, got.Status)
		}
	}
	if got := b.Get("/mall/disputes"); strings.Contains(got.Body, d.ID.String()) {
		t.Error("it is in another's list")
	}
}

func TestADisputeOnAPhone(t *testing.T) {
	chrome := browsertest.Start(t)
	for _, look := range browsertest.Looks {
		t.Run(look.Name, func(t *testing.T) {
			w, service, order := withDisputes(t)
			tab := chrome.Open(t, look)
			tab.Go(w.url+"/test/sign-in?member=M-1", "dispute-home")
			tab.Go(w.url+"/mall/disputes", "dispute-none")
			tab.Go(w.url+"/mall/disputes/new?order="+order.ID.String(), "dispute-new")
			tab.Click("input[value=faulty]")
			tab.Type("#text", "灯罩裂了，希望退货。")
			tab.Follow("form.card .button-main")
			tab.Look("dispute-opened")
			all, err := service.MemberDisputes(t.Context(), "M-1", ledger.ID{}, 1)
			must(t, err)
			d, err := service.Message(t.Context(), staffOfTest, all[0].ID, 1, support.AskMember, "很抱歉。请问外包装是否完好？")
			must(t, err)
			tab.Go(w.url+"/mall/disputes/"+d.ID.String(), "dispute-asked")
			tab.Type("#text", "包装是好的。")
			tab.Follow("section form .button")
			d, err = service.Propose(t.Context(), staffOfTest, d.ID, d.Version+1, support.Proposal{Outcome: support.Upheld, Remedy: support.Return, Amount: 2, Goodwill: 50, Text: "已为您退货，积分退回原有效期。"})
			must(t, err)
			tab.Go(w.url+"/mall/disputes/"+d.ID.String(), "dispute-resolved")
			tab.Go(w.url+"/mall/disputes", "disputes")
		})
	}
}
