package conformance

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/pointgrid/pointgrid/partners/connector"
)

const fixStrict = "Parse strictly: refuse what the schema does not describe with 400 invalid_request before anything is stored."

var formatRules = []Rule{
	must("CN-FORMAT-01", "amounts that are no plain digits are refused", "decimal digits**, without sign, leading zero, fraction or exponent, at most",
		"Match amounts against ^[1-9][0-9]{0,18}$ as text, then read them as a signed 64-bit integer.",
		func(s *suite, t *trial) {
			for _, amount := range []string{
				`"0"`, `"-5"`, `"+5"`, `"05"`, `"5.0"`, `"5e3"`, `"0x5"`, `"5,000"`, `" 5"`, `"5 "`, `""`, `"５"`, `"٥"`, `"1_0"`,
				`"9223372036854775808"`, `"99999999999999999999999"`, `5`, `null`, `true`, `["5"]`, `{}`,
			} {
				s.wantInvalid(t, `"amount":"5"`, `"amount":`+amount)
			}
		}),
	must("CN-FORMAT-02", "identifiers in another spelling are refused", "description: A UUID in lower case with hyphens.",
		"Match identifiers as text, before any UUID parser makes one spelling of another.", checkIDSpellings),
	must("CN-FORMAT-03", "times that are not RFC 3339 are refused", "Times are RFC 3339. `occurred_at` is when the gateway decided on the movement",
		"Accept RFC 3339 with an offset, of dates that exist, in the years 2000 to 2199.", checkTimes),
	must("CN-FORMAT-04", "unknown and doubled fields are refused", "The host refuses fields it does not know, fields given twice, and anything after the object", fixStrict,
		func(s *suite, t *trial) {
			s.wantInvalid(t, `"amount":"5"`, `"amount":"5","colour":"red"`)
			s.wantInvalid(t, `"amount":"5"`, `"amount":"4","amount":"5"`)
			s.wantInvalid(t, `"amount":"5"`, `"Amount":"5"`)
		}),
	must("CN-FORMAT-05", "missing fields are refused", "required: [transfer_id, membership, programme, amount, occurred_at]", fixStrict,
		func(s *suite, t *trial) {
			s.wantInvalid(t, `"amount":"5",`, "")
			s.wantInvalid(t, `"programme":"`+s.Programme+`",`, "")
		}),
	must("CN-FORMAT-06", "a membership that cannot be one is refused", "The membership number in the partner's programme; visible ASCII characters without spaces",
		"Match memberships against ^[!-~]{1,64}$ and refuse others with 400 invalid_request.",
		func(s *suite, t *trial) {
			for _, m := range []string{"", "two words", "会员", strings.Repeat("x", 65), `tab\t`} {
				s.wantInvalid(t, `"membership":"`+s.Membership+`"`, `"membership":"`+m+`"`)
			}
		}),
	must("CN-FORMAT-07", "a body that is no JSON object is refused", "| 400 | `invalid_request` | no work was done; our request is wrong |", fixStrict,
		func(s *suite, t *trial) {
			for _, body := range []string{"", "null", "[]", `"a"`, "{", "{} {}", "amount=5", "\xff\xfe"} {
				s.wantRefusal(t, raw{what: "a debit with the body " + printable(body), method: http.MethodPost, path: "/debits", body: []byte(body)}, connector.InvalidRequest)
			}
		}),
	must("CN-FORMAT-08", "a body that is not called JSON is refused", "description: The body is not `application/json`.",
		"Look at Content-Type, and refuse others with 415 unsupported_media_type.",
		func(s *suite, t *trial) {
			q := debitOf(s.transfer(5))
			q.what, q.media = "a debit of Content-Type text/plain", "text/plain"
			s.wantRefusal(t, q, connector.UnsupportedMediaType)
		}),
	must("CN-FORMAT-09", "a body above 64 KiB is refused", "description: The body has more than 65,536 bytes.",
		"Stop reading after 65,536 bytes and answer 413 body_too_large.",
		func(s *suite, t *trial) {
			body := bytes.Repeat([]byte(" "), connector.BodyBytesMax+1)
			s.wantRefusal(t, raw{what: "a body of 65,537 bytes", method: http.MethodPost, path: "/debits", body: body}, connector.BodyTooLarge)
		}),
	must("CN-FORMAT-10", "a body of 64 KiB is read", "Requests and answers are JSON objects (`application/json`) in UTF-8, at most 65,536 bytes",
		"Allow bodies of 65,536 bytes, also in the proxy before your host.",
		func(s *suite, t *trial) {
			body := connector.EncodeTransfer(s.transfer(s.balance + 1))
			body = append(body, bytes.Repeat([]byte(" "), connector.BodyBytesMax-len(body))...)
			s.wantRead(t, raw{what: "a debit in a body of 65,536 bytes", method: http.MethodPost, path: "/debits", body: body})
		}),
	must("CN-FORMAT-11", "reversals are read as strictly", "required: [reversal_id, transfer_id, amount, occurred_at]", fixStrict,
		func(s *suite, t *trial) {
			good := string(connector.EncodeReversal(s.reversal(newID(), 5)))
			for _, amount := range []string{`"-5"`, `5`, `"5","x":"y"`} {
				body := strings.Replace(good, `"5"`, amount, 1)
				s.wantRefusal(t, raw{what: "a reversal with " + amount + " for its amount", method: http.MethodPost, path: "/reversals", body: []byte(body)}, connector.InvalidRequest)
			}
		}),
	must("CN-FORMAT-12", "questions about no identifier or no date are refused", "A business day of the partner, YYYY-MM-DD",
		"Match what stands in the path as you match it in bodies: 400 invalid_request, not 404 and not 500.",
		func(s *suite, t *trial) {
			for _, path := range []string{"/transfers/5", "/reversals/5", "/statements/today", "/statements/2026-02-30"} {
				s.wantRefusal(t, raw{method: http.MethodGet, path: path}, connector.InvalidRequest)
			}
		}),
	must("CN-FORMAT-13", "another route or method is a problem", "| 404 | `not_found` | no such route; no work was done |",
		"Answer unknown routes with 404 not_found and other methods with 405 method_not_allowed, as problem documents.",
		func(s *suite, t *trial) {
			s.wantRefusal(t, raw{method: http.MethodGet, path: "/nosuch"}, connector.NotFound)
			s.wantRefusal(t, raw{method: http.MethodGet, path: "/debits"}, connector.MethodNotAllowed)
		}),
	must("CN-FORMAT-14", "JSON that is nested ten thousand deep is refused", "description: The request breaks this document; nothing was done and nothing is remembered.",
		"Use a parser that bounds the depth, or refuse anything but strings as values of the object.",
		func(s *suite, t *trial) {
			const depth = 10_000
			s.wantInvalid(t, `"amount":"5"`, `"amount":`+strings.Repeat("[", depth)+strings.Repeat("]", depth))
		}),
	should("CN-FORMAT-15", "a refusal names the field that is wrong", "description: For `invalid_request`, the field that is wrong, if it is one field.",
		"Put the field's name into the problem's member field.",
		func(s *suite, t *trial) {
			body := strings.Replace(string(connector.EncodeTransfer(s.transfer(5))), `"amount":"5"`, `"amount":"-5"`, 1)
			p := s.wantRefusal(t, raw{what: "a debit of -5", method: http.MethodPost, path: "/debits", body: []byte(body)}, connector.InvalidRequest)
			if p.Code == connector.InvalidRequest && p.Field != "amount" {
				t.Errorf("the refusal of a debit of -5 names the field %q, should name amount", p.Field)
			}
		}),
}

