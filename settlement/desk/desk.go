package desk

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/pointgrid/pointgrid/ledger"
)

// Ledger is what the desk needs of the ledger.
type Ledger interface {
	Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error)
	Adjustments(ctx context.Context) ([]ledger.Adjustment, error)
}

// Options are the parts of a [Desk]; all are needed but the limit.
type Options struct {
	Store  Store
	Ledger Ledger
	// MSP is the utility's company on the ledger; people act under it by their IDs.
	MSP string
	// WriteOffMax is the most that one write-off may be, in millionths of a yuan; 0
	// forbids them.
	WriteOffMax int64
	// DueDays is in how many days a new case should be resolved, at least 1.
	DueDays int
	Now     func() time.Time // the alliance's clock
	Random  io.Reader
}

// Desk resolves cases. It may be used by many goroutines.
type Desk struct{ o Options }

// New returns a desk.
func New(o Options) *Desk { return &Desk{o: o} }

// machine is who opens and clears cases.
var machine = Person{ID: "reconciliation"}

// change is one step of a case.
type change struct {
	by         Person
	what, text string
	attachment ledger.Hash
	name       string
}

// save stores a changed case with its entry.
func (d *Desk) save(ctx context.Context, c *Case, ch change) error {
	c.Version++
	c.UpdatedAt = d.o.Now().UnixMilli()
	return d.o.Store.SaveCase(ctx, c, &Entry{Case: c.ID, Number: c.Version, At: c.UpdatedAt, By: ch.by, What: ch.what,
		State: c.State, Text: ch.text, Attachment: ch.attachment, Name: ch.name})
}

// attempts bounds how often the machine looks again at a case that a person is
// changing.
const attempts = 5

// Report takes what a run of reconciliation found for a partner and window. A
// finding opens a case, or brings one up to date that is not resolved; found
// again after it was cleared, it is open again. Reporting twice changes nothing.
func (d *Desk) Report(ctx context.Context, window ledger.Date, findings []Finding) error {
	for i := range findings {
		if err := d.again(func() error { return d.report(ctx, window, &findings[i]) }); err != nil {
			return fmt.Errorf("desk: finding %s: %w", findings[i].ID, err)
		}
	}
	return nil
}

func (d *Desk) again(step func() error) (err error) {
	for range attempts {
		if err = step(); !errors.Is(err, ErrChanged) {
			return err
		}
	}
	return err
}

func (d *Desk) report(ctx context.Context, window ledger.Date, f *Finding) error {
	c, err := d.o.Store.Case(ctx, f.ID)
	if errors.Is(err, ErrNotFound) {
		now := d.o.Now().UnixMilli()
		c = &Case{Finding: *f, State: Open, Seen: window, Due: window + ledger.Date(d.o.DueDays), OpenedAt: now}
		return d.save(ctx, c, change{by: machine, what: "opened", text: f.Type})
	}
	if err != nil {
		return err
	}
	return d.found(ctx, window, c, f)
}

// found brings a case up to date with what was found again.
func (d *Desk) found(ctx context.Context, window ledger.Date, c *Case, f *Finding) error {
	first, was := c.Finding.Window, c.Type
	if c.State == Resolved || window < c.Seen || window == c.Seen && c.State != Cleared && was == f.Type {
		return nil
	}
	c.Finding, c.Seen = *f, window
	c.Finding.Window = first
	what := "found again"
	if c.State == Cleared || c.State == MovedOn {
		c.State, c.Resolution, what = Open, nil, "reopened"
	}
	return d.save(ctx, c, change{by: machine, what: what, text: f.Type})
}

// Clear ends cases whose books agree now. One that a person has resolved, or that
// is not there, stays as it is.
func (d *Desk) Clear(ctx context.Context, window ledger.Date, ids []string) error {
	for _, id := range ids {
		err := d.again(func() error {
			c, err := d.o.Store.Case(ctx, id)
			if errors.Is(err, ErrNotFound) || err == nil && c.State.Ended() {
				return nil
			}
			if err != nil {
				return err
			}
			c.State, c.Seen = Cleared, max(c.Seen, window)
			return d.save(ctx, c, change{by: machine, what: "cleared"})
		})
		if err != nil {
			return fmt.Errorf("desk: clear %s: %w", id, err)
		}
	}
	return nil
}

