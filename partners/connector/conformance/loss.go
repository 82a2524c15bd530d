package conformance

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

var lossRules = []Rule{
	must("CN-LOST-01", "a debit whose caller leaves is done once, and its repeat learns so", "to the gateway, which then repeats the call or asks for the transfer's status",
		"Finish, or roll back wholly, what was begun when the caller's connection ends; move the points and store the answer in one transaction.",
		func(s *suite, t *trial) { s.leaveAndRepeat(t, connector.Debit) }),
	must("CN-LOST-02", "the status after a caller left is that of the repeat", "timeout, a cut connection, `500`, an answer about another transfer) is *unknown*",
		"Answer the status from the same record from which you answer repeats.", checkStatusAfterLeaving),
	must("CN-LOST-03", "a debit whose caller left is cancelled or given back by its reversal", "That is how the gateway cancels a call whose",
		"Let a reversal wait for the transfer of the same transfer_id that is under way, and then give it back.", checkReverseAfterLeaving),
	must("CN-LOST-04", "half a request does nothing", "The host refuses fields it does not know, fields given twice, and anything after the object",
		"Read the whole body, and compare it with Content-Length and Content-Digest, before you do anything.", checkHalfRequest),
}

// leavings is how often a caller leaves in each rule: what matters is when.
const leavings = 8

// leave sends a debit or credit and leaves: at once after it was written, or a
// little later.
func (s *suite) leave(t *trial, kind connector.Kind, tr connector.Transfer, after time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var timer *time.Timer
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { timer = time.AfterFunc(after, cancel) }}
	r := s.newRequest(t, httptrace.WithClientTrace(ctx, trace), raw{method: http.MethodPost, path: "/" + string(kind) + "s", body: connector.EncodeTransfer(tr)})
	answer, err := s.http.Do(r)
	if err == nil { // it was faster
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
	if timer != nil {
		timer.Stop()
	}
}

func (s *suite) leaveAndRepeat(t *trial, kind connector.Kind) {
	for i := range leavings {
		tr := s.transfer(2)
		s.leave(t, kind, tr, time.Duration(i)*time.Millisecond/2)
		a := s.move(t, kind, tr)
		want(t, "a "+string(kind)+" repeated after its caller left", a, connector.Done, "")
		wantSame(t, "a "+string(kind)+" repeated after its caller left", a, s.move(t, kind, tr))
	}
}

func checkStatusAfterLeaving(s *suite, t *trial) {
	for i := range leavings {
		tr := s.transfer(2)
		s.leave(t, connector.Debit, tr, time.Duration(i)*time.Millisecond/2)
		before, err := s.client.Status(t.Context(), tr.ID)
		if err != nil {
			t.Fatalf("the status was asked for after the caller of a debit left, and %s", plain(err))
		}
		a := s.move(t, connector.Debit, tr)
		if before.Outcome != connector.NeverSeen {
			wantSame(t, "the status of a debit whose caller left", before.Answer, a)
		}
		s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: a, Kind: connector.Debit, Amount: 2})
	}
}

func checkReverseAfterLeaving(s *suite, t *trial) {
	for i := range leavings {
		tr := s.transfer(2)
		s.leave(t, connector.Debit, tr, time.Duration(i)*time.Millisecond/2)
		r := s.reversal(tr.ID, 2)
		a := s.reverse(t, "", r)
		want(t, "the reversal of a debit whose caller left", a, connector.Done, "")
		if a.ReversedAmount == 0 {
			want(t, "a debit that was cancelled by its reversal", s.move(t, connector.Debit, tr), connector.Declined, connector.DeclineReversedBeforeExecution)
			continue
		}
		wantReversed(t, "the reversal of a debit of 2 whose caller left", a, 2)
		s.move(t, connector.Debit, tr) // a repeat, for its reference
		s.book(connector.StatementLine{Kind: connector.LineDebitReversal, TransferID: tr.ID, ReversalID: r.ID, Amount: 2,
			Reference: a.Reference, OccurredAt: r.OccurredAt})
	}
}

// checkHalfRequest promises a whole body and sends half of it.
func checkHalfRequest(s *suite, t *trial) {
	tr := s.transfer(5)
	body := connector.EncodeTransfer(tr)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	r := s.newRequest(t, ctx, raw{method: http.MethodPost, path: "/debits", body: body})
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(string(body[:len(body)/2])), failing{}))
	r.Header.Set("User-Agent", s.tap.agent())
	// Around the tap, which would read the body to its end first.
	answer, err := s.tap.base.RoundTrip(r)
	if err == nil {
		_ = answer.Body.Close()
	}
	for range 3 { // a host that does it may need a moment
		s.wantNeverSeen(t, tr.ID)
		time.Sleep(halfPause)
	}
}

const halfPause = 50 * time.Millisecond

// failing is a body that ends too early.
type failing struct{}

// Read implements io.Reader.
func (failing) Read([]byte) (int, error) {
	return 0, fmt.Errorf("cut off on purpose: %w", io.ErrUnexpectedEOF)
}
