package docker_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/partners"
)

// member is the customer of the test: one of those who begin with points.
const member = "000042"

// conversion is what is asked for and what is answered.
type conversion struct {
	Source            string `json:"source"`
	Destination       string `json:"destination"`
	Amount            string `json:"amount"`
	LinkID            string `json:"link_id,omitempty"`
	Status            string `json:"status,omitempty"`
	DestinationAmount string `json:"destination_amount,omitempty"`
}

func (s *stage) ready(ctx context.Context) bool {
	return s.get(ctx, "gateway", "/readyz", nil) == http.StatusOK
}

// get reads JSON from gateway or a partner without a token; 0 is no answer.
func (s *stage) get(ctx context.Context, name, path string, out any) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.ports[name]+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	if out != nil {
		if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
			s.t.Fatalf("%s%s: %v", name, path, err)
		}
	}
	return answer.StatusCode
}

// balances are those of the test's member in the companies' own books.
func (s *stage) balances(ctx context.Context) map[string]int64 {
	s.t.Helper()
	all := map[string]int64{}
	for _, code := range []string{"sky", "mart", "tel"} {
		var m struct {
			Balance int64 `json:"balance,string"`
		}
		if status := s.get(ctx, code, "/sim/members/"+strings.ToUpper(code)+"-"+member, &m); status != http.StatusOK {
			s.t.Fatalf("the books of %s answered %d", code, status)
		}
		all[code] = m.Balance
	}
	return all
}

func (s *stage) client(code string) *client.Client {
	s.t.Helper()
	key, err := partners.LoadOrCreateSigningKey(filepath.Join(s.dir, "alliance", "credentials", code+".pem"), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	// A balancer before both gateways would send requests to one that is ready.
	balanced := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.ports[s.gateway])
	}}
	s.t.Cleanup(balanced.CloseIdleConnections)
	c, err := client.New(client.Options{BaseURL: "http://" + s.ports["gateway"], ClientID: code, Key: key.Private, KeyID: key.ID, Now: time.Now,
		HTTP: &http.Client{Transport: balanced}})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// link links the test's member with a company.
func (s *stage) link(ctx context.Context, code string) {
	s.t.Helper()
	var link struct{ ID string }
	_, err := s.client(code).Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/links", Key: "link-" + code, Body: map[string]any{
		"member": "M-" + member, "membership": strings.ToUpper(code) + "-" + member,
		"consent": map[string]string{"text_version": "2026-1", "given_at": time.Now().UTC().Format(time.RFC3339), "channel": "app"}}}, &link)
	if err != nil {
		s.t.Fatalf("link with %s: %v", code, err)
	}
	s.links[code] = link.ID
}

func (s *stage) convert(ctx context.Context, code string, c conversion, key string) (conversion, error) {
	c.LinkID = s.links[code]
	_, err := s.client(code).Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/conversions", Body: c, Key: key}, &c)
	return c, err
}

// converts demands that a conversion is completed at once.
func (s *stage) converts(ctx context.Context, code string, c conversion, want string) {
	s.t.Helper()
	got, err := s.convert(ctx, code, c, rand.Text())
	if err != nil || got.Status != "completed" || got.DestinationAmount != want {
		s.t.Fatalf("%s %s to %s gave %s, %s, %v; want %s", c.Amount, c.Source, c.Destination, got.DestinationAmount, got.Status, err, want)
	}
}

// convertsAgain asks under the same key until a conversion is completed, as a
// partner's program does whose peer has just come back.
func (s *stage) convertsAgain(ctx context.Context, code string, c conversion, want string) {
	s.t.Helper()
	key := rand.Text()
	var got conversion
	s.await(ctx, c.Source+" to "+c.Destination, func() bool {
		var err error
		got, err = s.convert(ctx, code, c, key)
		return err == nil && got.Status == "completed"
	})
	if got.DestinationAmount != want {
		s.t.Errorf("%s %s gave %s, want %s", c.Amount, c.Source, got.DestinationAmount, want)
	}
}