// Case returns a case that the person may see: the utility sees all, a partner
// its own. It returns [ErrNotFound].
func (d *Desk) Case(ctx context.Context, p Person, id string) (*Case, error) {
	c, err := d.o.Store.Case(ctx, id)
	if err == nil && p.Company != "" && c.Partner != p.Company {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Cases returns the cases that the person may see; see [Store.Cases].
func (d *Desk) Cases(ctx context.Context, p Person, f Filter, o Order, after *Place, limit int) ([]*Case, error) {
	partner, ok := p.sees(f.Partner)
	if !ok {
		return nil, nil
	}
	f.Partner = partner
	return d.o.Store.Cases(ctx, f, o, after, limit)
}

// Counts returns the numbers of cases that the person may see; see
// [Store.CaseCounts].
func (d *Desk) Counts(ctx context.Context, p Person, partner string, from, to ledger.Date) ([]Count, error) {
	partner, ok := p.sees(partner)
	if !ok {
		return nil, nil
	}
	return d.o.Store.CaseCounts(ctx, partner, from, to)
}

// Clearances returns how long cases that the person may see took; see
// [Store.Clearances].
func (d *Desk) Clearances(ctx context.Context, p Person, partner string, from, to ledger.Date) ([]Clearance, error) {
	partner, ok := p.sees(partner)
	if !ok {
		return nil, nil
	}
	return d.o.Store.Clearances(ctx, partner, from, to)
}

// sees narrows what is asked for to what the person may see; not ok is nothing.
func (p Person) sees(partner string) (string, bool) {
	if p.Company == "" {
		return partner, true
	}
	return p.Company, partner == "" || partner == p.Company
}

// Trail returns the trail of a case that the person may see.
func (d *Desk) Trail(ctx context.Context, p Person, id string) ([]*Entry, error) {
	if _, err := d.Case(ctx, p, id); err != nil {
		return nil, err
	}
	return d.o.Store.CaseTrail(ctx, id)
}

// Attachment returns a file of a case that the person may see.
func (d *Desk) Attachment(ctx context.Context, p Person, id string, digest ledger.Hash) ([]byte, string, error) {
	trail, err := d.Trail(ctx, p, id)
	if err != nil {
		return nil, "", err
	}
	for _, e := range trail {
		if e.Attachment == digest && !digest.IsZero() {
			file, err := d.o.Store.CaseFile(ctx, digest)
			return file, e.Name, err
		}
	}
	return nil, "", ErrNotFound
}

// Blocking returns how many cases keep a partner's window from being signed.
func (d *Desk) Blocking(ctx context.Context, partner string, window ledger.Date) (n int64, err error) {
	counts, err := d.o.Store.CaseCounts(ctx, partner, window, window)
	for _, c := range counts {
		if c.State.Blocks() && !c.Tolerated {
			n += c.Cases
		}
	}
	return n, err
}

// step loads the case that a person means, at the version at which it was seen,
// and stores what the change makes of it.
func (d *Desk) step(ctx context.Context, p Person, id string, version int64, apply func(*Case) (change, error)) (*Case, error) {
	c, err := d.Case(ctx, p, id)
	if err != nil {
		return nil, err
	}
	if c.Version != version {
		return nil, fmt.Errorf("%w: it is at version %d, you saw %d", ErrChanged, c.Version, version)
	}
	ch, err := apply(c)
	if err != nil {
		return nil, err
	}
	ch.by = p
	if err := d.save(ctx, c, ch); err != nil {
		return nil, err
	}
	return c, nil
}

func checkText(name, s string, required bool) error {
	switch {
	case required && s == "":
		return fmt.Errorf("%w: %s is missing", ErrInvalid, name)
	case len(s) > TextMax:
		return fmt.Errorf("%w: %s has %d bytes, at most %d", ErrInvalid, name, len(s), TextMax)
	case !utf8.ValidString(s):
		return fmt.Errorf("%w: %s is not UTF-8", ErrInvalid, name)
	}
	return nil
}

// Comment adds to the trail.
func (d *Desk) Comment(ctx context.Context, p Person, id string, version int64, text string) (*Case, error) {
	return d.step(ctx, p, id, version, func(c *Case) (change, error) {
		what := "commented"
		if p.Company != "" && c.State == Returned {
			c.State, c.Resolution, what = Open, nil, "answered"
		}
		return change{what: what, text: text}, checkText("comment", text, true)
	})
}

// Attach adds a file to the trail.
func (d *Desk) Attach(ctx context.Context, p Person, id string, version int64, name string, file []byte) (*Case, error) {
	if len(file) == 0 || len(file) > AttachmentMax || name == "" || len(name) > NameMax || !utf8.ValidString(name) {
		return nil, fmt.Errorf("%w: a file has a name of up to %d bytes and 1 to %d bytes", ErrInvalid, NameMax, AttachmentMax)
	}
	digest := ledger.Hash(sha256.Sum256(file))
	if _, err := d.Case(ctx, p, id); err != nil {
		return nil, err
	}
	if err := d.o.Store.SaveCaseFile(ctx, digest, file); err != nil {
		return nil, err
	}
	return d.step(ctx, p, id, version, func(*Case) (change, error) {
		return change{what: "attached", attachment: digest, name: name}, nil
	})
}

// Assign gives a case to a person, or with an empty one to nobody, with a date
// until which it should be resolved; 0 leaves that as it is. By the utility.
func (d *Desk) Assign(ctx context.Context, p Person, id string, version int64, owner Person, due ledger.Date) (*Case, error) {
	return d.step(ctx, p, id, version, func(c *Case) (change, error) {
		if p.Company != "" {
			return change{}, ErrForbidden
		}
		if c.State.Ended() {
			return change{}, fmt.Errorf("%w: the case is %s", ErrState, c.State)
		}
		if c.Owner = owner; due != 0 {
			c.Due = due
		}
		return change{what: "assigned", text: owner.ID}, nil
	})
}
