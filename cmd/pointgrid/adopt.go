package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/carry"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
)

// migrateAdopt adopts a history as one company.
type migrateAdopt struct {
	asCompany
	Hash     string   `placeholder:"HEX" help:"Hash of the last block of the ledger that the company has verified, as pointgrid verify shows it for a copy; nothing is adopted when the network has another."`
	Accepted []string `placeholder:"HEX" help:"Hash of terms that the company has accepted; give it for each of its agreements. Nothing is adopted when the ledger says that it accepted others, or fewer."`
	Yes      bool     `help:"Adopt without asking, where neither --hash nor --accepted says what to expect."`
}

// Run shows what the ledger says of the company and adopts it once it is clear
// that the company means this.
func (m *migrateAdopt) Run(ctx context.Context) error {
	l, msp, err := m.connect(ctx)
	if err != nil {
		return err
	}
	return errors.Join(m.adopt(ctx, l, msp), l.Close())
}

func (m *migrateAdopt) adopt(ctx context.Context, l *fabric.Ledger, msp string) error {
	h, err := l.History(ctx)
	if errors.Is(err, ledger.ErrNotFound) {
		return errors.New("migrate: no ledger was carried over to this network; there is nothing to adopt")
	}
	if err != nil {
		return err
	}
	part, err := carry.PartOf(ctx, l, msp)
	if err != nil {
		return err
	}
	fmt.Printf("%d blocks were carried over; the last has the hash\n%s\n\nwhat they say of %s:\n\n", h.Blocks, h.Hash, msp)
	if err := part.Write(os.Stdout); err != nil {
		return err
	}
	fmt.Println()
	if i := slices.IndexFunc(h.Adopted, func(a ledger.Adoption) bool { return a.By.MSP == msp }); i >= 0 {
		a := h.Adopted[i]
		fmt.Printf("%s adopted it on %s, as %s; if it did not, tell the other companies\n", msp, time.UnixMilli(a.At).UTC().Format(time.RFC3339), a.By.Subject)
		return showMissing(&h)
	}
	if err := m.meant(ctx, &h, part); err != nil {
		return err
	}
	if h, err = carry.Adopt(ctx, l, ledger.Identity{MSP: msp}, h.Hash); err != nil {
		return err
	}
	fmt.Printf("%s has adopted it\n", msp)
	return showMissing(&h)
}

// meant reports whether this is what the company knows.
func (m *migrateAdopt) meant(ctx context.Context, h *ledger.History, part *carry.Part) error {
	if m.Hash != "" && !strings.EqualFold(m.Hash, h.Hash.String()) {
		return fmt.Errorf("nothing was adopted: the hash of the last block is %s, not %s", h.Hash, m.Hash)
	}
	if len(m.Accepted) > 0 {
		if err := part.Is(m.Accepted); err != nil {
			return fmt.Errorf("nothing was adopted: %w", err)
		}
	}
	if m.Yes || m.Hash != "" || len(m.Accepted) > 0 {
		return nil
	}
	if err := confirm(ctx, os.Stdin, os.Stdout, "Is this what the company's own books say? Adopt it? [y/N] "); err != nil {
		return errors.New("nothing was adopted; answer y, or say with --hash or --accepted what the company knows")
	}
	return nil
}

// showMissing says who has yet to adopt a history.
func showMissing(h *ledger.History) error {
	missing := h.Missing()
	if len(missing) == 0 {
		fmt.Println("every company has adopted it: the ledger takes commands")
		return nil
	}
	fmt.Printf("the ledger takes commands when %s have adopted it, too, each with its own profile:\npointgrid migrate adopt --profile FILE --hash %s\n",
		strings.Join(missing, ", "), h.Hash)
	return nil
}
