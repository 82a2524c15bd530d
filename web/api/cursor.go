package api

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/problem"
)

// Bounds of a page.
const (
	limitDefault = 50
	limitMax     = 200
	cursorMax    = 256 // characters
	checkBytes   = 8
)

// page is which part of a list is asked for.
type page struct {
	limit int
	after []byte // where the page before ended; empty for the first
	bound []byte // what a cursor of this list and these filters is bound to
}

// page reads limit and cursor. A cursor goes with the route, the caller's
// company and the other parameters: with others it would skip or repeat.
func (r *request) page(query url.Values) (page, error) {
	p := page{limit: limitDefault, bound: r.binding(query)}
	var wrong []problem.Field
	if query.Has("limit") {
		n, err := strconv.Atoi(query.Get("limit"))
		if err != nil || !allDigits(query.Get("limit")) || n < 1 || n > limitMax {
			wrong = append(wrong, problem.Parameter("limit", "out_of_range", "must be an integer, 1 to 200"))
		}
		p.limit = n
	}
	if query.Has("cursor") {
		after, ok := p.open(query.Get("cursor"))
		if !ok {
			wrong = append(wrong, cursorInvalid())
		}
		p.after = after
	}
	if wrong != nil {
		return page{}, problem.Invalid(wrong...)
	}
	return p, nil
}

func cursorInvalid() problem.Field {
	return problem.Parameter("cursor", "cursor_invalid", "not a cursor of this list and these filters; begin again without one")
}

func (r *request) binding(query url.Values) []byte {
	h := sha256.New()
	h.Write([]byte(r.c.FullPath() + "\x00" + r.party.Partner))
	names := make([]string, 0, len(query))
	for name := range query {
		if name != "limit" && name != "cursor" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		h.Write([]byte("\x00" + name + "\x00" + query.Get(name)))
	}
	return h.Sum(nil)
}

// cursor writes where a page ended.
func (p *page) cursor(last []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(p.check(last), last...))
}

func (p *page) check(last []byte) []byte {
	sum := sha256.Sum256(append(slices.Clip(p.bound), last...))
	return sum[:checkBytes:checkBytes]
}

func (p *page) open(cursor string) ([]byte, bool) {
	if len(cursor) > cursorMax {
		return nil, false
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) <= checkBytes {
		return nil, false
	}
	last := b[checkBytes:]
	return last, p.cursor(last) == cursor // the decoder passes over line ends and spare bits
}

// afterID is the page's place where it is an ID.
func (p *page) afterID() (id ledger.ID) {
	copy(id[:], p.after)
	return id
}

// next returns the cursor of the next page and the Link header that leads to
// it, both empty after the last: a page that is not full has none.
func (r *request) next(p page, n int, last []byte) (cursor, link string) {
	if n < p.limit {
		return "", ""
	}
	cursor = p.cursor(last)
	query := r.c.Request.URL.Query()
	query.Set("cursor", cursor)
	return cursor, "<" + r.c.Request.URL.Path + "?" + query.Encode() + `>; rel="next"`
}

// oneOf reads a parameter that has few values.
func oneOf(query url.Values, name string, allowed ...string) (string, []problem.Field) {
	if !query.Has(name) || slices.Contains(allowed, query.Get(name)) {
		return query.Get(name), nil
	}
	return "", []problem.Field{problem.Parameter(name, "not_allowed", "must be one of those that the document lists")}
}
