package connector_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/partners/connector"
)

func drawID(t *rapid.T, name string) connector.ID {
	var id connector.ID
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, name))
	id[0] |= 1 // never zero
	return id
}

func drawTime(t *rapid.T) time.Time {
	seconds := rapid.Int64Range(946_684_800, 7_258_118_399).Draw(t, "seconds")
	nanos := rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")
	return time.Unix(seconds, nanos).UTC()
}

func TestATransferSurvivesItsWireForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := connector.Transfer{
			ID:          drawID(t, "id"),
			Membership:  rapid.StringMatching(`[!-~]{1,64}`).Draw(t, "membership"),
			Programme:   rapid.StringMatching(`[A-Z][A-Z0-9]{1,7}`).Draw(t, "programme"),
			Amount:      rapid.Int64Min(1).Draw(t, "amount"),
			OccurredAt:  drawTime(t),
			Description: rapid.StringN(0, connector.TextLengthMax, -1).Draw(t, "description"),
		}
		got, err := connector.DecodeTransfer(connector.EncodeTransfer(want))
		if err != nil || got != want {
			t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
		}
	})
}

func TestAReversalSurvivesItsWireForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := connector.Reversal{
			ID: drawID(t, "id"), TransferID: drawID(t, "transfer"),
			Amount: rapid.Int64Min(1).Draw(t, "amount"), OccurredAt: drawTime(t),
			Reason: rapid.StringN(0, connector.TextLengthMax, -1).Draw(t, "reason"),
		}
		got, err := connector.DecodeReversal(connector.EncodeReversal(want))
		if err != nil || got != want {
			t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
		}
	})
}

const goodTransfer = `{"transfer_id":"0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50","membership":"SKY-1","programme":"SKY","amount":"5","occurred_at":"2026-03-01T09:30:00+08:00"}`

func TestARequestThatBreaksTheContractIsRefusedWithItsField(t *testing.T) {
	if _, err := connector.DecodeTransfer([]byte(goodTransfer)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, field string }{
		{"upper-case ID", "0198c5a1", "0198C5A1", "transfer_id"},
		{"ID without hyphens", "0198c5a1-7b7e-7c3a", "0198c5a17b7e7c3a00", "transfer_id"},
		{"ID in braces", "0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50", "{0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c5}", "transfer_id"},
		{"zero ID", "0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50", "00000000-0000-0000-0000-000000000000", "transfer_id"},
		{"no ID", `"transfer_id":"0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50",`, "", "transfer_id"},
		{"empty membership", "SKY-1", "", "membership"},
		{"membership with a space", "SKY-1", "SKY 1", "membership"},
		{"membership not ASCII", "SKY-1", "会员", "membership"},
		{"long membership", "SKY-1", strings.Repeat("x", 65), "membership"},
		{"lower-case programme", `"SKY"`, `"sky"`, "programme"},
		{"long programme", `"SKY"`, `"SKYSKYSKY"`, "programme"},
		{"zero", `"5"`, `"0"`, "amount"},
		{"negative", `"5"`, `"-5"`, "amount"},
		{"with a sign", `"5"`, `"+5"`, "amount"},
		{"exponent", `"5"`, `"5e3"`, "amount"},
		{"fraction", `"5"`, `"5.0"`, "amount"},
		{"leading zero", `"5"`, `"05"`, "amount"},
		{"full-width digit", `"5"`, `"５"`, "amount"},
		{"space", `"5"`, `" 5"`, "amount"},
		{"one above int64", `"5"`, `"9223372036854775808"`, "amount"},
		{"twenty digits", `"5"`, `"99999999999999999999"`, "amount"},
		{"a number", `"5"`, `5`, ""},
		{"null", `"5"`, `null`, ""},
		{"an object", `"5"`, `{"a":"b"}`, ""},
		{"no time zone", "+08:00", "", "occurred_at"},
		{"a date", "T09:30:00+08:00", "", "occurred_at"},
		{"long ago", "2026", "1999", "occurred_at"},
		{"far ahead", "2026", "2200", "occurred_at"},
		{"comma in seconds", "09:30:00", "09:30:00,5", "occurred_at"},
		{"unknown field", `"amount"`, `"colour":"red","amount"`, ""},
		{"other case of a name", `"amount"`, `"Amount"`, ""},
		{"field twice", `"amount"`, `"amount":"4","amount"`, "amount"},
		{"long description", `"amount"`, `"description":"` + strings.Repeat("字", 257) + `","amount"`, "description"},
		{"not UTF-8", "SKY-1", "\xff", ""},
		{"something after", "}", "}{}", ""},
		{"not complete", "}", "", ""},
		{"a list", "{", "[{", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := strings.Replace(goodTransfer, c.old, c.new, 1)
			if body == goodTransfer {
				t.Fatal("the case changes nothing")
			}
			_, err := connector.DecodeTransfer([]byte(body))
			var field *connector.FieldError
			if !errors.As(err, &field) || field.Field != c.field {
				t.Fatalf("got %v, want a FieldError of %q", err, c.field)
			}
		})
	}
}

