package carry

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/chaincode"
)

// Write writes what was compared, as a table with both sides, and what differs.
func (c *Comparison) Write(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tEMBEDDED\tFABRIC\t")
	from, to := rows(&c.From), rows(&c.To)
	for i, r := range from {
		verdict := "equal"
		if r.value != to[i].value {
			verdict = "DIFFERENT"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.what, r.value, to[i].value, verdict)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, d := range c.Differences {
		fmt.Fprintln(w, "found:", d)
	}
	if c.More > 0 {
		fmt.Fprintf(w, "and %d more\n", c.More)
	}
	return nil
}

type row struct{ what, value string }

// rows are a survey's figures as people read them.
func rows(s *chaincode.Survey) []row {
	return []row{
		{"open window", fmt.Sprintf("%s, of %d", s.Window, s.Windows)},
		{"partners", fmt.Sprint(s.Partners)},
		{"agreements", fmt.Sprintf("%d accepted, %d proposed, %d rejected", s.Accepted, s.Proposed, s.Rejected)},
		{"members' accounts", fmt.Sprint(s.Accounts)},
		{"members' " + s.Hub, fmt.Sprint(s.Points)},
		{"open holds", fmt.Sprintf("%d of %d %s", s.Holds, s.Held, s.Hub)},
		{"sum of all " + s.Hub, fmt.Sprint(s.HubSum)},
		{"owed by partners", Yuan(s.Owed)},
		{"positions", fmt.Sprintf("%d, net %s", s.Positions, Yuan(s.Net))},
		{"settlements", fmt.Sprintf("%d, and %d adjustments", s.Settlements, s.Adjustments)},
		{"transfers", fmt.Sprintf("%d in %d batches", s.Transfers, s.Batches)},
		{"conversions reversed", fmt.Sprint(s.Reversed)},
		{"checkpoints", fmt.Sprint(s.Checkpoints)},
		{"last root", s.Root.String()},
		{"keys", fmt.Sprintf("%d of %d bytes", s.Keys, s.Bytes)},
	}
}

// Yuan writes millionths of a yuan.
func Yuan(n int64) string { return decimal.New(n, -6).StringFixed(6) + " CNY" }
