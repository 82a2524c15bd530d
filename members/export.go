package members

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// The format of an export, as docs/privacy.md describes it. A field may be added
// without a new version; one that changes its meaning is a new one.
const (
	ExportFormat  = "pointgrid-member"
	ExportVersion = 1
)

// Document is a JSON object that is written while it is made, so that its size costs no
// memory. The first error ends it.
type Document struct {
	w     *bufio.Writer
	list  bool // inside a list
	items int  // of the list
	parts int
	err   error
}

// Value writes a member of the object.
func (d *Document) Value(name string, v any) error {
	d.endList()
	d.name(name)
	d.json(v)
	return d.err
}

// List begins a list, to which [Document.Add] adds.
func (d *Document) List(name string) error {
	d.endList()
	d.name(name)
	d.text("[")
	d.list, d.items = true, 0
	return d.err
}

// Add writes an item of the list that was begun last.
func (d *Document) Add(v any) error {
	if !d.list && d.err == nil {
		d.err = errors.New("members: an item outside of a list")
	}
	if d.items > 0 {
		d.text(",")
	}
	d.text("\n ")
	d.items++
	d.json(v)
	return d.err
}

func (d *Document) endList() {
	if d.list {
		d.text("]")
		d.list = false
	}
}

func (d *Document) name(name string) {
	if d.parts > 0 {
		d.text(",\n")
	}
	d.parts++
	d.json(name)
	d.text(": ")
}

func (d *Document) json(v any) {
	if d.err != nil {
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		d.err = fmt.Errorf("members: export: %w", err)
		return
	}
	_, d.err = d.w.Write(b)
}

func (d *Document) text(s string) {
	if d.err == nil {
		_, d.err = d.w.WriteString(s)
	}
}

// identity is who the document is about.
type identity struct {
	Number       string `json:"number"`
	Account      string `json:"account"`
	RegisteredAt string `json:"registered_at"`
	Salted       bool   `json:"salted"`
}

// Export writes everything that is held about the member who has an account as one JSON
// document; docs/privacy.md describes it. It returns [ErrNotFound] before anything is
// written. After any other error what was written is no document.
func (e *Privacy) Export(ctx context.Context, account ledger.Account, to io.Writer) error {
	m, err := e.o.Registry.o.Store.MemberWith(ctx, account)
	if err != nil {
		return err
	}
	d := &Document{w: bufio.NewWriter(to)}
	d.text("{\n")
	err = errors.Join(d.Value("format", ExportFormat), d.Value("version", ExportVersion), d.Value("made_at", instant(e.o.Registry.o.Now().UnixMilli())),
		d.Value("member", identity{m.Number, m.Account.String(), instant(m.RegisteredAt), len(m.Salt) > 0}))
	for i := range e.o.Places {
		p := &e.o.Places[i]
		if p.Export == nil || err != nil {
			continue
		}
		if err = p.Export(ctx, m, d); err != nil {
			err = fmt.Errorf("members: export of %s: %w", p.Name, err)
		}
	}
	if err != nil {
		return err
	}
	d.endList()
	d.text("\n}\n")
	return errors.Join(d.err, d.w.Flush())
}

func instant(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// Known returns [ErrNotFound] when nobody has an account.
func (e *Privacy) Known(ctx context.Context, account ledger.Account) error {
	_, err := e.o.Registry.o.Store.MemberWith(ctx, account)
	return err
}
