package connector_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"time"

	cryptorand "crypto/rand"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// A debit whose answer is lost, and what to make of it.
func Example() {
	public, private, err := ed25519.GenerateKey(cryptorand.Reader)
	check(err)
	host, err := partnersim.Open(partnersim.Options{
		Dir: "books", FS: vfs.NewMem(), Programme: "SKY", Members: 1, Balance: 1000,
		Keys: signature.StaticKeys{"gateway": public}, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	check(err)
	server := httptest.NewServer(host.Handler())
	defer func() { server.Close(); check(host.Close()) }()

	signer, err := signature.NewSigner("gateway", private, time.Now, cryptorand.Reader)
	check(err)
	partner, err := connector.New(connector.Options{
		BaseURL: server.URL, Partner: "sky", Signer: signer, Attempts: 1,
		Clock: time.Now, Rand: rand.Int64N, Logger: slog.New(slog.DiscardHandler),
	})
	check(err)
	defer partner.Close()

	check(host.Faults().Set(partnersim.Fault{Verb: connector.VerbDebit, Kind: partnersim.FaultLoseAnswer, Count: 1}))

	ctx := context.Background()
	debit := connector.Transfer{
		ID: connector.ID{1: 0x98, 15: 1}, Membership: "SKY-000001", Programme: "SKY", Amount: 250,
		OccurredAt: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC),
	}
	answer, err := partner.Debit(ctx, debit)
	switch {
	case err == nil:
		fmt.Println("answered:", answer.Outcome)
	case errors.Is(err, connector.ErrRefused):
		fmt.Println("our request is wrong; nothing was done")
	case !connector.Unknown(err):
		fmt.Println("nothing was done; try again in", connector.RetryAfter(err))
	default:
		status, err := partner.Status(ctx, debit.ID)
		check(err)
		fmt.Println("unknown; the partner says:", status.Kind, "of", status.Amount, status.Outcome)
	}
	// Output: unknown; the partner says: debit of 250 done
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
