package connector

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// Request bodies. Encoding appends by hand: it is on the way of every call, and
// the objects are flat.

// EncodeTransfer returns the body of a debit or credit.
func EncodeTransfer(t Transfer) []byte {
	b := make([]byte, 0, 320)
	b = appendID(append(b, '{'), "transfer_id", t.ID)
	b = appendString(append(b, ','), "membership", t.Membership)
	b = appendString(append(b, ','), "programme", t.Programme)
	b = appendAmount(append(b, ','), "amount", t.Amount)
	b = appendTime(append(b, ','), "occurred_at", t.OccurredAt)
	if t.Description != "" {
		b = appendString(append(b, ','), "description", t.Description)
	}
	return append(b, '}')
}

// DecodeTransfer reads and validates the body of a debit or credit. It returns a
// [*FieldError] for unknown, doubled, missing or wrong fields.
func DecodeTransfer(body []byte) (t Transfer, err error) {
	err = decodeObject(body, []string{"transfer_id", "membership", "programme", "amount", "occurred_at", "description"},
		func(field, value string) (err error) {
			switch field {
			case "transfer_id":
				t.ID, err = readID(field, value)
			case "membership":
				t.Membership = value
			case "programme":
				t.Programme = value
			case "amount":
				t.Amount, err = readAmount(field, value)
			case "occurred_at":
				t.OccurredAt, err = readTime(field, value)
			case "description":
				t.Description = value
			}
			return err
		})
	if err == nil {
		err = t.Validate()
	}
	return t, err
}

// EncodeReversal returns the body of a reversal.
func EncodeReversal(r Reversal) []byte {
	b := make([]byte, 0, 320)
	b = appendID(append(b, '{'), "reversal_id", r.ID)
	b = appendID(append(b, ','), "transfer_id", r.TransferID)
	b = appendAmount(append(b, ','), "amount", r.Amount)
	b = appendTime(append(b, ','), "occurred_at", r.OccurredAt)
	if r.Reason != "" {
		b = appendString(append(b, ','), "reason", r.Reason)
	}
	return append(b, '}')
}

// DecodeReversal reads and validates the body of a reversal, as [DecodeTransfer]
// does.
func DecodeReversal(body []byte) (r Reversal, err error) {
	err = decodeObject(body, []string{"reversal_id", "transfer_id", "amount", "occurred_at", "reason"},
		func(field, value string) (err error) {
			switch field {
			case "reversal_id":
				r.ID, err = readID(field, value)
			case "transfer_id":
				r.TransferID, err = readID(field, value)
			case "amount":
				r.Amount, err = readAmount(field, value)
			case "occurred_at":
				r.OccurredAt, err = readTime(field, value)
			case "reason":
				r.Reason = value
			}
			return err
		})
	if err == nil {
		err = r.Validate()
	}
	return r, err
}

// EncodeMember returns the body of a question about a membership.
func EncodeMember(membership, programme string) []byte {
	b := make([]byte, 0, 128)
	b = appendString(append(b, '{'), "membership", membership)
	b = appendString(append(b, ','), "programme", programme)
	return append(b, '}')
}

// DecodeMember reads and validates a question about a membership, as
// [DecodeTransfer] does.
func DecodeMember(body []byte) (membership, programme string, err error) {
	err = decodeObject(body, []string{"membership", "programme"}, func(field, value string) error {
		if field == "membership" {
			membership = value
		} else {
			programme = value
		}
		return nil
	})
	if err == nil {
		err = checkMembership(membership)
	}
	if err == nil {
		err = checkProgramme(programme)
	}
	return membership, programme, err
}

func readID(field, value string) (ID, error) {
	id, err := ParseID(value)
	if err != nil {
		return ID{}, checkID(field, ID{})
	}
	return id, nil
}

func readAmount(field, value string) (int64, error) {
	n, err := ParseAmount(value)
	if err != nil {
		return 0, checkAmount(0)
	}
	return n, nil
}

// readTime reads RFC 3339. The parser of package time also takes hours of one
// digit and fractions after a comma, so those positions are looked at first.
func readTime(field, value string) (time.Time, error) {
	var t time.Time
	shaped := len(value) >= len("2006-01-02T15:04:05Z") && value[13] == ':' && value[19] != ','
	if !shaped || t.UnmarshalText([]byte(value)) != nil {
		return time.Time{}, wrong(field, "must be an RFC 3339 time in the years 2000 to 2199")
	}
	return t, nil
}

func appendName(b []byte, name string) []byte {
	b = append(append(b, '"'), name...)
	return append(b, '"', ':')
}

func appendID(b []byte, name string, id ID) []byte {
	b = append(appendName(b, name), '"')
	return append(id.append(b), '"')
}

func appendAmount(b []byte, name string, n int64) []byte {
	b = append(appendName(b, name), '"')
	return append(strconv.AppendInt(b, n, 10), '"')
}

func appendTime(b []byte, name string, t time.Time) []byte {
	b = append(appendName(b, name), '"')
	return append(t.AppendFormat(b, time.RFC3339Nano), '"')
}

func appendString(b []byte, name, s string) []byte {
	return appendQuoted(appendName(b, name), s)
}

// appendQuoted writes a JSON string (RFC 8259, section 7).
func appendQuoted(b []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&0xf])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
