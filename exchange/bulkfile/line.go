package bulkfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// columns are the fields of a line, in the order of the documentation.
var columns = [...]string{"link_id", "amount", "reference"}

// values are what a line says, in the order of columns.
type values [len(columns)]string

func (v *values) reference() string { return v[2] }

// refused says why a line is not converted.
type refused struct{ code, detail string }

func malformed(format string, args ...any) *refused {
	return &refused{CodeLineInvalid, fmt.Sprintf(format, args...)}
}

// request reads what a line says.
func (v *values) request(f *File) (exchange.ConvertRequest, *refused) {
	r := exchange.ConvertRequest{Source: f.Source, Destination: f.Destination, Reference: v[2]}
	var err error
	if r.LinkID, err = ledger.ParseID(v[0]); err != nil {
		return r, malformed("link_id must be the ID of a link, a UUID of version 7 in lower case")
	}
	if r.From, err = ledger.ParseAmount(v[1]); err != nil {
		return r, malformed("amount must be a string of digits, 1 to 1000000000000000, without leading zeros")
	}
	if !validReference(v[2]) {
		return r, malformed("reference must be 1 to %d visible ASCII characters without spaces", ledger.ReferenceMax)
	}
	r.Idempotency = exchange.Idempotency{Key: lineKey + v[2], Hash: v.hash(f)}
	return r, nil
}

// lineKey begins the idempotency keys of lines. No key that comes in a request's
// header has a space.
const lineKey = "line of a file "

// hash identifies what a line asks for, however it was written.
func (v *values) hash(f *File) ledger.Hash {
	return sha256.Sum256([]byte(strings.Join([]string{f.Source, f.Destination, v[0], v[1], v[2]}, "\x00")))
}

func validReference(s string) bool {
	return s != "" && len(s) <= ledger.ReferenceMax && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// header reads the names of a CSV's columns: where each of columns stands.
func header(line []byte) (order []int, refusal *exchange.Refusal) {
	line = bytes.TrimSuffix(bytes.TrimPrefix(line, bom), []byte{'\r'})
	names, ok := splitCSV(nil, line)
	for _, name := range columns {
		order = append(order, slices.Index(names, name))
	}
	if !ok || len(names) != len(columns) || slices.Contains(order, -1) {
		return nil, refuse(CodeFileHeader, "the first line must name the columns %s, in any order", strings.Join(columns[:], ","))
	}
	return order, nil
}

// parseCSV reads a line of a CSV whose columns stand in an order.
func parseCSV(line []byte, order []int) (v values, wrong *refused) {
	var room [len(columns) + 1]string
	fields, ok := splitCSV(room[:0], line)
	switch {
	case !ok:
		return v, malformed("the quotes do not match; a quote in a value is doubled, and the value quoted")
	case len(fields) != len(order):
		return v, malformed("has %d values, must have %d", len(fields), len(order))
	}
	for i, at := range order {
		v[i] = fields[at]
	}
	return v, nil
}

// splitCSV appends the values of a line as RFC 4180 has it, and reports whether
// it could be read. No value has a line end in it.
func splitCSV(fields []string, line []byte) ([]string, bool) {
	for {
		if len(line) == 0 || line[0] != '"' {
			value, rest, more := bytes.Cut(line, []byte{','})
			if bytes.IndexByte(value, '"') >= 0 {
				return nil, false
			}
			if fields = append(fields, string(value)); !more {
				return fields, true
			}
			line = rest
			continue
		}
		end := closing(line)
		if end < 0 {
			return nil, false
		}
		fields = append(fields, strings.ReplaceAll(string(line[1:end]), `""`, `"`))
		if line = line[end+1:]; len(line) == 0 {
			return fields, true
		}
		if line[0] != ',' {
			return nil, false
		}
		line = line[1:]
	}
}

// closing returns where the quote stands that closes the one at the front.
func closing(line []byte) int {
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] != '"':
		case i+1 < len(line) && line[i+1] == '"':
			i++
		default:
			return i
		}
	}
	return -1
}

// parseNDJSON reads a line that is a JSON object of strings: those of columns,
// each once, and no others.
func parseNDJSON(line []byte) (v values, wrong *refused) {
	if !utf8.Valid(line) {
		return v, malformed("is not UTF-8")
	}
	if !json.Valid(line) {
		return v, malformed("is not JSON")
	}
	var seen [len(columns)]bool
	d := json.NewDecoder(bytes.NewReader(line))
	if t, _ := d.Token(); t != json.Delim('{') {
		return v, malformed("is not a JSON object")
	}
	for d.More() {
		name, _ := d.Token()
		i := slices.Index(columns[:], name.(string)) // nothing else stands here
		if i < 0 {
			return v, malformed("has a field %s; there are %s", strconv.Quote(shortened(name.(string))), strings.Join(columns[:], ", "))
		}
		value, _ := d.Token()
		text, ok := value.(string)
		switch {
		case seen[i]:
			return v, malformed("has %s twice", columns[i])
		case !ok:
			return v, malformed("%s must be a string", columns[i])
		}
		v[i], seen[i] = text, true
	}
	for i, there := range seen {
		if !there {
			return v, malformed("has no %s", columns[i])
		}
	}
	return v, nil
}

func shortened(s string) string {
	if len(s) > 32 {
		return strings.ToValidUTF8(s[:32], "") + "…"
	}
	return s
}
