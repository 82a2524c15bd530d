package agreements

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/api"
)

// WriteTerms writes terms as the REST API shows them, one field to a line, and
// their hash, computed from them.
func WriteTerms(w io.Writer, terms *ledger.Terms) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, l := range lines(terms) {
		fmt.Fprintf(table, "%s\t%s\n", l.field, l.value)
	}
	fmt.Fprintf(table, "hash\t%s\n", terms.Hash())
	return table.Flush()
}

// line is a field of terms as people read it.
type line struct{ field, value string }

func lines(terms *ledger.Terms) []line {
	t := api.RenderTerms(terms)
	until := "open-ended"
	if t.Until != nil {
		until = *t.Until
	}
	return []line{
		{"partner", t.Partner}, {"direction", string(t.Direction)}, {"version", strconv.Itoa(t.Version)},
		{"rate", t.Rate.FromUnits + " : " + t.Rate.ToUnits},
		{"step", t.Step}, {"min", t.Min}, {"max", t.Max}, {"day_cap", limit(t.DayCap)}, {"year_cap", limit(t.YearCap)},
		{"price", t.Price + " yuan per electricity point"},
		{"fee_bps", strconv.Itoa(*t.FeeBps)}, {"fee_payer", string(t.FeePayer)}, {"exposure_cap", t.ExposureCap + " yuan"},
		{"lock_seconds", strconv.Itoa(t.LockSeconds)}, {"lot_months", strconv.Itoa(*t.LotMonths)},
		{"from", t.From}, {"until", until},
	}
}

// limit says of a cap that there is none.
func limit(text string) string {
	if text == "0" {
		return "none"
	}
	return text
}

// WriteDifferences writes the fields in which two terms differ.
func WriteDifferences(w io.Writer, expected, found *ledger.Terms) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FIELD\tEXPECTED\tON THE LEDGER")
	theirs := lines(found)
	for i, l := range lines(expected) {
		if l != theirs[i] {
			fmt.Fprintf(table, "%s\t%s\t%s\n", l.field, l.value, theirs[i].value)
		}
	}
	return table.Flush()
}

// WriteList writes a table of agreements as they stand at an instant, in the
// order given. It needs all of a partner's to tell which is in force.
func WriteList(w io.Writer, all []ledger.Agreement, now time.Time) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "AGREEMENT\tPARTNER\tDIRECTION\tVERSION\tRATE\tPRICE\tFROM\tUNTIL\tPROPOSED BY\tDECIDED BY\tSTATUS")
	for i := range all {
		a := &all[i]
		t := api.RenderTerms(&a.Terms)
		until := "-"
		if t.Until != nil {
			until = *t.Until
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s : %s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, t.Partner, t.Direction, t.Version,
			t.Rate.FromUnits, t.Rate.ToUnits, t.Price, t.From, until, a.ProposedBy.MSP, or(a.DecidedBy.MSP, "-"), Standing(all, a, now.UnixMilli()))
	}
	return table.Flush()
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// Standing says where an agreement stands at an instant: "proposed",
// "rejected", or of an accepted one "in force", "to come", "ended" or
// "superseded" by a later version.
func Standing(all []ledger.Agreement, a *ledger.Agreement, at int64) string {
	if a.Status != ledger.AgreementAccepted {
		return a.Status.String()
	}
	current, ok := ledger.InForce(all, a.Terms.Partner, a.Terms.Direction, at)
	switch {
	case ok && current.ID == a.ID:
		return "in force"
	case a.Terms.Until != 0 && a.Terms.Until <= at:
		return "ended"
	case a.Terms.From > at || a.DecidedAt > at:
		return "to come"
	}
	return "superseded"
}
