package conformance

import (
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

var baseRules = []Rule{
	base(must("CN-BASE-01", "the host answers a signed question about an active member",
		"summary: Say whether a membership may take part",
		"Serve POST /members/validate below the base URL, trust the kit's key, and answer 200 with the membership and its status.",
		(*suite).ping)),
	base(must("CN-BASE-02", "the member has the points that the kit was told",
		"Takes `amount` from the member's balance, wholly or not at all",
		"Give the test member exactly the balance that was named (--balance), and let nobody else use it during the run.",
		checkFirstBalance)),
}

// base marks a rule without which nothing else can be checked.
func base(r Rule) Rule {
	r.base = true
	return r
}

// ping asks about the member.
func (s *suite) ping(t *trial) {
	got, err := s.client.Validate(t.Context(), s.Membership, s.Programme)
	switch {
	case connector.CodeOf(err) == connector.SignatureInvalid:
		t.Fatalf("the host refused the kit's signature: %s. It must trust the key with keyid %q", plain(err), s.KeyID)
	case connector.CodeOf(err) == connector.ProgrammeUnknown:
		t.Fatalf("the host does not run programme %s: %s. Name its own (--programme)", s.Programme, plain(err))
	case err != nil:
		t.Fatalf("the host was asked about the member, and %s", plain(err))
	case got != connector.MemberActive:
		t.Fatalf("the member is %s, must be active; name another (--member)", got)
	}
}

func checkFirstBalance(s *suite, t *trial) {
	told := s.balance
	s.findBalance(t)
	if s.balance != told {
		t.Errorf("the member has %d points, not the %d that the kit was told; the run goes on with what was found", s.balance, told)
	}
	if s.balance < balanceMin {
		t.Errorf("the rules need at least %d points", balanceMin)
	}
}

// checkBalance finds out whether the member has what the suite expects.
func (s *suite) checkBalance(t *trial) {
	expected := s.balance
	if s.holds(t, expected) && !s.holds(t, expected+1) {
		return
	}
	s.findBalance(t)
	t.Fatalf("after this the member must have %d points, and has %d", expected, s.balance)
}

// restock finds out what the member has and gives it back what a rule that failed
// may have taken.
func (s *suite) restock(t *trial) {
	s.findBalance(t)
	if s.balance >= balanceMin {
		return
	}
	missing := s.Balance - s.balance
	want(t, "a credit of what the failed rule had taken", s.move(t, connector.Credit, s.transfer(missing)), connector.Done, "")
}

// findBalance finds out what the member has, beginning at what is expected: ever
// larger steps to the other side of it, and then halves.
func (s *suite) findBalance(t *trial) {
	low, high := int64(0), int64(2*balanceMax) // holds low, does not hold high
	for step, at := int64(1), s.balance; low < at && at < high; step *= 2 {
		if s.holds(t, at) {
			low, at = at, at+step
		} else {
			high, at = at, at-step
		}
	}
	for high-low > 1 {
		if middle := low + (high-low)/2; s.holds(t, middle) {
			low = middle
		} else {
			high = middle
		}
	}
	if low > 0 && !s.holds(t, low) || s.holds(t, high) {
		t.Fatalf("the member's balance cannot be found out: a debit of some amount is done now and declined then. Give reversed points back, and let nobody else use the member")
	}
	s.balance = low
}

// holds reports whether a debit of so much is done; it is given back at once.
func (s *suite) holds(t *trial, amount int64) bool {
	if amount == 0 {
		return true
	}
	tr := s.transfer(amount)
	switch a := s.move(t, connector.Debit, tr); {
	case a.Outcome == connector.Declined && a.DeclineCode == connector.DeclineInsufficientPoints:
		return false
	case a.Outcome == connector.Declined:
		t.Fatalf("a debit of %d to try the balance was answered %s", amount, said(a))
	}
	want(t, "giving back a debit of everything", s.reverse(t, connector.Debit, s.reversal(tr.ID, amount)), connector.Done, "")
	return true
}

var answerRules = []Rule{
	must("CN-ANSWER-01", "each answer repeats the request's identifier", "together. The gateway takes an answer with another identifier for no answer at all, and a",
		"Copy the request's PointGrid-Request-Id header to the answer, on problems and on unknown routes too.",
		func(s *suite, t *trial) { s.report(t, s.tap.unnamed) }),
	must("CN-ANSWER-02", "each answer has the form that the document describes", "Requests and answers are JSON objects (`application/json`) in UTF-8, at most 65,536 bytes",
		"Compare the answer with the schema of its operation in connector.yaml: media type, fields that are required, patterns and lists of values.",
		func(s *suite, t *trial) { s.report(t, s.tap.strange) }),
	should("CN-ANSWER-03", "answers come before the gateway stops waiting", "The gateway waits 5 seconds for a debit, credit or reversal",
		"Answer within 5 seconds, and questions within 2; have the gateway's time-out raised if you cannot.",
		checkPace),
}

// report reports what the tap found in the whole run.
func (s *suite) report(t *trial, found []string) {
	s.tap.mu.Lock()
	defer s.tap.mu.Unlock()
	s.tap.last = nil // what was exchanged last has nothing to do with it
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range found {
		t.problems = append(t.problems, Problem{Text: f})
	}
}

// Patience of the gateway, unless another was agreed on.
const (
	workPatience     = 5 * time.Second
	questionPatience = 2 * time.Second
)

// checkPace looks at the slowest answers of the whole run.
func checkPace(s *suite, t *trial) {
	s.tap.mu.Lock()
	work, questions := s.tap.slowest.work, s.tap.slowest.questions
	s.tap.last = nil
	s.tap.mu.Unlock()
	if work > workPatience {
		t.Errorf("the slowest debit, credit or reversal took %s; the gateway waits %s", seconds(work), workPatience)
	}
	if questions > questionPatience {
		t.Errorf("the slowest question took %s; the gateway waits %s", seconds(questions), questionPatience)
	}
}
