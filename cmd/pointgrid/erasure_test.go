package main_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
)

// TestAnErasedMemberIsNowhere has a member earn, convert, order and return, erases the
// member, and looks for number, memberships, contract account and address in everything
// that the gateway has. Afterwards the night, reconciliation and verification work on
// what the member left behind, and who comes back is somebody new.
func TestAnErasedMemberIsNowhere(t *testing.T) {
	dir := t.TempDir()
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir, "--days", "2", "--events", "200")
	const n = 17
	m := &story{T: t, dir: dir, s: s, number: sandbox.Member(n), link: sandbox.LinkID(sandbox.CompanyOf("sky"), n).String()}
	m.utility, m.sky = api(t, s, dir, sandbox.UtilityClient), api(t, s, dir, "sky")
	m.live()
	account := m.account()
	m.exported(account)
	m.erase(account)
	m.nights()
	receipt := m.receipt
	if code := s.end(t); code != 0 {
		t.Errorf("exit code %d:\n%s", code, s.out)
	}
	home := filepath.Join(dir, "gateway")
	for _, args := range [][]string{
		{"verify", receipt, "--key", filepath.Join(home, "keys", "jwks.json")},
		{"migrate", "--config", filepath.Join(dir, "pointgrid.yaml"), "--rebuild"},
	} {
		if out, code := run(t, args...); code != 0 {
			t.Errorf("%v: exit code %d:\n%s", args, code, out)
		}
	}
	names := []string{m.number, "SKY-000017", "MART-000017", "TEL-000017", sandbox.ContractAccount(m.number), "3301-99817", "王小明", "13800001717"}
	nowhere(t, home, names)
	m.notComputed(home, account)
	m.s = start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	m.utility = api(t, m.s, dir, sandbox.UtilityClient)
	if again := m.account(); again == account {
		t.Error("who comes back has the former account")
	}
}

// story is what a member does, and what becomes of it.
type story struct {
	*testing.T
	dir, number, link string
	s                 *started
	utility, sky      *client.Client
	receipt           string // a file
}

func (m *story) do(c *client.Client, r client.Request, into any) {
	m.Helper()
	if _, err := c.Do(context.Background(), r, into); err != nil {
		m.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
}

func (m *story) live() {
	var made struct{ ID, Status string }
	m.do(m.utility, client.Request{Method: "POST", Path: "/v1/reward_events", Body: map[string]any{"id": "PAY-17", "member": m.number, "kind": "prepayment", "channel": "app",
		"contract_account": "3301-99817", "occurred_at": time.Now().UTC().Add(-time.Hour).Format(time.RFC3339), "amount": "20000"}}, nil)
	for _, way := range [][3]string{{"SKY", "EPT", "3000"}, {"EPT", "SKY", "100"}, {"SKY", "MART", "3000"}} {
		m.do(m.sky, client.Request{Method: "POST", Path: "/v1/conversions", Key: m.number + "-" + way[0] + way[1], Header: http.Header{"Prefer": {"wait=30"}},
			Body: map[string]string{"source": way[0], "destination": way[1], "amount": way[2], "link_id": m.link}}, &made)
	}
	m.do(m.sky, client.Request{Method: "POST", Path: "/v1/conversions/" + made.ID + "/reversals", Key: "SKY-000017-back", Header: http.Header{"Prefer": {"wait=30"}},
		Body: map[string]string{"amount": "300", "reason": "asked for by SKY-000017"}}, nil)
	var receipt json.RawMessage
	m.do(m.sky, client.Request{Method: "GET", Path: "/v1/conversions/" + made.ID + "/receipt"}, &receipt)
	m.order("bill-10", map[string]any{"contract_account": sandbox.ContractAccount(m.number)}, "1000")
	sent := m.order("led-bulbs", map[string]any{"address": map[string]string{"name": "王小明", "phone": "13800001717", "region": "北京", "street": "长安街 17"}}, "2600")
	m.do(m.utility, client.Request{Method: "POST", Path: "/v1/orders/" + sent + "/shipment", Body: map[string]string{"reference": "SF-17"}}, nil)
	m.do(m.utility, client.Request{Method: "POST", Path: "/v1/orders/" + sent + "/returns", Key: "return-17", Header: http.Header{"Prefer": {"wait=10"}},
		Body: map[string]any{"quantity": 1, "reason": "王小明 wants another", "restock": true}}, nil)
	m.receipt = filepath.Join(m.dir, "receipt-17.json")
	m.until("the receipt is final", func() bool {
		m.do(m.sky, client.Request{Method: "GET", Path: "/v1/conversions/" + made.ID + "/receipt"}, &receipt)
		return !strings.Contains(string(receipt), `"provisional":true`)
	})
	if err := os.WriteFile(m.receipt, receipt, 0o600); err != nil {
		m.Fatal(err)
	}
}

// order buys one at the points that are asked for, or at what the answer says they are.
func (m *story) order(product string, more map[string]any, points string) string {
	var made struct{ ID string }
	body := map[string]any{"member": m.number, "product": product, "quantity": 1, "price": map[string]string{"points": points, "fen": "0"}}
	for k, v := range more {
		body[k] = v
	}
	m.do(m.utility, client.Request{Method: "POST", Path: "/v1/orders", Key: "order-of-" + m.number + "-" + product, Header: http.Header{"Prefer": {"wait=10"}}, Body: body}, &made)
	return made.ID
}

func (m *story) until(what string, is func() bool) {
	m.Helper()
	for deadline := time.Now().Add(40 * time.Second); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.Fatalf("in vain was waited until %s\n%s", what, m.s.out)
		}
	}
}

