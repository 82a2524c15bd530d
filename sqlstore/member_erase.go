package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// erasePage is how many rows are changed in one transaction.
const erasePage = 200

// eraseMember goes through the tables. What quotes the member's names comes first, and
// where they are found out last, so that after a crash they are still known.
func (s *Store) eraseMember(ctx context.Context, p *members.Person) error {
	for _, part := range []func(context.Context, *members.Person) error{
		s.eraseSessions, s.eraseAnswers, s.eraseFindings, s.eraseTrails, s.eraseNotes, s.eraseRewards, s.eraseOrders, s.eraseConversions, s.eraseLinks,
	} {
		if err := part(ctx, p); err != nil {
			return err
		}
	}
	return s.forgetPages(ctx)
}

const eraseSessionsOf = `DELETE FROM member_sessions WHERE member = $1`

// eraseSessions signs the member out everywhere.
func (s *Store) eraseSessions(ctx context.Context, p *members.Person) error {
	_, err := s.writer.one(ctx, eraseSessionsOf, p.Number)
	return err
}

// quotedMin is the least length of a name that is looked for in text. A shorter one
// would be found everywhere.
const quotedMin = 4

// names are all that a member is called, as they are looked for in text.
func names(p *members.Person) []string {
	all := []string{p.Number}
	for _, a := range p.Aliases {
		if len(a.Text) >= quotedMin {
			all = append(all, a.Text)
		}
	}
	return all
}

// without returns the text with the token in place of each name that stands in it as a
// word of its own.
func without(text string, names []string, token string) string {
	for _, n := range names {
		for at := 0; ; {
			i := strings.Index(text[at:], n)
			if i < 0 {
				break
			}
			i += at
			if end := i + len(n); wordEnds(text, i-1) && wordEnds(text, end) {
				text = text[:i] + token + text[end:]
				at = i + len(token)
			} else {
				at = i + 1
			}
		}
	}
	return text
}

// wordEnds reports whether what stands at a place is no part of a name.
func wordEnds(text string, at int) bool {
	if at < 0 || at >= len(text) {
		return true
	}
	c := text[at]
	return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
}

const (
	selectAnswers = `SELECT client, route, request_key, body FROM requests WHERE (client, route, request_key) > ($1, $2, $3)
		ORDER BY client, route, request_key LIMIT $4`
	eraseAnswer = `UPDATE requests SET request_key = $1, status = 410, content_type = 'application/problem+json', location = '', body = $2
		WHERE client = $3 AND route = $4 AND request_key = $5`
)

// erasedAnswer is what repeats of requests about an erased member are told.
var erasedAnswer = []byte(`{"type":"about:blank","title":"Gone","status":410,"code":"member_erased","detail":"The answer named a member who was erased."}`)

type answered struct {
	client, route, key string
	body               []byte
}

func scanAnswered(row scanner) (*answered, error) {
	var a answered
	err := row.Scan(&a.client, &a.route, &a.key, &a.body)
	return &a, err
}

// eraseAnswers replaces saved answers that name the member.
func (s *Store) eraseAnswers(ctx context.Context, p *members.Person) error {
	names := names(p)
	for last := (answered{}); ; {
		page, err := list(ctx, s.reader, scanAnswered, selectAnswers, last.client, last.route, last.key, int64(erasePage))
		if err != nil {
			return err
		}
		var all []statement
		for _, a := range page {
			key, body := without(a.key, names, p.Token), string(a.body)
			if key != a.key || without(body, names, p.Token) != body {
				all = append(all, stmt(eraseAnswer, key, erasedAnswer, a.client, a.route, a.key))
			}
		}
		if err := s.storeAll(ctx, all); err != nil || len(page) < erasePage {
			return err
		}
		last = *page[len(page)-1]
	}
}

func (s *Store) storeAll(ctx context.Context, all []statement) error {
	if len(all) == 0 {
		return nil
	}
	_, err := s.writer.do(ctx, all...)
	return err
}

// storeEach is storeAll for rows that somebody else may have changed meanwhile; then it
// returns [members.ErrChanged], and all is to be done again.
func (s *Store) storeEach(ctx context.Context, all []statement) error {
	if len(all) == 0 {
		return nil
	}
	done, err := s.writer.do(ctx, all...)
	for _, st := range done {
		if st.affected == 0 {
			return members.ErrChanged
		}
	}
	return err
}

const (
	selectFindings = `SELECT id, finding, resolution, version FROM breaks WHERE id > $1 ORDER BY id LIMIT $2`
	eraseFinding   = `UPDATE breaks SET finding = $1, resolution = $2 WHERE id = $3 AND version = $4`
)

type found struct {
	id, finding, resolution string
	version                 int64
}

