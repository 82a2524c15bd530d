package backup

import (
	"errors"
	"fmt"
	"time"
)

// Wish is the point in time that a restore goes back to. At most one of them is set; with none
// it is that of the latest backup.
type Wish struct {
	Name  string    // of a backup
	At    time.Time // the latest backup that was made by then
	Block uint64    // the ledger's first so many blocks, and the latest database that knows no later one
}

// Choice is what is restored: a backup, and so many blocks.
type Choice struct {
	Manifest *Manifest
	Blocks   uint64
}

// Choose finds what a wish leads to. It returns [ErrNone] when there is no such
// backup. A wish for a time ends the ledger where the backup's does, so that ledger
// and database agree.
func (r *Repository) Choose(w Wish) (Choice, error) {
	if w.Name != "" {
		m, err := r.Manifest(w.Name)
		if err != nil {
			return Choice{}, err
		}
		return Choice{m, m.Ledger.Blocks}, nil
	}
	names, err := r.Names()
	if err != nil {
		return Choice{}, err
	}
	if len(names) == 0 {
		return Choice{}, fmt.Errorf("%w: %s has none", ErrNone, r.path)
	}
	return r.latest(names, w)
}

func (r *Repository) latest(names []string, w Wish) (Choice, error) {
	var first *Manifest
	for i := len(names) - 1; i >= 0; i-- {
		m, err := r.Manifest(names[i])
		if err != nil {
			return Choice{}, fmt.Errorf("%w; to pass it over, name another with --backup", err)
		}
		first = m
		switch {
		case !w.At.IsZero() && m.MadeAt.After(w.At):
		case w.Block > 0 && m.Ledger.Blocks > w.Block:
		case w.Block > 0:
			return Choice{m, w.Block}, nil
		default:
			return Choice{m, m.Ledger.Blocks}, nil
		}
	}
	return Choice{}, fmt.Errorf("%w: the first was made at %s, with %d blocks", ErrNone, first.MadeAt.Format(time.RFC3339Nano), first.Ledger.Blocks)
}

// Check reads everything that belongs to a choice, and returns all that is wrong
// with it.
func (r *Repository) Check(c Choice) error {
	var errs []error
	for _, f := range c.Manifest.objects() {
		errs = append(errs, r.check(&f))
	}
	return errors.Join(errs...)
}