func checkIDSpellings(s *suite, t *trial) {
	id := newID().String()
	for _, text := range []string{
		strings.ToUpper("A" + id[1:]), "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""), id[1:], "",
		"00000000-0000-0000-0000-000000000000",
	} {
		tr := s.transfer(5)
		body := strings.Replace(string(connector.EncodeTransfer(tr)), tr.ID.String(), text, 1)
		s.wantRefusal(t, raw{what: "a debit with the transfer_id " + text, method: http.MethodPost, path: "/debits", body: []byte(body)}, connector.InvalidRequest)
	}
}

func checkTimes(s *suite, t *trial) {
	for _, text := range []string{"2026-03-01", "2026-03-01T09:30:00", "2026-03-01 09:30:00Z", "2026-02-30T00:00:00Z", "1999-12-31T00:00:00Z", "1767225600", ""} {
		body := string(connector.EncodeTransfer(s.transfer(5)))
		at := strings.Index(body, `"occurred_at":"`) + len(`"occurred_at":"`)
		body = body[:at] + text + body[at+strings.IndexByte(body[at:], '"'):]
		s.wantRefusal(t, raw{what: `a debit with occurred_at "` + text + `"`, method: http.MethodPost, path: "/debits", body: []byte(body)}, connector.InvalidRequest)
	}
}

// wantInvalid sends a debit in which some text is replaced, and notes an error
// unless it is refused without a trace.
func (s *suite) wantInvalid(t *trial, old, new string) {
	tr := s.transfer(5)
	body := strings.Replace(string(connector.EncodeTransfer(tr)), old, new, 1)
	s.wantRefusal(t, raw{what: "a debit with " + shown(new, old), method: http.MethodPost, path: "/debits", body: []byte(body)}, connector.InvalidRequest)
	s.wantNeverSeen(t, tr.ID)
}

// shown is what was put in the place of old, cut to what a person reads.
func shown(new, old string) string {
	switch {
	case new == "":
		return "no " + strings.TrimSuffix(old, ",")
	case len(new) > 80:
		return new[:80] + " …"
	}
	return new
}
