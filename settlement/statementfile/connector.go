package statementfile

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

// isConnector reports whether a file has the form of the Connector API.
func isConnector(start []byte) bool {
	line, _, _ := bytes.Cut(start, []byte("\n"))
	return string(bytes.TrimRight(line, "\r")) == connector.StatementHeader
}

var connectorMovements = map[connector.LineKind]reconcile.Movement{
	connector.LineDebit: reconcile.Debit, connector.LineCredit: reconcile.Credit,
	connector.LineDebitReversal: reconcile.DebitReversal, connector.LineCreditReversal: reconcile.CreditReversal,
}

// checkConnector reads a file in the form of the Connector API, which has rules
// of its own for lines and totals.
func (f *File) checkConnector(ctx context.Context, found *findings) error {
	f.Kind = "connector"
	r := connector.NewStatementReader(io.NewSectionReader(f.from, 0, f.size))
	err := f.readConnector(ctx, r, func(l *Line) error {
		if l.Number > int(min(f.limits.Lines, 1<<31)) {
			return errors.New("the file has too many lines")
		}
		f.Totals.add(l) // cannot overflow: the reader checks the same sums
		return nil
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		found.add(Problem{Line: int(f.Totals.Lines) + 2, Code: BadForm, Found: clip(err.Error()), Want: "a statement as the Connector API describes it"})
	case f.w.Day != 0 && r.Date() != f.w.Day.String():
		found.add(Problem{Line: int(f.Totals.Lines) + 2, Code: OtherDay, Found: clip(r.Date()), Want: "the business day " + f.w.Day.String()})
	}
	return nil
}

func (f *File) eachConnector(ctx context.Context, visit func(*Line) error) error {
	return f.readConnector(ctx, connector.NewStatementReader(io.NewSectionReader(f.from, 0, f.size)), visit)
}

func (f *File) readConnector(ctx context.Context, r *connector.StatementReader, visit func(*Line) error) error {
	for n := 2; ; n++ {
		c, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if f.w.Programme != "" && c.Programme != f.w.Programme {
			return errors.New("a line is of programme " + clip(c.Programme) + ", not " + f.w.Programme)
		}
		l := Line{Number: n, Movement: connectorMovements[c.Kind], TransferID: c.TransferID, ReversalID: c.ReversalID,
			Reference: c.Reference, Amount: c.Amount, At: c.OccurredAt, Clock: true}
		if err := visit(&l); err != nil {
			return err
		}
	}
}