func TestAmountsOfTheWholeRangeAreRead(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1": 1, "9223372036854775807": 1<<63 - 1} {
		got, err := connector.ParseAmount(text)
		if err != nil || got != want || connector.FormatAmount(want) != text {
			t.Errorf("%s: got %d, %v", text, got, err)
		}
	}
}

// Whatever is accepted must come out again as the same bytes: there is one
// spelling of everything.
func FuzzParseID(f *testing.F) {
	f.Add("0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50")
	f.Add("urn:uuid:0198c5a1-7b7e-7c3a-9d0e-3f1")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := connector.ParseID(s); err == nil && id.String() != s {
			t.Fatalf("%q was read as %s", s, id)
		}
	})
}

func FuzzDecodeTransfer(f *testing.F) {
	f.Add([]byte(goodTransfer))
	f.Add([]byte(`{"amount":"1","amount":"2"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		first, err := connector.DecodeTransfer(body)
		if err != nil {
			var field *connector.FieldError
			if !errors.As(err, &field) {
				t.Fatalf("not a FieldError: %v", err)
			}
			return
		}
		again, err := connector.DecodeTransfer(connector.EncodeTransfer(first))
		if err != nil || !again.OccurredAt.Equal(first.OccurredAt) || again.Amount != first.Amount || again.Description != first.Description {
			t.Fatalf("%+v became %+v, %v", first, again, err)
		}
	})
}

// What is accepted means to every other reader of JSON what it means to us.
func FuzzDecodeMember(f *testing.F) {
	f.Add([]byte(`{"membership":"SKY-1","programme":"SKY"}`))
	f.Add([]byte(" {\t\"membership\" : \"\\u0053\\\"\",\n\"programme\":\"SKY\"}\r\n"))
	f.Add([]byte(`{"membership":"SKY-1","programme":"SKY",}`))
	f.Add([]byte(`{,"membership":"SKY-1","programme":"SKY"}`))
	f.Add([]byte(`{"membership":"a\`))
	f.Fuzz(func(t *testing.T, body []byte) {
		membership, programme, err := connector.DecodeMember(body)
		if err != nil {
			return
		}
		var other map[string]string
		if err := json.Unmarshal(body, &other); err != nil {
			t.Fatalf("%q is accepted and is not JSON: %v", body, err)
		}
		if len(other) != 2 || other["membership"] != membership || other["programme"] != programme {
			t.Fatalf("%q is %q and %q to us, and %v to others", body, membership, programme, other)
		}
	})
}

// What encoding/json makes of a valid request's fields, in any order and
// spacing, we accept.
func TestRequestsInAnySpacingAreRead(t *testing.T) {
	for _, body := range []string{
		"\n{ \"programme\" :\t\"SKY\" ,\r\n \"membership\": \"SKY-1\" } \n",
		`{"membership":"\u0053KY\u002d1","programme":"SKY"}`,
	} {
		membership, programme, err := connector.DecodeMember([]byte(body))
		if err != nil || membership != "SKY-1" || programme != "SKY" {
			t.Errorf("%s: got %q, %q, %v", body, membership, programme, err)
		}
	}
}

func BenchmarkDecodeTransfer(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := connector.DecodeTransfer([]byte(goodTransfer)); err != nil {
			b.Fatal(err)
		}
	}
}
