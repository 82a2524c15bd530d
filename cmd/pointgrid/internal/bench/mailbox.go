package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/client"
)

// mailbox is an endpoint that answers at once, and verifies what it gets.
type mailbox struct {
	now      func() time.Time
	server   *http.Server
	verifier *client.Verifier
	remove   func()

	mu          sync.Mutex
	seen        map[int64]bool // sequences
	first, last time.Time
	wrong       error // the first message that could not be verified
}

// openMailbox listens, and makes the caller's endpoint for conversions.
func openMailbox(ctx context.Context, caller *client.Client, now func() time.Time) (*mailbox, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &mailbox{now: now, seen: map[int64]bool{}}
	b.server = &http.Server{Handler: b, ReadHeaderTimeout: 5 * time.Second}
	e, err := caller.CreateWebhookEndpoint(ctx, client.WebhookEndpoint{URL: "http://" + l.Addr().String(), Events: []string{"conversion.*"}}, "")
	if err != nil {
		return nil, err
	}
	b.remove = func() { _ = caller.DeleteWebhookEndpoint(ctx, e.ID) } // the sandbox ends with the bench
	secrets, err := caller.WebhookSecrets(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	if b.verifier, err = client.NewVerifier(now, secrets...); err != nil {
		return nil, err
	}
	go func() { _ = b.server.Serve(l) }() // it ends with close
	return b, nil
}

func (b *mailbox) close() {
	b.remove()
	_ = b.server.Close() // there is nothing to finish
}

const messageMax = 64 << 10 // bytes; the gateway's are far smaller

// ServeHTTP implements [http.Handler].
func (b *mailbox) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(out, in.Body, messageMax))
	var e *client.Event
	if err == nil {
		e, err = b.verifier.Verify(in.Header, body)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		if b.wrong == nil {
			b.wrong = err
		}
		out.WriteHeader(http.StatusBadRequest)
		return
	}
	b.last = b.now()
	if len(b.seen) == 0 {
		b.first = b.last
	}
	b.seen[e.Sequence] = true
}

// arrivalMax bounds how long the last message may take.
const arrivalMax = time.Minute

// await returns once so many messages have come. They must have the numbers from
// 1 on.
func (b *mailbox) await(ctx context.Context, want int64) error {
	ctx, cancel := context.WithTimeout(ctx, arrivalMax)
	defer cancel()
	for {
		n, wrong := b.count()
		if wrong != nil || n >= want {
			return b.complete(want, wrong)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d webhooks came", n, want)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (b *mailbox) count() (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return int64(len(b.seen)), b.wrong
}

func (b *mailbox) complete(want int64, wrong error) error {
	if wrong != nil {
		return wrong
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for n := int64(1); n <= want; n++ {
		if !b.seen[n] {
			return fmt.Errorf("webhook %d of %d did not come, and one above did", n, want)
		}
	}
	return nil
}

// figures returns how many came, and within which time.
func (b *mailbox) figures() (int64, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return int64(len(b.seen)), b.last.Sub(b.first)
}

// blackHole listens, accepts what comes and does nothing with it.
func blackHole() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		var held []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				for _, c := range held {
					_ = c.Close() // nothing was promised
				}
				return
			}
			held = append(held, c)
		}
	}()
	return l, nil
}
