package console

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
)

const (
	statementsPage = 20
	// aroundFile is what stands in a form besides the file, in bytes.
	aroundFile = 64 << 10
	mebibyte   = 1 << 20
)

func (c *Console) statementLeaves() []leaf {
	get, post := http.MethodGet, http.MethodPost
	return []leaf{
		{get, "/statements", c.listStatements, readers, 0},
		{post, "/statements", c.receiveStatement, workers, c.o.Statements.BytesMax() + aroundFile},
		{get, "/statements/{statement}", c.showStatement, readers, 0},
	}
}

// statementRow is a statement in the list.
type statementRow struct {
	*statements.Statement
	Company string
}

// waitingRow is a window whose statement has not come.
type waitingRow struct {
	settlement.Waiting
	Company string
	DueAt   int64 // milliseconds since 1970
}

type statementsBody struct {
	Waiting   []waitingRow
	Rows      []statementRow
	First     string
	Next      string
	Companies []partners.Partner
	Lang      string
	Mine      bool
	Sends     bool
	MostMiB   int64
	// As the form was sent.
	Partner, Day string
	Refusal      *refusal
	// What the file that was sent came to.
	Received *statementRow
	Repeated bool
}

func (c *Console) listStatements(v *visit) error {
	return c.statementsPage(v, http.StatusOK, &statementsBody{Day: v.r.URL.Query().Get("day"), Partner: v.r.URL.Query().Get("partner")})
}

func (c *Console) statementsPage(v *visit, status int, b *statementsBody) error {
	b.Companies, b.Lang, b.Mine, b.Sends = c.o.Registry.All(), string(v.lang), v.person.Company != "", v.User.Has(workers...)
	b.MostMiB = c.o.Statements.BytesMax() / mebibyte
	if err := c.waiting(v, b); err != nil {
		return err
	}
	before := ledger.ID{}
	if id, err := ledger.ParseID(v.r.URL.Query().Get("before")); err == nil {
		before, b.First = id, Area+"/statements"
	}
	found, err := c.o.Statements.Statements(v.r.Context(), statements.Filter{Partner: v.person.Company}, before, statementsPage+1)
	if err != nil {
		return err
	}
	if len(found) > statementsPage {
		found = found[:statementsPage]
		b.Next = Area + "/statements?before=" + found[statementsPage-1].ID.String()
	}
	for _, s := range found {
		b.Rows = append(b.Rows, statementRow{s, c.company(v, s.Partner)})
	}
	return c.showStatus(v, status, "statements", b)
}

// waiting fills in the windows whose statements are due or missing.
func (c *Console) waiting(v *visit, b *statementsBody) error {
	all, err := c.o.Waiting(v.r.Context())
	if err != nil {
		return err
	}
	for _, w := range all {
		if v.person.Company == "" || w.Partner == v.person.Company {
			b.Waiting = append(b.Waiting, waitingRow{w, c.company(v, w.Partner), w.Due.UnixMilli()})
		}
	}
	return nil
}

// receiveStatement takes a file in, as POST /v1/statements does.
func (c *Console) receiveStatement(v *visit) error {
	form := v.r.PostForm
	b := &statementsBody{Partner: form.Get("partner"), Day: form.Get("day")}
	if v.person.Company != "" {
		b.Partner = v.person.Company
	}
	refuse := func(code, detail string) error {
		b.Refusal = &refusal{code, detail}
		return c.statementsPage(v, http.StatusUnprocessableEntity, b)
	}
	if _, known := c.o.Registry.Partner(b.Partner); !known {
		return refuse("partner", "")
	}
	day, err := ledger.ParseDate(b.Day)
	if err != nil {
		return refuse("day", "")
	}
	file, header, err := v.r.FormFile("file")
	if err != nil {
		return refuse("no_file", "")
	}
	defer file.Close()
	receipt, err := c.o.Statements.Receive(v.r.Context(), statements.Delivery{Partner: b.Partner, Day: day, Name: fileName(header.Filename, statements.NameMax),
		Source: statements.Console, By: v.person.ID, Size: header.Size}, file)
	var refused *statements.Refusal
	switch {
	case errors.As(err, &refused):
		return refuse(refused.Code, refused.Detail)
	case errors.Is(err, statements.ErrInUse):
		return refuse("in_use", "")
	case err != nil:
		return err
	}
	b.Received, b.Repeated = &statementRow{receipt.Statement, c.company(v, receipt.Statement.Partner)}, receipt.Repeated
	if receipt.Statement.Refused {
		return c.statementsPage(v, http.StatusUnprocessableEntity, b)
	}
	return c.statementsPage(v, http.StatusOK, b)
}

type statementBody struct {
	statementRow
	ByIs string
}

// showStatement shows what a file came to, or why it was refused.
func (c *Console) showStatement(v *visit) error {
	id, err := ledger.ParseID(v.r.PathValue("statement"))
	if err != nil {
		return errNotFound
	}
	s, err := c.o.Statements.Statement(v.r.Context(), v.person.Company, id)
	if errors.Is(err, statements.ErrNotFound) {
		return errNotFound
	}
	if err != nil {
		return err
	}
	return c.show(v, "statement", &statementBody{statementRow: statementRow{s, c.company(v, s.Partner)}, ByIs: c.sender(v, s)})
}

// sender is what a page calls who sent a statement: a person by name, a program
// by its number.
func (c *Console) sender(v *visit, s *statements.Statement) string {
	if s.Source != statements.Console || c.learnNames(v) != nil {
		return s.By
	}
	for p, name := range v.names {
		if p.ID == s.By {
			return name
		}
	}
	return ""
}

// problemRow is a problem of a statement in a table.
type problemRow struct {
	statementfile.Problem
	Where string
}

// Quoted reports whether what was found is a text of the file. Where it is a
// description, the rule's sentence has it in the reader's language.
func (p problemRow) Quoted() bool { return p.Rule.Name == "" || strings.HasPrefix(p.Found, `"`) }

// Lines are the problems with where they are.
func (s statementRow) Lines() (all []problemRow) {
	for _, list := range [][]statementfile.Problem{s.Problems, s.Notes} {
		for _, p := range list {
			where := ""
			if p.Line > 0 {
				where = strconv.Itoa(p.Line)
			}
			all = append(all, problemRow{p, where})
		}
	}
	return all
}

// Size is in whole KiB, rounded up.
func (s statementRow) Size() int64 { return (s.Bytes + 1023) / 1024 }
