package main_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/web/page/browsertest"
)

// customer is a member of a sandbox at a phone.
type customer struct {
	*browsertest.Tab
	*testing.T
	sandbox *client.Client // as the utility's program
	url     string
	number  int
}

func (c customer) member() string   { return fmt.Sprintf("M-%06d", c.number) }
func (c customer) contract() string { return fmt.Sprintf("C-%06d", c.number) }

// TestAMemberLivesWithTheSandbox is the way of a member through the real program, on a
// phone, on both ledgers: earn, see it, convert, pay part of a bill with it, order and
// cancel, and dispute.
func TestAMemberLivesWithTheSandbox(t *testing.T) {
	for _, home := range []struct {
		ledger string
		look   browsertest.Look
	}{{"embedded", browsertest.Looks[3]}, {"fabric", browsertest.Looks[2]}} {
		t.Run(home.ledger, func(t *testing.T) {
			if home.ledger == "fabric" {
				networktest.Programs(t)
			}
			chrome, dir := browsertest.Start(t), t.TempDir()
			s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir, "--ledger", home.ledger, "--days", "0", "--events", "0")
			c := customer{Tab: chrome.Open(t, home.look), T: t, sandbox: api(t, s, dir, "utility"), url: s.url(), number: 21}
			c.earn()
			c.signIn()
			c.convert()
			c.payBill()
			c.orderAndCancel()
			c.dispute()
		})
	}
}

// ask sends a request as the utility.
func (c customer) ask(method, path string, body, into any) {
	c.Helper()
	if _, err := c.sandbox.Do(c.Context(), client.Request{Method: method, Path: path, Body: body}, into); err != nil {
		c.Fatal(err)
	}
}

func (c customer) earn() {
	var event struct{ State, Points string }
	c.ask("POST", "/v1/reward_events", map[string]any{"id": "PAY-" + c.member(), "member": c.member(), "kind": "prepayment", "channel": "app",
		"segment": "residential", "occurred_at": time.Now().UTC().Format(time.RFC3339), "amount": "20000"}, &event)
	if event.State != "issued" || event.Points != "300" {
		c.Fatalf("a prepayment of 200 yuan in the app earned %+v", event)
	}
}

// signIn goes to the page of points, which asks who it is, and finds what was earned.
func (c customer) signIn() {
	c.Go(c.url+"/mall/points", "1-sign-in")
	c.Follow("a[href*='/sign-in/start']")
	c.Type("#member", c.member())
	c.Follow("form[action='/authorize/choice'] button")
	if at := c.Path(); at != "/mall/points" {
		c.Fatalf("after sign-in the member is at %s", at)
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(c.Text("main"), "300"); c.Go(c.url+"/mall/points", "2-points") {
		if time.Now().After(deadline) {
			c.Fatalf("what was earned does not show:\n%s", c.Tab.Text("main"))
		}
	}
	c.Go(c.url+"/mall", "3-home")
}

// press clicks on what leads to another page, once the tab bar does not cover it.
func (c customer) press(selector string) {
	c.Value(fmt.Sprintf(`document.querySelector(%q).scrollIntoView({block: "center"}), ""`, selector))
	c.Follow(selector)
}

func (c customer) convert() {
	c.Go(c.url+"/mall/convert?from=EPT&to=SKY&amount=100", "4-convert")
	c.press("#outcome form button")
	c.Look("5-quote")
	c.press("form[action^='/mall/quotes/'] button")
	id, found := strings.CutPrefix(c.Path(), "/mall/conversions/")
	if !found {
		c.Fatalf("after the conversion the member is at %s", c.Path())
	}
	c.becomes("/v1/conversions/"+id, "completed")
	c.Go(c.url+"/mall/conversions/"+id, "6-converted")
}

// becomes waits until something is in a state.
func (c customer) becomes(path, want string) {
	c.Helper()
	var got struct{ Status string }
	for deadline := time.Now().Add(20 * time.Second); got.Status != want; c.ask("GET", path, nil, &got) {
		if time.Now().After(deadline) {
			c.Fatalf("%s is %q, want %s", path, got.Status, want)
		}
	}
}

func (c customer) payBill() {
	c.Go(c.url+"/mall/products/bill-10", "7-bill")
	c.Type("#contract", c.contract())
	c.press("form.card .button-main")
	c.Look("8-bill-confirm")
	c.press("form.order-bar .button-main")
	c.becomes("/v1"+strings.TrimPrefix(c.Path(), "/mall"), "fulfilled")
	c.Go(c.url+c.Path(), "9-bill-credited")
}

func (c customer) orderAndCancel() {
	c.Go(c.url+"/mall/products/led-bulbs", "10-goods")
	for field, text := range map[string]string{"name": "王芳", "phone": "13800000000", "region": "北京市朝阳区", "street": "长安街 1 号"} {
		c.Type("#"+field, text)
	}
	c.press("form.card .button-main")
	c.press("form.order-bar .button-main")
	order := c.Path()
	c.becomes("/v1"+strings.TrimPrefix(order, "/mall"), "held")
	c.Go(c.url+order, "11-ordered")
	c.press("a[href$='/cancel']")
	c.Look("12-cancel")
	c.press(".button-bad")
	c.becomes("/v1"+strings.TrimPrefix(order, "/mall"), "cancelled")
	c.Go(c.url+order, "13-cancelled")
}

func (c customer) dispute() {
	c.press("a[href*='/mall/disputes/new']")
	c.Click("input[name=reason]")
	c.Type("#text", "我没有取消这个订单。")
	c.press("form.card .button-main")
	c.Look("14-disputed")
	var all struct{ Disputes []struct{ ID, State string } }
	c.ask("GET", "/v1/disputes", nil, &all)
	if !strings.HasPrefix(c.Path(), "/mall/disputes/") || len(all.Disputes) == 0 || all.Disputes[0].State != "open" {
		c.Fatalf("at %s; the disputes are %+v", c.Path(), all.Disputes)
	}
}
