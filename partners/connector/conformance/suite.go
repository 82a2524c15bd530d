package conformance

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

// Target is the host to check.
type Target struct {
	BaseURL string
	// KeyID and Key are an Ed25519 key whose public half the host trusts. The rules
	// forge with it, so it is not the gateway's real one.
	KeyID string
	Key   crypto.Signer
	Clock func() time.Time // must agree with the host's; required

	Programme  string
	Membership string // active, used by nobody else meanwhile
	Balance    int64  // of it, 1,000 to 10¹²
	// Closed and Blocked are memberships of those statuses. Empty: what needs them
	// is skipped.
	Closed, Blocked string

	// Only are identifiers of rules, or beginnings of them; empty is all. The base
	// rules are always run.
	Only []string

	Timeout  time.Duration // of one call; default 10 s
	RuleTime time.Duration // of one rule with all its calls; default 1 min

	// Transport carries the requests; nil is one of its own. A test can put a
	// recorder here.
	Transport http.RoundTripper
}

func (t *Target) check() error {
	switch {
	case t.Clock == nil || t.Key == nil:
		return errors.New("conformance: a clock and a key are required")
	case !connector.ValidProgramme(t.Programme):
		return fmt.Errorf("conformance: programme %q must be 2 to 8 of A-Z and 0-9, starting with a letter", t.Programme)
	case t.Membership == "":
		return errors.New("conformance: an active membership is required")
	case t.Balance < balanceMin || t.Balance > balanceMax:
		return fmt.Errorf("conformance: the member's balance is %d; the rules need %d to %d", t.Balance, balanceMin, int64(balanceMax))
	}
	return nil
}

const (
	balanceMin = 1000
	balanceMax = 1_000_000_000_000
)

// suite is a run: what it has done so far and what must have come of it.
type suite struct {
	Target
	tap     *tap
	client  *connector.Client
	http    *http.Client
	signer  *signature.Signer
	day     time.Time // midnight, in the partner's zone, of the day all is booked on
	mu      sync.Mutex
	balance int64
	lines   map[connector.ID]connector.StatementLine // by transfer or reversal
}

func newSuite(target Target) (*suite, error) {
	target.Timeout, target.RuleTime = cmp.Or(target.Timeout, callTime), cmp.Or(target.RuleTime, ruleTime)
	if err := target.check(); err != nil {
		return nil, err
	}
	s := &suite{Target: target, balance: target.Balance, lines: map[connector.ID]connector.StatementLine{}}
	var err error
	if s.tap, err = newTap(target.Transport, target.BaseURL, target.Clock); err != nil {
		return nil, fmt.Errorf("conformance: base URL: %w", err)
	}
	s.http = &http.Client{Transport: s.tap, Timeout: target.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if s.signer, err = signature.NewSigner(target.KeyID, target.Key, target.Clock, rand.Reader); err != nil {
		return nil, err
	}
	days := binary.BigEndian.Uint64(random(8)) % (46 * 365)
	s.day = time.Date(2150, 1, 1, 0, 0, 0, 0, time.FixedZone("UTC+8", 8*60*60)).AddDate(0, 0, int(days))
	s.client, err = connector.New(connector.Options{
		BaseURL: target.BaseURL, Partner: "target", Signer: s.signer, Transport: s.tap,
		Attempts: 1, Timeout: target.Timeout, StatusTimeout: target.Timeout, StatementStall: target.Timeout,
		Clock: target.Clock, Rand: func(int64) int64 { return 0 }, Logger: slog.New(slog.DiscardHandler),
		Breaker: connector.BreakerOptions{Failures: 1 << 30},
	})
	return s, err
}

// sign returns a signer whose clock is off by some time.
func (s *suite) sign(t *trial, keyID string, key crypto.Signer, off time.Duration) *signature.Signer {
	signer, err := signature.NewSigner(keyID, key, func() time.Time { return s.Clock().Add(off) }, rand.Reader)
	if err != nil {
		t.Fatalf("the key cannot sign: %v", err)
	}
	return signer
}

// random returns n random bytes; crypto/rand does not fail.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func newID() (id connector.ID) {
	copy(id[:], random(len(id)))
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // a UUID of version 4
	return id
}

