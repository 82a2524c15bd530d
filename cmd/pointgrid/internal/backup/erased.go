package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// Erased are the accounts of all members who were forgotten by the time of any
// backup. A backup from before still knows them.
func (r *Repository) Erased() (all []ledger.Account, err error) {
	b, err := os.ReadFile(filepath.Join(r.path, erasedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for line := range strings.Lines(string(b)) {
		var a ledger.Account
		if err := a.UnmarshalText([]byte(strings.TrimSuffix(line, "\n"))); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, erasedFile, err)
		}
		all = append(all, a)
	}
	return all, err
}

// remember adds accounts.
func (r *Repository) remember(more []ledger.Account) error {
	all, err := r.Erased()
	if err != nil {
		return err
	}
	known := len(all)
	all = append(all, more...)
	slices.SortFunc(all, func(a, b ledger.Account) int { return slices.Compare(a[:], b[:]) })
	if all = slices.Compact(all); len(all) == known {
		return nil
	}
	var text strings.Builder
	for _, a := range all {
		fmt.Fprintf(&text, "%s\n", a)
	}
	return writeFile(filepath.Join(r.path, erasedFile), []byte(text.String()))
}
