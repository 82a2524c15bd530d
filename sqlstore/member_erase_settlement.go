package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
)

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
	return erasePages(ctx, func(last found) ([]*found, error) {
		return list(ctx, s.reader, scanFound, selectFindings, last.id, int64(erasePage))
	}, func(f *found) ([]statement, error) {
		finding, err := withoutMembership(f.finding, p)
		if err != nil {
			return nil, fmt.Errorf("sqlstore: case %s: %w", f.id, err)
		}
		resolution, err := withoutInReason(f.resolution, names, p.Token)
		if err != nil {
			return nil, fmt.Errorf("sqlstore: case %s: column resolution: %w", f.id, err)
		}
		if finding == f.finding && resolution == f.resolution {
			return nil, nil
		}
		return []statement{stmt(eraseFinding, finding, resolution, f.id, f.version)}, nil
	}, s.storeEach)
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

// withoutInReason replaces names in why a break was resolved as it was.
func withoutInReason(text string, names []string, token string) (string, error) {
	if text == "" {
		return "", nil
	}
	var r desk.Resolution
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return "", err
	}
	reason := without(r.Reason, names, token)
	if reason == r.Reason {
		return text, nil
	}
	r.Reason = reason
	out, err := json.Marshal(&r)
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
	return erasePages(ctx, func(last entryText) ([]*entryText, error) {
		return list(ctx, s.reader, scanEntryText, selectTexts, last.id, last.number, int64(erasePage))
	}, func(e *entryText) ([]statement, error) {
		text, name := without(e.text, names, p.Token), without(e.name, names, p.Token)
		if text == e.text && name == e.name {
			return nil, nil
		}
		return []statement{stmt(eraseText, text, name, e.id, e.number)}, nil
	}, s.storeAll)
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
	return erasePages(ctx, func(last noted) ([]*noted, error) {
		return list(ctx, s.reader, scanNoted, selectNotes, last.id[:], int64(erasePage))
	}, func(n *noted) ([]statement, error) {
		detail, err := withoutInNotes(n.detail, names, p.Token)
		if err != nil {
			return nil, fmt.Errorf("sqlstore: statement %s: column detail: %w", n.id, err)
		}
		if detail == n.detail {
			return nil, nil
		}
		return []statement{stmt(eraseNote, detail, n.id[:])}, nil
	}, s.storeAll)
}

// withoutInNotes replaces names in what notes and problems quote. The rest is ours, and
// to replace text in what is encoded could leave something that cannot be read.
func withoutInNotes(text string, names []string, token string) (string, error) {
	var d statementDetail
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return "", err
	}
	changed := false
	for _, quoting := range [][]statementfile.Problem{d.Notes, d.Problems} {
		for i := range quoting {
			found := without(quoting[i].Found, names, token)
			changed = changed || found != quoting[i].Found
			quoting[i].Found = found
		}
	}
	if !changed {
		return text, nil
	}
	out, err := json.Marshal(&d)
	return string(out), err
}