// transfer makes a transfer of the suite's member.
func (s *suite) transfer(amount int64) connector.Transfer {
	return connector.Transfer{ID: newID(), Membership: s.Membership, Programme: s.Programme, Amount: amount,
		OccurredAt: s.day.Add(12 * time.Hour), Description: "conformance"}
}

func (s *suite) reversal(of connector.ID, amount int64) connector.Reversal {
	return connector.Reversal{ID: newID(), TransferID: of, Amount: amount, OccurredAt: s.day.Add(13 * time.Hour), Reason: "conformance"}
}

// move debits or credits and keeps account of what must have come of it.
func (s *suite) move(t *trial, kind connector.Kind, tr connector.Transfer) connector.Answer {
	a, err := s.call(t, kind, tr)
	if err != nil {
		t.Fatalf("a %s of %d was sent, and %s", kind, tr.Amount, plain(err))
	}
	if a.Outcome == connector.Done {
		s.book(connector.StatementLine{Kind: connector.LineKind(kind), TransferID: tr.ID, Amount: tr.Amount, Reference: a.Reference, OccurredAt: tr.OccurredAt})
	}
	return a
}

// call debits or credits.
func (s *suite) call(t *trial, kind connector.Kind, tr connector.Transfer) (connector.Answer, error) {
	if kind == connector.Credit {
		return s.client.Credit(t.Context(), tr)
	}
	return s.client.Debit(t.Context(), tr)
}

// reverse reverses a transfer that was of the given kind, and keeps account; no
// kind means that nothing can have moved.
func (s *suite) reverse(t *trial, kind connector.Kind, r connector.Reversal) connector.Answer {
	a, err := s.client.Reverse(t.Context(), r)
	if err != nil {
		t.Fatalf("a reversal of %d was sent, and %s", r.Amount, plain(err))
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

// nextDay leaves the days behind on whose statements a rule that failed may have
// left what nobody expects.
func (s *suite) nextDay() {
	s.day = s.day.AddDate(0, 0, 3)
	clear(s.lines)
}

// want fails the rule unless an answer is as it must be; a code is expected for
// declines only.
func want(t *trial, what string, a connector.Answer, outcome connector.Outcome, code connector.DeclineCode) {
	if a.Outcome != outcome || a.DeclineCode != code {
		t.Fatalf("%s was answered %s, must be %s", what, said(a), said(connector.Answer{Outcome: outcome, DeclineCode: code}))
	}
}

// wantSame fails the rule unless a repeat got the answer of the first call.
func wantSame(t *trial, what string, first, again connector.Answer) {
	switch {
	case again.Outcome != first.Outcome || again.DeclineCode != first.DeclineCode:
		t.Fatalf("%s was answered %s, and its repeat %s; a repeat gets the first answer", what, said(first), said(again))
	case again.Reference != first.Reference:
		t.Fatalf("%s was answered with reference %q, and its repeat with %q; a repeat gets the first answer", what, first.Reference, again.Reference)
	case again.ReversedAmount != first.ReversedAmount:
		t.Fatalf("%s was answered with reversed_amount %d, and its repeat with %d; a repeat gets the first answer", what, first.ReversedAmount, again.ReversedAmount)
	case again != first:
		t.Fatalf("%s was answered with decline_detail %q, and its repeat with %q; a repeat gets the first answer", what, first.DeclineDetail, again.DeclineDetail)
	}
}

// wantReversed fails the rule unless the sum of reversals is as it must be.
func wantReversed(t *trial, what string, a connector.Answer, sum int64) {
	if a.ReversedAmount != sum {
		t.Fatalf("%s was answered with reversed_amount %d, must be %d", what, a.ReversedAmount, sum)
	}
}

// wantProblem fails the rule unless an error is the problem with that code.
func wantProblem(t *trial, what string, err error, code connector.ProblemCode) {
	var e *connector.Error
	if errors.As(err, &e) && e.Code == code {
		return
	}
	if err == nil {
		t.Fatalf("%s was answered as if it were all right; it must be refused with status %d, problem %s", what, code.HTTPStatus(), code)
	}
	t.Fatalf("%s must be refused with status %d, problem %s, but %s", what, code.HTTPStatus(), code, plain(err))
}
