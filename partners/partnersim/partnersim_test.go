package partnersim_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

const keyID = "gateway-1"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// running is a host that serves on 127.0.0.1, and the gateway's key that it
// trusts.
type running struct {
	*partnersim.Host
	url string
	key ed25519.PrivateKey
}

// start starts a host with ten members of 1,000 points each.
func start(t testing.TB, change func(*partnersim.Options)) *running {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	o := partnersim.Options{
		Dir: "books", FS: vfs.NewMem(), Programme: "SKY", Members: 10, Balance: 1000,
		Keys: signature.StaticKeys{keyID: public}, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	host, err := partnersim.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Host: host, key: private}
	r.url = r.serve(t)
	return r
}

func (r *running) serve(t testing.TB) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, r.Close()); err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

func (r *running) signer(t testing.TB) *signature.Signer {
	t.Helper()
	signer, err := signature.NewSigner(keyID, r.key, time.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// client is a client of one attempt, whose breaker never opens.
func (r *running) client(t testing.TB, change func(*connector.Options)) *connector.Client {
	t.Helper()
	o := connector.Options{
		BaseURL: r.url, Partner: "sky", Signer: r.signer(t), Attempts: 1, Timeout: 5 * time.Second,
		BackoffFirst: time.Microsecond, BackoffMax: time.Millisecond,
		Clock: time.Now, Rand: func(int64) int64 { return 0 }, Logger: slog.New(slog.DiscardHandler),
		Breaker: connector.BreakerOptions{Failures: 1 << 30},
	}
	if change != nil {
		change(&o)
	}
	c, err := connector.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func newID(t testing.TB) (id connector.ID) {
	t.Helper()
	if _, err := rand.Read(id[:]); err != nil {
		t.Fatal(err)
	}
	return id
}

func transfer(t testing.TB, amount int64) connector.Transfer {
	t.Helper()
	return connector.Transfer{ID: newID(t), Membership: "SKY-000001", Programme: "SKY", Amount: amount, OccurredAt: noon}
}

func reversal(t testing.TB, of connector.ID, amount int64) connector.Reversal {
	t.Helper()
	return connector.Reversal{ID: newID(t), TransferID: of, Amount: amount, OccurredAt: noon}
}

func (r *running) set(t testing.TB, faults ...partnersim.Fault) {
	t.Helper()
	if err := r.Faults().Set(faults...); err != nil {
		t.Fatal(err)
	}
}

// wantBalance checks the first member's balance and the law of the books.
func (r *running) wantBalance(t testing.TB, want int64) {
	t.Helper()
	m, err := r.Member("SKY-000001")
	if err != nil || m.Balance != want {
		t.Fatalf("balance is %d, %v; want %d", m.Balance, err, want)
	}
	if err := r.Audit(); err != nil {
		t.Fatal(err)
	}
}

func TestBooksSurviveARestart(t *testing.T) {
	disk := vfs.NewMem()
	tr := transfer(t, 400)
	var key ed25519.PrivateKey
	var first connector.Answer
	t.Run("first start", func(t *testing.T) {
		host := start(t, func(o *partnersim.Options) { o.FS = disk })
		key = host.key
		var err error
		if first, err = host.client(t, nil).Debit(t.Context(), tr); err != nil || first.Outcome != connector.Done {
			t.Fatalf("got %+v, %v", first, err)
		}
	})
	t.Run("second start", func(t *testing.T) {
		host := start(t, func(o *partnersim.Options) {
			o.FS = disk
			o.Keys = signature.StaticKeys{keyID: key.Public().(ed25519.PublicKey)}
			o.Members, o.Balance = 20, 7 // do not count any more
		})
		host.key = key
		host.wantBalance(t, 600)
		client := host.client(t, nil)
		if again, err := client.Debit(t.Context(), tr); err != nil || again != first {
			t.Fatalf("got %+v, %v; want %+v", again, err, first)
		}
		other, err := client.Debit(t.Context(), transfer(t, 1))
		if err != nil || other.Reference == first.Reference {
			t.Fatalf("a reference was used twice: %+v, %v", other, err)
		}
	})
}

func TestBooksOfAnotherProgrammeAreRefused(t *testing.T) {
	disk := vfs.NewMem()
	t.Run("first start", func(t *testing.T) { start(t, func(o *partnersim.Options) { o.FS = disk }) })
	for name, change := range map[string]func(*partnersim.Options){
		"programme": func(o *partnersim.Options) { o.Programme = "SEA" },
		"scale":     func(o *partnersim.Options) { o.Scale = 2 },
	} {
		o := partnersim.Options{Dir: "books", FS: disk, Programme: "SKY", Keys: signature.StaticKeys{}, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)}
		change(&o)
		if _, err := partnersim.Open(o); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*partnersim.Options){
		"no directory":     func(o *partnersim.Options) { o.Dir = "" },
		"bad programme":    func(o *partnersim.Options) { o.Programme = "sky" },
		"bad scale":        func(o *partnersim.Options) { o.Scale = 7 },
		"negative members": func(o *partnersim.Options) { o.Members = -1 },
		"negative balance": func(o *partnersim.Options) { o.Balance = -1 },
		"bad prefix":       func(o *partnersim.Options) { o.Prefix = "two words" },
		"no keys":          func(o *partnersim.Options) { o.Keys = nil },
		"no clock":         func(o *partnersim.Options) { o.Clock = nil },
	} {
		o := partnersim.Options{Dir: "books", FS: vfs.NewMem(), Programme: "SKY", Keys: signature.StaticKeys{}, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)}
		change(&o)
		if _, err := partnersim.Open(o); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func TestAHundredThousandMembersAreOpenedQuickly(t *testing.T) {
	host := start(t, func(o *partnersim.Options) { o.Members, o.Dir, o.FS = 100_000, t.TempDir(), vfs.Default })
	b, err := host.Books()
	if err != nil || b.Members != 100_000 || b.Balances != 100_000_000 {
		t.Fatalf("got %+v, %v", b, err)
	}
	if m, err := host.Member("SKY-100000"); err != nil || m.Balance != 1000 {
		t.Fatalf("got %+v, %v", m, err)
	}
}

// noKeys is a key source that cannot be reached.
type noKeys struct{}

func (noKeys) Key(context.Context, string) (ed25519.PublicKey, error) {
	return nil, errors.New("no route to the gateway")
}

func TestAHostThatCannotFetchKeysPromisesToHaveDoneNothing(t *testing.T) {
	host := start(t, func(o *partnersim.Options) { o.Keys = noKeys{} })
	_, err := host.client(t, nil).Debit(t.Context(), transfer(t, 1))
	if !errors.Is(err, connector.ErrBusy) || connector.RetryAfter(err) == 0 {
		t.Fatalf("got %v, want ErrBusy with a time to come back", err)
	}
}

func TestShutdownEndsCallsThatHang(t *testing.T) {
	var hanging chan error
	t.Run("host", func(t *testing.T) {
		host := start(t, nil)
		host.set(t, partnersim.Fault{Verb: partnersim.AnyVerb, Kind: partnersim.FaultHang})
		client := host.client(t, func(o *connector.Options) { o.Timeout = time.Minute })
		hanging = make(chan error, 1)
		tr := transfer(t, 1)
		go func() {
			_, err := client.Debit(context.Background(), tr)
			hanging <- err
		}()
	}) // the host is shut down here
	select {
	case err := <-hanging:
		if err == nil {
			t.Fatal("answered")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the call still hangs")
	}
}