func scanFound(row scanner) (*found, error) {
	var f found
	err := row.Scan(&f.id, &f.finding, &f.resolution, &f.version)
	return &f, err
}

// eraseFindings takes memberships out of breaks.
func (s *Store) eraseFindings(ctx context.Context, p *members.Person) error {
	names := names(p)
	for after := ""; ; {
		page, err := list(ctx, s.reader, scanFound, selectFindings, after, int64(erasePage))
		if err != nil {
			return err
		}
		var all []statement
		for _, f := range page {
			finding, err := withoutMembership(f.finding, p)
			if err != nil {
				return fmt.Errorf("sqlstore: case %s: %w", f.id, err)
			}
			resolution := without(f.resolution, names, p.Token)
			if finding != f.finding || resolution != f.resolution {
				all = append(all, stmt(eraseFinding, finding, resolution, f.id, f.version))
			}
		}
		if err := s.storeEach(ctx, all); err != nil || len(page) < erasePage {
			return err
		}
		after = page[len(page)-1].id
	}
}

// withoutMembership takes a membership out of a finding, and leaves one that has none
// as it is.
func withoutMembership(text string, p *members.Person) (string, error) {
	var f desk.Finding
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return "", err
	}
	changed := false
	for _, b := range []*desk.Book{f.Ledger, f.Ours, f.Theirs} {
		for _, a := range p.Aliases {
			if b != nil && a.Partner == f.Partner && b.Membership == a.Text && a.Text != "" {
				b.Membership, changed = p.Token, true
			}
		}
	}
	if !changed {
		return text, nil
	}
	out, err := json.Marshal(&f)
	return string(out), err
}

const (
	selectTexts = `SELECT break_id, number, text, name FROM break_trail WHERE (break_id, number) > ($1, $2) ORDER BY break_id, number LIMIT $3`
	eraseText   = `UPDATE break_trail SET text = $1, name = $2 WHERE break_id = $3 AND number = $4`
)

type entryText struct {
	id         string
	number     int64
	text, name string
}

func scanEntryText(row scanner) (*entryText, error) {
	var e entryText
	err := row.Scan(&e.id, &e.number, &e.text, &e.name)
	return &e, err
}

// eraseTrails replaces names in what people wrote about breaks. Files that they attached
// are evidence of two companies and stay; see docs/privacy.md.
func (s *Store) eraseTrails(ctx context.Context, p *members.Person) error {
	names := names(p)
	for last := (entryText{}); ; {
		page, err := list(ctx, s.reader, scanEntryText, selectTexts, last.id, last.number, int64(erasePage))
		if err != nil {
			return err
		}
		var all []statement
		for _, e := range page {
			text, name := without(e.text, names, p.Token), without(e.name, names, p.Token)
			if text != e.text || name != e.name {
				all = append(all, stmt(eraseText, text, name, e.id, e.number))
			}
		}
		if err := s.storeAll(ctx, all); err != nil || len(page) < erasePage {
			return err
		}
		last = *page[len(page)-1]
	}
}

const (
	selectNotes = `SELECT id, detail FROM statements WHERE id > $1 ORDER BY id LIMIT $2`
	eraseNote   = `UPDATE statements SET detail = $1 WHERE id = $2`
)

type noted struct {
	id     ledger.ID
	detail string
}

func scanNoted(row scanner) (*noted, error) {
	var n noted
	err := row.Scan((*idColumn)(&n.id), &n.detail)
	return &n, err
}

// eraseNotes replaces names in what was quoted of statements that partners sent.
func (s *Store) eraseNotes(ctx context.Context, p *members.Person) error {
	names := names(p)
	for after := (ledger.ID{}); ; {
		page, err := list(ctx, s.reader, scanNoted, selectNotes, after[:], int64(erasePage))
		if err != nil {
			return err
		}
		var all []statement
		for _, n := range page {
			if detail := without(n.detail, names, p.Token); detail != n.detail {
				all = append(all, stmt(eraseNote, detail, n.id[:]))
			}
		}
		if err := s.storeAll(ctx, all); err != nil || len(page) < erasePage {
			return err
		}
		after = page[len(page)-1].id
	}
}

const (
	eraseEvents   = `UPDATE reward_events SET member = $1, contract = '', reason = '' WHERE member = $2`
	eraseStanding = `DELETE FROM reward_members WHERE member = $1`
	// The night that is interrupted begins anew, which finds done what it did.
	eraseNight = `UPDATE reward_night SET after = '' WHERE after = $1`
)

// eraseRewards keeps what was earned, for the sums, and drops how the member stood.
func (s *Store) eraseRewards(ctx context.Context, p *members.Person) error {
	return s.storeAll(ctx, []statement{stmt(eraseEvents, p.Token, p.Number), stmt(eraseStanding, p.Number), stmt(eraseNight, p.Number)})
}

