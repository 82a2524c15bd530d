package simulation

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// reference is a partner's program behind HTTP, with two members.
func reference(t *testing.T) (*partnersim.Host, connector.Host) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	host, err := partnersim.Open(partnersim.Options{Dir: "books", FS: vfs.NewMem(), Programme: "MILES", Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		Keys: signature.StaticKeys{"key": key.Public().(ed25519.PublicKey)}})
	must(t, err)
	server := httptest.NewServer(host.Handler())
	t.Cleanup(func() {
		server.Close()
		must(t, host.Close())
	})
	signer, err := signature.NewSigner("key", key, time.Now, throw(1, "nonces", 0))
	must(t, err)
	client, err := connector.New(connector.Options{BaseURL: server.URL, Partner: "sky", Signer: signer, Timeout: 5 * time.Second, Clock: time.Now,
		Rand: rand.Int64N, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	return host, client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestPartnersKeepTheRulesOfTheReferenceHost has a partner of the simulation and the
// reference host do the same, and compares every answer.
func TestPartnersKeepTheRulesOfTheReferenceHost(t *testing.T) {
	host, client := reference(t)
	own := newBooks(&world{}, "sky", "MILES")
	for _, m := range []string{"a", "b"} {
		must(t, host.OpenMember(m, connector.MemberActive, 300))
		own.balances[m] = 300
	}
	d, ctx := throw(7, "calls", 0), context.Background()
	for range 600 {
		id := connector.ID{6: 0x70, 8: 0x80, 15: byte(1 + d.IntN(40))}
		at, member, amount := time.Unix(1_800_000_000, 0), []string{"a", "b", "c"}[id[15]%3], int64(1+id[15]%7)*20
		transfer := connector.Transfer{ID: id, Membership: member, Programme: "MILES", Amount: amount, OccurredAt: at}
		switch d.IntN(4) {
		case 0: // the same ID is always the same movement
			kind, call := connector.Debit, client.Debit
			if id[15]%2 == 0 {
				kind, call = connector.Credit, client.Credit
			}
			want, err := call(ctx, transfer)
			must(t, err)
			got, err := own.transfer(kind, transfer, "")
			must(t, err)
			compare(t, string(kind), id, want, got)
		case 1, 2:
			n := byte(d.IntN(3))
			r := connector.Reversal{ID: connector.ID{6: 0x70, 8: 0x80, 14: 1 + n, 15: id[15]}, TransferID: id, Amount: amount / int64(1+n), OccurredAt: at}
			want, err := client.Reverse(ctx, r)
			must(t, err)
			got, err := own.reverse(r, "")
			must(t, err)
			compare(t, "reverse", id, want, got)
		default:
			want, err := client.Status(ctx, id)
			must(t, err)
			got := own.status(id)
			if compare(t, "status", id, want.Answer, got.Answer); want.Kind != got.Kind || want.Amount != got.Amount {
				t.Errorf("status of %s: %s of %d, the reference says %s of %d", id, got.Kind, got.Amount, want.Kind, want.Amount)
			}
		}
	}
	for m, balance := range own.balances {
		if want, err := host.Member(m); err != nil || want.Balance != balance {
			t.Errorf("%s has %d, at the reference host %d, %v", m, balance, want.Balance, err)
		}
	}
}

// compare leaves out references and details, which every partner words for itself.
func compare(t *testing.T, what string, id connector.ID, want, got connector.Answer) {
	t.Helper()
	if want.Outcome != got.Outcome || want.DeclineCode != got.DeclineCode || want.ReversedAmount != got.ReversedAmount {
		t.Errorf("%s %s: %+v, the reference says %+v", what, id, got, want)
	}
}
