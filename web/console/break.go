package console

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/web/signin"
)

// bookRow is one field of a break in the three books.
type bookRow struct {
	Word                 string // key below console.field
	Ledger, Ours, Theirs string // empty where a book has nothing
	Differs              bool
	Number               bool
}

// trailRow is one entry of the trail.
type trailRow struct {
	*desk.Entry
	Who  string
	Word string // key below console.trail, and for proposals the action
	More string
}

type breakBody struct {
	*desk.Case
	Company   *partners.Partner
	Name      string
	Books     []bookRow
	Has       [3]bool // whether ledger, ours and theirs have it at all
	Trail     []trailRow
	OwnerIs   string
	MakerIs   string
	CheckerIs string
	Overdue   bool
	ValueText string         // in yuan, as it is typed into the form
	Staff     []*signin.User // to whom it can be given
	Actions   []desk.Action
	Receipt   bool
	Bank      bool // what the bank told differs from what was ordered
	// What the user may do now.
	Maker, Checker, Own, Mine, Writes bool
	// After a refusal: what was typed.
	Typed   typed
	Refusal *refusal
	Changed []trailRow // what others did meanwhile
}

// typed is what stood in the form that was refused.
type typed struct {
	Form, Text, Value, Action string
}

func (c *Console) showBreak(v *visit) error { return c.breakPage(v, http.StatusOK, nil, typed{}, 0) }

// breakPage shows a case. seen is the version that the user had when something
// was refused, 0 otherwise.
func (c *Console) breakPage(v *visit, status int, r *refusal, t typed, seen int64) error {
	ctx := v.r.Context()
	one, err := c.o.Desk.Case(ctx, v.person, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	company, ok := c.o.Registry.Partner(one.Partner)
	if !ok {
		company = &partners.Partner{Code: one.Partner, Name: c.company(v, one.Partner)}
	}
	b := &breakBody{Case: one, Company: company, Name: nameOf(company, v.lang), Refusal: r, Typed: t, Actions: actions(one), Bank: one.Type == payment.BreakType, Receipt: !one.Transfer.IsZero() && one.Ledger != nil}
	b.ValueText = decimal.New(one.Value, -6).String()
	b.Books, b.Has = c.books(v, one, company), [3]bool{one.Ledger != nil, one.Ours != nil, one.Theirs != nil}
	if err := c.breakPeople(v, b); err != nil {
		return err
	}
	if b.Trail, err = c.trail(v, one.ID); err != nil {
		return err
	}
	if seen > 0 && r != nil && r.Code == "changed" {
		b.Changed = slices.DeleteFunc(slices.Clone(b.Trail), func(e trailRow) bool { return e.Number <= seen })
	}
	alliance, err := c.o.Ledger.Alliance(ctx)
	if err != nil {
		return err
	}
	b.Overdue = one.Due != 0 && one.Due < alliance.Window && !one.State.Ended()
	return c.showStatus(v, status, "break", b)
}

// actions are what can be proposed for a case. Where nobody knows whose it is there
// is nobody to adjust with or to return it to.
func actions(one *desk.Case) []desk.Action {
	if one.Partner != "" {
		return desk.Actions()
	}
	return []desk.Action{desk.Accept, desk.MoveOn}
}

// breakPeople fills in who is who, and what the user may do.
func (c *Console) breakPeople(v *visit, b *breakBody) (err error) {
	one := b.Case
	if b.OwnerIs, err = c.who(v, one.Owner); err != nil {
		return err
	}
	b.Mine, b.Writes, b.Own = v.person.Company != "", v.User.Has(workers...), one.Owner == v.person
	if r := one.Resolution; r != nil {
		if b.MakerIs, err = c.who(v, r.Maker); err != nil {
			return err
		}
		if b.CheckerIs, err = c.who(v, r.Checker); err != nil {
			return err
		}
	}
	open := one.State == desk.Open || one.State == desk.Returned || one.State == desk.MovedOn
	b.Maker = v.User.Has(makers...) && open
	b.Checker = v.User.Has(checkers...) && one.State == desk.Proposed && one.Resolution.Maker != v.person
	if v.User.Has(deciders...) {
		users, err := c.o.Service.Users(v.r.Context(), "")
		if err != nil {
			return err
		}
		b.Staff = slices.DeleteFunc(users, func(u *signin.User) bool { return u.DisabledAt != 0 || !u.Has(deciders...) })
	}
	return nil
}

func (c *Console) trail(v *visit, id string) ([]trailRow, error) {
	entries, err := c.o.Desk.Trail(v.r.Context(), v.person, id)
	if err != nil {
		return nil, err
	}
	var all []trailRow
	for _, e := range entries {
		row := trailRow{Entry: e, More: e.Text}
		if row.Who, err = c.who(v, e.By); err != nil {
			return nil, err
		}
		if row.Word, err = c.trailWord(v, e, &row); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}

// trailWord says what happened in the reader's language. What the words do not
// know yet is shown as it stands.
func (c *Console) trailWord(v *visit, e *desk.Entry, row *trailRow) (string, error) {
	if key := "console.trail." + slug(e.What); c.o.Pages.Has(key) {
		switch e.What {
		case "opened", "found again", "reopened":
			row.More = c.sayOr(v, "console.type."+e.Text, e.Text)
		case "assigned":
			owner := desk.Person{ID: e.Text}
			if e.Text == "" {
				row.More = c.say(v, "console.nobody")
				break
			}
			name, err := c.who(v, owner)
			row.More = name
			return c.say(v, key), err
		}
		return c.say(v, key), nil
	}
	return e.What, nil
}

// slug makes a key of what the trail says: "approved write_off" is
// approved_write_off.
func slug(what string) string {
	b := []byte(what)
	for i := range b {
		if b[i] == ' ' {
			b[i] = '_'
		}
	}
	return string(b)
}

func (c *Console) sayOr(v *visit, key, otherwise string) string {
	if c.o.Pages.Has(key) {
		return c.say(v, key)
	}
	return otherwise
}

// downloadReceipt sends the ledger's proof of the transfer that a break is about.
func (c *Console) downloadReceipt(v *visit) error {
	one, err := c.o.Desk.Case(v.r.Context(), v.person, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	if one.Transfer.IsZero() || one.Ledger == nil {
		return errNotFound
	}
	receipt, err := c.o.Ledger.Receipt(v.r.Context(), one.Transfer)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(&receipt, "", "  ")
	if err != nil {
		return err
	}
	v.file("receipt-"+one.Transfer.String()+".json", "application/json")
	_, _ = v.w.Write(b) // an error is that of the connection
	return nil
}

// downloadAttachment sends a file that somebody attached. It is never shown within
// a page of ours, whatever it is.
func (c *Console) downloadAttachment(v *visit) error {
	var digest ledger.Hash
	if err := digest.UnmarshalText([]byte(v.r.PathValue("digest"))); err != nil {
		return errNotFound
	}
	file, name, err := c.o.Desk.Attachment(v.r.Context(), v.person, v.r.PathValue("id"), digest)
	if errors.Is(err, desk.ErrNotFound) {
		return errNotFound
	}
	if err != nil {
		return err
	}
	v.file("attachment", "application/octet-stream")
	v.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	v.w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	_, _ = v.w.Write(file) // an error is that of the connection
	return nil
}
