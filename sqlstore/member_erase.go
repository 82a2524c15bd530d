package sqlstore

import (
	"context"
	"strings"
	"unicode"

	"github.com/pointgrid/pointgrid/members"
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

// The least length of a number, and of another name, that is looked for in text. A
// shorter one would be found everywhere.
const (
	numberQuotedMin = 3
	quotedMin       = 4
)

// names are all that a member is called, as they are looked for in text.
func names(p *members.Person) (all []string) {
	if telling(p.Number, numberQuotedMin) {
		all = append(all, p.Number)
	}
	for _, a := range p.Aliases {
		if telling(a.Text, quotedMin) {
			all = append(all, a.Text)
		}
	}
	return all
}

// telling reports whether a name found in text means somebody: signs alone do not.
func telling(name string, least int) bool {
	return len(name) >= least && strings.ContainsFunc(name, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
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
	return erasePages(ctx, func(last answered) ([]*answered, error) {
		return list(ctx, s.reader, scanAnswered, selectAnswers, last.client, last.route, last.key, int64(erasePage))
	}, func(a *answered) ([]statement, error) {
		key, body := without(a.key, names, p.Token), string(a.body)
		if key == a.key && without(body, names, p.Token) == body {
			return nil, nil
		}
		return []statement{stmt(eraseAnswer, key, erasedAnswer, a.client, a.route, a.key)}, nil
	}, s.storeAll)
}

// erasePages goes through rows page by page, from the zero row on, and stores what has to
// change in them, a page in one transaction.
func erasePages[T any](ctx context.Context, read func(last T) ([]*T, error), change func(*T) ([]statement, error), store func(context.Context, []statement) error) error {
	for last := *new(T); ; {
		page, err := read(last)
		if err != nil {
			return err
		}
		var all []statement
		for _, row := range page {
			changes, err := change(row)
			if err != nil {
				return err
			}
			all = append(all, changes...)
		}
		if err := store(ctx, all); err != nil || len(page) < erasePage {
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
