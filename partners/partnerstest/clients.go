package partnerstest

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/netip"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// Store is what the suites need: the notes of changes are read in the log.
type Store interface {
	partners.ClientStore
	partners.AccessStore
}

var noon = time.UnixMilli(1_770_000_000_000).UTC()

// entry is an entry of the log with every field set; the n-th is later than the
// one before.
func entry(n int, partner, client string) partners.Access {
	at := noon.Add(time.Duration(n) * time.Second)
	return partners.Access{ID: ledger.NewID(at, [10]byte{9: byte(n)}), At: at, Kind: partners.AccessRequest, Partner: partner, Client: client,
		Key: "k1", TokenID: "0123abcd", Method: "POST", Route: "/v1/quotes", Status: 422, Code: "off_step", Detail: "为什么", Took: 1500 * time.Microsecond,
		From: netip.MustParseAddr("2001:db8::7"), RequestID: "r-1"}
}

// client is a client with every field set.
func client(t *testing.T, id string) *partners.Client {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	suite.Must(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	suite.Must(t, err)
	return &partners.Client{ID: id, Partner: "sky", Name: "航空 nightly", Scopes: []partners.Scope{"quotes", "conversions"},
		Keys: []partners.Key{
			{ID: "k1", Algorithm: "EdDSA", Public: public, Configured: true, AddedAt: noon, RetiredAt: noon.Add(time.Hour)},
			{ID: "k2", Algorithm: "ES256", Public: &ec.PublicKey, AddedAt: noon, NotBefore: noon.Add(time.Minute), NotAfter: noon.Add(24 * time.Hour)}},
		Configured: true, Disabled: true, SignedRequests: true, BoundTokens: true,
		Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")},
		Revision: 1, CreatedAt: noon, UpdatedAt: noon.Add(time.Second)}
}

// RunClients checks that a store keeps the promises of [partners.ClientStore].
// open returns an empty store and cleans up after itself.
func RunClients(t *testing.T, open func(t *testing.T) Store) {
	suite.Run(t, open, suite.Promises[Store]{
		{"a client comes back as it was", clientRoundTrip},
		{"a client is changed from what it was", clientRevision},
		{"of many changes of one revision one is stored", racingChanges},
		{"a change and its note are stored together", changeWithNote},
		{"the stamp is another one after every change", stampMoves},
	})
}

func clientRoundTrip(t *testing.T, s Store) {
	plain := &partners.Client{ID: "a-plain", Name: "n", Scopes: []partners.Scope{"operator"}, Revision: 1, CreatedAt: noon, UpdatedAt: noon}
	full := client(t, "b-full")
	suite.Must(t, s.SaveClient(t.Context(), full, entry(1, "sky", "b-full")))
	suite.Must(t, s.SaveClient(t.Context(), plain, entry(2, "", "a-plain")))
	all, err := s.Clients(t.Context())
	suite.Must(t, err)
	if len(all) != 2 || !reflect.DeepEqual(all[0], plain) || !reflect.DeepEqual(all[1], full) {
		for _, c := range all {
			t.Errorf("came back %+v", *c)
		}
		t.Errorf("want %+v\nand %+v", *plain, *full)
	}
	all[1].Keys[0].ID = "changed"
	if again, err := s.Clients(t.Context()); err != nil || again[1].Keys[0].ID != "k1" {
		t.Errorf("what was handed out is not a copy: %v", err)
	}
}

func clientRevision(t *testing.T, s Store) {
	c := client(t, "a")
	suite.Must(t, s.SaveClient(t.Context(), c, entry(1, "sky", "a")))
	for _, revision := range []int64{1, 3} {
		c.Revision = revision
		if err := s.SaveClient(t.Context(), c, entry(2, "sky", "a")); !errors.Is(err, partners.ErrRevision) {
			t.Errorf("revision %d after 1: %v, want %v", revision, err, partners.ErrRevision)
		}
	}
	c.Revision, c.Name = 2, "other"
	suite.Must(t, s.SaveClient(t.Context(), c, entry(3, "sky", "a")))
	if all, err := s.Clients(t.Context()); err != nil || len(all) != 1 || all[0].Name != "other" || all[0].Revision != 2 {
		t.Errorf("came back %v, %v", all, err)
	}
	none := client(t, "new")
	none.Revision = 2
	if err := s.SaveClient(t.Context(), none, entry(4, "sky", "new")); !errors.Is(err, partners.ErrRevision) {
		t.Errorf("revision 2 of one that is not there: %v", err)
	}
}

func racingChanges(t *testing.T, s Store) {
	var wg sync.WaitGroup
	var stored atomic.Int32
	for n := range 16 {
		c := client(t, "a")
		wg.Go(func() {
			switch err := s.SaveClient(context.Background(), c, entry(n+1, "sky", "a")); {
			case err == nil:
				stored.Add(1)
			case !errors.Is(err, partners.ErrRevision):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := stored.Load(); n != 1 {
		t.Errorf("%d were stored", n)
	}
	if log, err := s.Accesses(t.Context(), partners.AccessFilter{All: true, Limit: 200}); err != nil || len(log) != 1 {
		t.Errorf("%d notes, %v", len(log), err)
	}
}

func changeWithNote(t *testing.T, s Store) {
	note := entry(1, "sky", "a")
	suite.Must(t, s.SaveClient(t.Context(), client(t, "a"), note))
	log, err := s.Accesses(t.Context(), partners.AccessFilter{Partner: "sky", Limit: 10})
	suite.Must(t, err)
	if len(log) != 1 || !reflect.DeepEqual(*log[0], note) {
		t.Errorf("the log has %+v, want %+v", log, note)
	}
}

func stampMoves(t *testing.T, s Store) {
	seen := map[int64]bool{}
	look := func() {
		t.Helper()
		stamp, err := s.ClientsStamp(t.Context())
		suite.Must(t, err)
		if again, err := s.ClientsStamp(t.Context()); err != nil || again != stamp || seen[stamp] {
			t.Errorf("stamp %d, then %d, %v", stamp, again, err)
		}
		seen[stamp] = true
	}
	a, b := client(t, "a"), client(t, "b")
	look()
	suite.Must(t, s.SaveClient(t.Context(), a, entry(1, "sky", "a")))
	look()
	suite.Must(t, s.SaveClient(t.Context(), b, entry(2, "sky", "b")))
	look()
	a.Revision = 2
	suite.Must(t, s.SaveClient(t.Context(), a, entry(3, "sky", "a")))
	look()
}