func (m *story) account() string {
	var known struct{ Members []struct{ Account string } }
	m.do(m.utility, client.Request{Method: "POST", Path: "/v1/members", Body: map[string]any{"members": []string{m.number}}}, &known)
	return known.Members[0].Account
}

func (m *story) exported(account string) {
	var got struct {
		Member              struct{ Number string }
		Links, Conversions  []json.RawMessage
		Orders, Transfers   []json.RawMessage
		RewardEvents        []json.RawMessage `json:"reward_events"`
		ExpiryAnnouncements []json.RawMessage `json:"expiry_announcements"`
		Balance             struct{ Available string }
	}
	m.do(m.utility, client.Request{Method: "GET", Path: "/v1/members/" + account + "/export"}, &got)
	if got.Member.Number != m.number || len(got.Links) != 3 || len(got.Conversions) < 3 || len(got.Orders) != 2 || len(got.RewardEvents) < 1 || got.Balance.Available == "" {
		m.Errorf("the export is %+v", got)
	}
}

func (m *story) erase(account string) {
	path := "/v1/members/" + account + "/erasure"
	var state struct {
		State, Code, Detail string
		Left                string `json:"points_left"`
	}
	m.do(m.utility, client.Request{Method: "GET", Path: path}, &state)
	m.do(m.utility, client.Request{Method: "POST", Path: path, Body: map[string]string{"forfeited_points": state.Left}}, &state)
	m.until("the member is erased", func() bool {
		m.do(m.utility, client.Request{Method: "GET", Path: path}, &state)
		if state.State == "withdrawn" {
			m.Fatalf("the erasure was withdrawn: %+v", state)
		}
		return state.State == "done"
	})
}

// nights moves the clock on by two days, and wants them settled and reconciled without a
// break.
func (m *story) nights() {
	var moved struct {
		Settled []struct{ ID, State string }
	}
	m.do(m.utility, client.Request{Method: "POST", Path: "/v1/sandbox/clock", Body: map[string]string{"advance": "48h"}}, &moved)
	if len(moved.Settled) < 3 {
		m.Errorf("the nights settled %+v", moved)
	}
	var breaks struct {
		Breaks []struct{ ID, Type, State string }
	}
	m.do(m.utility, client.Request{Method: "GET", Path: "/v1/breaks?limit=200"}, &breaks)
	for _, b := range breaks.Breaks {
		if b.Type == "unknown_member" {
			m.Errorf("reconciliation found %+v", b)
		}
	}
}

// notComputed tries what somebody could who has the key and the number.
func (m *story) notComputed(home, account string) {
	text, err := os.ReadFile(filepath.Join(home, "keys", "account.key"))
	if err != nil {
		m.Fatal(err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		m.Fatal(err)
	}
	unsalted, err := ledger.MemberAccount(key, m.number)
	if err != nil {
		m.Fatal(err)
	}
	if unsalted.String() == account {
		m.Error("the account follows from key and number")
	}
}

// nowhere fails for each file in which one of the names stands as a word.
func nowhere(t *testing.T, folder string, names []string) {
	t.Helper()
	var quoted []string
	for _, n := range names {
		quoted = append(quoted, regexp.QuoteMeta(n))
	}
	word := regexp.MustCompile(`(?:^|[^0-9A-Za-z])(` + strings.Join(quoted, "|") + `)(?:$|[^0-9A-Za-z])`)
	files := 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		files++
		for i, at := range word.FindAllIndex(b, 5) {
			if i < 2 {
				t.Errorf("%s has %q", path, b[max(0, at[0]-80):min(len(b), at[1]+40)])
			}
		}
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("%d files were read: %v", files, err)
	}
}
