package carry

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/pointgrid/pointgrid/ledger"
)

// Part is what a ledger says of one company: what it adopts.
type Part struct {
	MSP string
	// Partners are the partners that the company is; for the utility, all.
	Partners []ledger.Partner
	// Agreements are those that it has a part in.
	Agreements []ledger.Agreement
}

// PartOf returns a company's part in a ledger. It returns [ledger.ErrDamaged]
// when an agreement is not filed under the hash of its terms.
func PartOf(ctx context.Context, l ledger.Ledger, msp string) (*Part, error) {
	a, err := l.Alliance(ctx)
	if err != nil {
		return nil, err
	}
	p := &Part{MSP: msp}
	if p.Partners, err = l.Partners(ctx); err != nil {
		return nil, err
	}
	if a.MSP != msp {
		p.Partners = slices.DeleteFunc(p.Partners, func(q ledger.Partner) bool { return q.MSP != msp })
	}
	all, err := l.Agreements(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range all {
		if g.Terms.Hash() != g.Hash {
			return nil, fmt.Errorf("carry: %w: the terms of agreement %s have the hash %s, but the ledger keeps them under %s", ledger.ErrDamaged, g.ID, g.Terms.Hash(), g.Hash)
		}
		if slices.ContainsFunc(p.Partners, func(q ledger.Partner) bool { return q.Code == g.Terms.Partner }) {
			p.Agreements = append(p.Agreements, g)
		}
	}
	return p, nil
}

// Accepted returns the hashes of the terms that the ledger says were accepted,
// once each.
func (p *Part) Accepted() (hashes []ledger.Hash) {
	for i := range p.Agreements {
		if g := &p.Agreements[i]; g.Status == ledger.AgreementAccepted && !slices.Contains(hashes, g.Hash) {
			hashes = append(hashes, g.Hash)
		}
	}
	return hashes
}

// Is reports how the agreements that the ledger says were accepted differ from
// those that the company knows that it accepted, by the hashes of their terms.
func (p *Part) Is(known []string) error {
	said := p.Accepted()
	for _, h := range said {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, h.String()) }) {
			return fmt.Errorf("the ledger says that terms with the hash %s were accepted, which are not among those that %s knows", h, p.MSP)
		}
	}
	for _, k := range known {
		if !slices.ContainsFunc(said, func(h ledger.Hash) bool { return strings.EqualFold(k, h.String()) }) {
			return fmt.Errorf("the ledger does not say that terms with the hash %s were accepted, which %s knows", k, p.MSP)
		}
	}
	return nil
}

// Write writes what is owed and under which agreements.
func (p *Part) Write(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PARTNER\tPROGRAMME\tSCALE\tOWES")
	for _, q := range p.Partners {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", q.Code, q.Programme, q.Scale, Yuan(q.Owed))
	}
	fmt.Fprintln(table, "\t\t\t")
	fmt.Fprintln(table, "AGREEMENT\tCARD\tSTATUS\tHASH OF THE TERMS")
	for i := range p.Agreements {
		g := &p.Agreements[i]
		fmt.Fprintf(table, "%s\t%s %s %d\t%s\t%s\n", g.ID, g.Terms.Partner, g.Terms.Direction, g.Terms.Version, g.Status, g.Hash)
	}
	return table.Flush()
}