const (
	eraseOrder  = `UPDATE mall_orders SET member = $1, request_key = $2, request_hash = $3, detail = $4 WHERE id = $5`
	eraseClaims = `DELETE FROM mall_claims WHERE order_id = $1`
	eraseReturn = `UPDATE mall_returns SET request_key = $1, request_hash = $2, detail = $3 WHERE id = $4`
)

// noHash stands where the hash of a request was from which a number could be guessed.
var noHash [32]byte

// eraseOrders keeps what was bought, and drops for whom and where it was sent.
func (s *Store) eraseOrders(ctx context.Context, p *members.Person) error {
	return s.eachOrder(ctx, p.Number, func(o *mall.Order) error {
		returns, err := s.Returns(ctx, o.ID)
		if err != nil {
			return err
		}
		o.Member, o.ContractAccount, o.Address, o.Request.Key = p.Token, "", nil, erasedKey(o.ID)
		detail, err := json.Marshal(o)
		if err != nil {
			return fmt.Errorf("sqlstore: order %s: %w", o.ID, err)
		}
		all := []statement{stmt(eraseClaims, o.ID[:]), stmt(eraseOrder, p.Token, o.Request.Key, noHash[:], string(detail), o.ID[:])}
		for _, r := range returns {
			r.Reason, r.Request.Key = "", erasedKey(r.ID)
			detail, err := json.Marshal(r)
			if err != nil {
				return fmt.Errorf("sqlstore: return %s: %w", r.ID, err)
			}
			all = append(all, stmt(eraseReturn, r.Request.Key, noHash[:], string(detail), r.ID[:]))
		}
		return s.storeAll(ctx, all)
	})
}

// erasedKey is the idempotency key of a request that was erased: no client has it.
func erasedKey(id ledger.ID) string { return "erased " + id.String() }

const (
	eraseConversion = `UPDATE conversions SET member = $1, source_membership = '', destination_membership = '', request_key = $2, request_hash = $3 WHERE id = $4`
	eraseReversal   = `UPDATE reversals SET reason = '', request_key = $1, request_hash = $2 WHERE id = $3`
	eraseSigned     = `UPDATE signed_requests SET body = $1 WHERE body_hash = $2`
)

// eraseConversions keeps what was converted, at which account of the ledger.
func (s *Store) eraseConversions(ctx context.Context, p *members.Person) error {
	for {
		page, err := s.ConversionsOf(ctx, p.Number, ledger.ID{}, erasePage)
		if err != nil || len(page) == 0 {
			return err
		}
		var all []statement
		for _, c := range page {
			more, err := s.withoutMember(ctx, c, p)
			if err != nil {
				return err
			}
			all = append(all, more...)
		}
		if err := s.storeAll(ctx, all); err != nil {
			return err
		}
	}
}

func (s *Store) withoutMember(ctx context.Context, c *exchange.Conversion, p *members.Person) ([]statement, error) {
	reversals, err := s.Reversals(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	evidence := []*ledger.Evidence{c.Evidence}
	var all []statement
	for _, r := range reversals {
		all = append(all, stmt(eraseReversal, erasedKey(r.ID), noHash[:], r.ID[:]))
		evidence = append(evidence, r.Evidence)
	}
	for _, e := range evidence {
		more, err := s.signedWithout(ctx, e, p)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return append(all, stmt(eraseConversion, p.Token, erasedKey(c.ID), noHash[:], c.ID[:])), nil
}

// signedWithout drops the text of a signed request that names the member. Its hash and
// signature stay, on the ledger too.
func (s *Store) signedWithout(ctx context.Context, e *ledger.Evidence, p *members.Person) ([]statement, error) {
	if e == nil {
		return nil, nil
	}
	body, err := s.SignedRequest(ctx, e.Body)
	if errors.Is(err, exchange.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if clean := without(string(body), names(p), p.Token); bytes.Equal([]byte(clean), body) {
		return nil, nil
	}
	return []statement{stmt(eraseSigned, []byte{}, e.Body[:])}, nil
}

const eraseLinksOf = `DELETE FROM links WHERE member = $1`

// eraseLinks comes last: links know the memberships.
func (s *Store) eraseLinks(ctx context.Context, p *members.Person) error {
	_, err := s.writer.one(ctx, eraseLinksOf, p.Number)
	return err
}

// forgetPages has SQLite's log forget former pages, after the next write. The pages
// themselves are overwritten when rows are deleted. PostgreSQL does both in its own time.
func (s *Store) forgetPages(context.Context) error {
	if session, ok := s.writer.session.(*sqliteSession); ok {
		session.truncate.Store(true)
	}
	return nil
}
