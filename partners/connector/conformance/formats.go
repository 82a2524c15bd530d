package conformance

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/partners/connector"
)

var formatRules = []rule{
	{"amounts that are no plain digits are refused", func(s *suite, t *testing.T) {
		for _, amount := range []string{
			`"0"`, `"-5"`, `"+5"`, `"05"`, `"5.0"`, `"5e3"`, `"0x5"`, `"5,000"`, `" 5"`, `"5 "`, `""`, `"５"`, `"٥"`, `"1_0"`,
			`"9223372036854775808"`, `"99999999999999999999999"`, `5`, `null`, `true`, `["5"]`, `{}`,
		} {
			s.wantInvalid(t, `"amount":"5"`, `"amount":`+amount)
		}
	}},
	{"identifiers in another spelling are refused", func(s *suite, t *testing.T) {
		id := newID(t).String()
		for _, text := range []string{
			strings.ToUpper("A" + id[1:]), "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""), id[1:], "",
			"00000000-0000-0000-0000-000000000000",
		} {
			tr := s.transfer(t, 5)
			body := strings.Replace(string(connector.EncodeTransfer(tr)), tr.ID.String(), text, 1)
			s.wantRefusal(t, raw{method: http.MethodPost, path: "/debits", body: []byte(body)}, connector.InvalidRequest)
		}
	}},
	{"times that are not RFC 3339 are refused", func(s *suite, t *testing.T) {
		for _, text := range []string{"2026-03-01", "2026-03-01T09:30:00", "2026-03-01 09:30:00Z", "2026-02-30T00:00:00Z", "1999-12-31T00:00:00Z", "1767225600", ""} {
			tr := s.transfer(t, 5)
			body := string(connector.EncodeTransfer(tr))
			at := strings.Index(body, `"occurred_at":"`) + len(`"occurred_at":"`)
			body = body[:at] + text + body[at+strings.IndexByte(body[at:], '"'):]
			s.wantRefusal(t, raw{method: http.MethodPost, path: "/debits", body: []byte(body)}, connector.InvalidRequest)
		}
	}},
	{"unknown and doubled fields are refused", func(s *suite, t *testing.T) {
		s.wantInvalid(t, `"amount":"5"`, `"amount":"5","colour":"red"`)
		s.wantInvalid(t, `"amount":"5"`, `"amount":"4","amount":"5"`)
		s.wantInvalid(t, `"amount":"5"`, `"Amount":"5"`)
	}},
	{"missing fields are refused", func(s *suite, t *testing.T) {
		s.wantInvalid(t, `"amount":"5",`, "")
		s.wantInvalid(t, `"programme":"`+s.Programme+`",`, "")
	}},
	{"a membership that cannot be one is refused", func(s *suite, t *testing.T) {
		for _, m := range []string{"", "two words", "会员", strings.Repeat("x", 65), `tab\t`} {
			s.wantInvalid(t, `"membership":"`+s.Membership+`"`, `"membership":"`+m+`"`)
		}
	}},
	{"a body that is no JSON object is refused", func(s *suite, t *testing.T) {
		for _, body := range []string{"", "null", "[]", `"a"`, "{", "{} {}", "amount=5", "\xff\xfe"} {
			s.wantRefusal(t, raw{method: http.MethodPost, path: "/debits", body: []byte(body)}, connector.InvalidRequest)
		}
	}},
	{"a body that is not called JSON is refused", func(s *suite, t *testing.T) {
		q := debitOf(s.transfer(t, 5))
		q.media = "text/plain"
		s.wantRefusal(t, q, connector.UnsupportedMediaType)
	}},
	{"a body above 64 KiB is refused", func(s *suite, t *testing.T) {
		body := bytes.Repeat([]byte(" "), connector.BodyBytesMax+1)
		s.wantRefusal(t, raw{method: http.MethodPost, path: "/debits", body: body}, connector.BodyTooLarge)
	}},
	{"a body of 64 KiB is read", func(s *suite, t *testing.T) {
		body := connector.EncodeTransfer(s.transfer(t, s.balance+1))
		body = append(body, bytes.Repeat([]byte(" "), connector.BodyBytesMax-len(body))...)
		if status, _, answer := s.send(t, raw{method: http.MethodPost, path: "/debits", body: body}); status != http.StatusOK {
			t.Fatalf("got status %d, %.200s", status, answer)
		}
	}},
	{"reversals are read as strictly", func(s *suite, t *testing.T) {
		good := string(connector.EncodeReversal(s.reversal(t, newID(t), 5)))
		for _, body := range []string{
			strings.Replace(good, `"5"`, `"-5"`, 1), strings.Replace(good, `"5"`, `5`, 1), strings.Replace(good, `"5"`, `"5","x":"y"`, 1),
		} {
			s.wantRefusal(t, raw{method: http.MethodPost, path: "/reversals", body: []byte(body)}, connector.InvalidRequest)
		}
	}},
	{"questions about no identifier or no date are refused", func(s *suite, t *testing.T) {
		for _, path := range []string{"/transfers/5", "/reversals/5", "/statements/today", "/statements/2026-02-30"} {
			s.wantRefusal(t, raw{method: http.MethodGet, path: path}, connector.InvalidRequest)
		}
	}},
	{"another route or method is a problem", func(s *suite, t *testing.T) {
		s.wantRefusal(t, raw{method: http.MethodGet, path: "/nosuch"}, connector.NotFound)
		s.wantRefusal(t, raw{method: http.MethodGet, path: "/debits"}, connector.MethodNotAllowed)
	}},
}

// wantInvalid sends a debit in which some text is replaced, and fails the test
// unless it is refused without a trace.
func (s *suite) wantInvalid(t *testing.T, old, new string) {
	t.Helper()
	tr := s.transfer(t, 5)
	good := string(connector.EncodeTransfer(tr))
	body := strings.Replace(good, old, new, 1)
	if body == good {
		t.Fatalf("the request has no %s to replace", old)
	}
	status, p, answer := s.send(t, raw{method: http.MethodPost, path: "/debits", body: []byte(body)})
	if status != http.StatusBadRequest || p.Code != connector.InvalidRequest {
		t.Errorf("with %s: got status %d, %.200s", new, status, answer)
	}
	s.wantStatus(t, tr.ID, connector.TransferStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}})
}
