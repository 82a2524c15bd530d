package exchange_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http/httptest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// The gateway's key for calls to partners, of the tests only.
var callKey = ed25519.NewKeyFromSeed([]byte("32 bytes of a key for tests only"))

const callKeyID = "gateway-test"

// simulation is the partners that we call, as real programs behind HTTP.
type simulation struct {
	hosts map[string]*partnersim.Host
	urls  map[string]string
}

func simulate(t tb) *simulation {
	t.Helper()
	s := &simulation{hosts: map[string]*partnersim.Host{}, urls: map[string]string{}}
	for _, p := range companies {
		if p.Connector.URL == "" {
			continue
		}
		host, err := partnersim.Open(partnersim.Options{Dir: "books", FS: vfs.NewMem(), Programme: p.Programme, Scale: p.Scale,
			Keys:  signature.StaticKeys{callKeyID: callKey.Public().(ed25519.PublicKey)},
			Clock: time.Now, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		must(t, err)
		server := httptest.NewServer(host.Handler())
		t.Cleanup(func() {
			server.CloseClientConnections()
			server.Close()
			must(t, host.Audit())
			must(t, host.Close())
		})
		s.hosts[p.Code], s.urls[p.Code] = host, server.URL
	}
	return s
}

// join opens a member's memberships.
func (s *simulation) join(t tb, number string) {
	t.Helper()
	for code, host := range s.hosts {
		must(t, host.OpenMember(membership(code, number), connector.MemberActive, milesOpened))
	}
}

func (s *simulation) balance(t tb, partner, number string) int64 {
	t.Helper()
	m, err := s.hosts[partner].Member(membership(partner, number))
	must(t, err)
	return m.Balance
}

// dial returns clients of the partners.
func dial(urls map[string]string) (map[string]connector.Host, error) {
	signer, err := signature.NewSigner(callKeyID, callKey, time.Now, rand.Reader)
	if err != nil {
		return nil, err
	}
	hosts := map[string]connector.Host{}
	for code, url := range urls {
		hosts[code], err = connector.New(connector.Options{BaseURL: url, Partner: code, Signer: signer,
			Timeout: 300 * time.Millisecond, StatusTimeout: 300 * time.Millisecond, Attempts: 1,
			Breaker: connector.BreakerOptions{Failures: 1 << 30},
			Clock:   time.Now, Rand: mathrand.Int64N, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			return nil, err
		}
	}
	return hosts, nil
}
