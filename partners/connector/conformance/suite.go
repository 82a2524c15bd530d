package conformance

import (
	"crypto"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

// Target is the host to check.
type Target struct {
	BaseURL string
	// KeyID and Key are an Ed25519 key whose public half the host trusts. The suite
	// forges with it, so it is not the gateway's real one.
	KeyID string
	Key   crypto.Signer
	Clock func() time.Time // must agree with the host's

	Programme  string
	Membership string // active, used by nobody else meanwhile
	Balance    int64  // of it, 1,000 to 10¹²
	// Closed and Blocked are memberships of those statuses. Empty: what needs them
	// is skipped.
	Closed, Blocked string

	// Transport carries the requests; nil is the standard one. A test can put a
	// recorder here.
	Transport http.RoundTripper
}

// Run checks the target, one rule per subtest.
func Run(t *testing.T, target Target) {
	s := newSuite(t, target)
	for _, c := range [][]rule{memberRules, transferRules, statusRules, reversalRules, concurrencyRules, signatureRules, formatRules, statementRules} {
		for _, r := range c {
			t.Run(r.says, func(t *testing.T) {
				r.check(s, t)
				s.checkBalance(t)
			})
		}
	}
}

// rule is one sentence of the contract and its check.
type rule struct {
	says  string
	check func(s *suite, t *testing.T)
}

// suite is a run: what it has done so far and what must have come of it.
type suite struct {
	Target
	client  *connector.Client
	http    *http.Client
	signer  *signature.Signer
	day     time.Time // midnight, in the partner's zone, of the day all is booked on
	mu      sync.Mutex
	balance int64
	lines   map[connector.ID]connector.StatementLine // by transfer or reversal
}

func newSuite(t *testing.T, target Target) *suite {
	t.Helper()
	if target.Balance < 1000 || target.Balance > 1_000_000_000_000 {
		t.Fatalf("conformance: the member's balance is %d, the suite needs 1,000 to 10¹²", target.Balance)
	}
	if target.Transport == nil {
		target.Transport = http.DefaultTransport
	}
	s := &suite{Target: target, balance: target.Balance, lines: map[connector.ID]connector.StatementLine{}}
	s.http = &http.Client{Transport: target.Transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	s.signer = s.sign(t, target.KeyID, target.Key, 0)
	days := binary.BigEndian.Uint64(random(t, 8)) % (48 * 365)
	s.day = time.Date(2150, 1, 1, 0, 0, 0, 0, time.FixedZone("UTC+8", 8*60*60)).AddDate(0, 0, int(days))
	var err error
	s.client, err = connector.New(connector.Options{
		BaseURL: target.BaseURL, Partner: "target", Signer: s.signer, Transport: target.Transport,
		Attempts: 1, Timeout: 30 * time.Second, StatusTimeout: 30 * time.Second,
		Clock: target.Clock, Rand: func(int64) int64 { return 0 }, Logger: slog.New(slog.DiscardHandler),
		Breaker: connector.BreakerOptions{Failures: 1 << 30},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sign returns a signer whose clock is off by some time.
func (s *suite) sign(t *testing.T, keyID string, key crypto.Signer, off time.Duration) *signature.Signer {
	t.Helper()
	signer, err := signature.NewSigner(keyID, key, func() time.Time { return s.Clock().Add(off) }, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func random(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func newID(t testing.TB) (id connector.ID) {
	t.Helper()
	copy(id[:], random(t, len(id)))
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // a UUID of version 4
	return id
}

// transfer makes a transfer of the suite's member.
func (s *suite) transfer(t testing.TB, amount int64) connector.Transfer {
	t.Helper()
	return connector.Transfer{ID: newID(t), Membership: s.Membership, Programme: s.Programme, Amount: amount,
		OccurredAt: s.day.Add(12 * time.Hour), Description: "conformance"}
}

func (s *suite) reversal(t testing.TB, of connector.ID, amount int64) connector.Reversal {
	t.Helper()
	return connector.Reversal{ID: newID(t), TransferID: of, Amount: amount, OccurredAt: s.day.Add(13 * time.Hour), Reason: "conformance"}
}

// move debits or credits and keeps account of what must have come of it.
func (s *suite) move(t testing.TB, kind connector.Kind, tr connector.Transfer) connector.Answer {
	t.Helper()
	call := s.client.Debit
	if kind == connector.Credit {
		call = s.client.Credit
	}
	a, err := call(t.Context(), tr)
	if err != nil {
		t.Fatalf("%s of %d: %v", kind, tr.Amount, err)
	}
	if a.Outcome == connector.Done {
		s.book(connector.StatementLine{Kind: connector.LineKind(kind), TransferID: tr.ID, Amount: tr.Amount, Reference: a.Reference, OccurredAt: tr.OccurredAt})
	}
	return a
}

// reverse reverses a transfer that was of the given kind, and keeps account; no
// kind means that nothing can have moved.
func (s *suite) reverse(t testing.TB, kind connector.Kind, r connector.Reversal) connector.Answer {
	t.Helper()
	a, err := s.client.Reverse(t.Context(), r)
	if err != nil {
		t.Fatalf("reversal of %d: %v", r.Amount, err)
	}
	if a.Outcome == connector.Done && kind != "" {
		s.book(connector.StatementLine{Kind: connector.LineKind(kind + "_reversal"), TransferID: r.TransferID, ReversalID: r.ID,
			Amount: r.Amount, Reference: a.Reference, OccurredAt: r.OccurredAt})
	}
	return a
}

// book keeps account of a movement, once.
func (s *suite) book(l connector.StatementLine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := l.TransferID
	if !l.ReversalID.IsZero() {
		id = l.ReversalID
	}
	if _, known := s.lines[id]; known {
		return
	}
	l.Programme = s.Programme
	s.lines[id] = l
	switch l.Kind {
	case connector.LineDebit, connector.LineCreditReversal:
		s.balance -= l.Amount
	default:
		s.balance += l.Amount
	}
}

// checkBalance finds out whether the member has what the suite expects.
func (s *suite) checkBalance(t *testing.T) {
	t.Helper()
	if a := s.move(t, connector.Debit, s.transfer(t, s.balance+1)); a.Outcome != connector.Declined {
		t.Fatalf("the member has more than the %d points that it must have", s.balance-1)
	}
	all := s.transfer(t, s.balance)
	if a := s.move(t, connector.Debit, all); a.Outcome != connector.Done {
		t.Fatalf("the member has less than the %d points that it must have: %s", all.Amount, a.DeclineCode)
	}
	s.reverse(t, connector.Debit, s.reversal(t, all.ID, all.Amount))
}

// want fails the test unless an answer is as it must be; a code is expected for
// declines only.
func want(t testing.TB, a connector.Answer, outcome connector.Outcome, code connector.DeclineCode) {
	t.Helper()
	if a.Outcome != outcome || a.DeclineCode != code {
		t.Fatalf("got %s %s, want %s %s", a.Outcome, a.DeclineCode, outcome, code)
	}
}

// wantProblem fails the test unless an error is the problem with that code.
func wantProblem(t testing.TB, err error, code connector.ProblemCode) {
	t.Helper()
	var e *connector.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got %v, want problem %s", err, code)
	}
}
