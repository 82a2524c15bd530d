package sqlstore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/web/idempotency"
)

var noon = time.UnixMilli(1_770_000_000_000)

// A file that was changed past the program gives errors, not conversions with a
// status that nobody knows.
func TestWhatCannotBeIsAnErrorThatNamesRowAndColumn(t *testing.T) {
	c := sample(1)
	q := &exchange.Quote{ID: newID(2), In: c.In, Residues: []exchange.Residue{{Programme: "EPT", Numerator: 1, Denominator: 3}}}
	r := &exchange.Reversal{ID: newID(3), Conversion: c.ID, Request: exchange.Idempotency{Key: "r"}, Amount: 1,
		Status: exchange.Processing, Step: exchange.StepReverse}
	l := &exchange.Link{ID: newID(4), Partner: "sky"}
	request := idempotency.Request{Client: "sky-1", Route: "POST /v1/quotes", Key: "k"}
	night := settlement.Settlement{ID: "2026-11-21.sky", Partner: "sky", Window: date(t, "2026-11-21"), State: settlement.Closed,
		Position: ledger.Position{Partner: "sky", Window: date(t, "2026-11-21")}}

	conversion := func(s *sqlstore.Store) error { _, err := s.Conversion(context.Background(), c.ID); return err }
	quote := func(s *sqlstore.Store) error { _, err := s.Quote(context.Background(), q.ID); return err }
	reversal := func(s *sqlstore.Store) error { _, err := s.Reversal(context.Background(), r.ID); return err }
	begin := func(s *sqlstore.Store) error {
		_, err := s.Begin(context.Background(), request, noon, 0)
		return err
	}
	tests := []struct {
		damage string
		read   func(*sqlstore.Store) error
		row    string
		column string
	}{
		{"UPDATE conversions SET status = 'finished'", conversion, c.ID.String(), "status"},
		{"UPDATE conversions SET status = 7", conversion, c.ID.String(), "status"},
		{"UPDATE conversions SET step = ''", conversion, c.ID.String(), "step"},
		{"UPDATE conversions SET outcome = 'done'", conversion, c.ID.String(), "outcome"},
		{"UPDATE conversions SET source_mode = 'pull'", conversion, c.ID.String(), "source_mode"},
		{"UPDATE conversions SET to_amount = -1", conversion, c.ID.String(), "to_amount"},
		{"UPDATE conversions SET fee = 1.5", conversion, c.ID.String(), "fee"},
		{"UPDATE conversions SET fee = 'many'", conversion, c.ID.String(), "fee"},
		{"UPDATE conversions SET created_at = -5", conversion, c.ID.String(), "created_at"},
		{"UPDATE conversions SET request_hash = x'00'", conversion, c.ID.String(), "request_hash"},
		{"UPDATE conversions SET account = 'text'", conversion, c.ID.String(), "account"},
		{"UPDATE conversions SET quote_id = x'0011'", conversion, c.ID.String(), "quote_id"},
		{"UPDATE conversions SET in_from = NULL", conversion, c.ID.String(), "leg"},
		{"UPDATE conversions SET in_hash = x''", conversion, c.ID.String(), "in_hash"},
		{"UPDATE quotes SET in_partner = NULL", quote, q.ID.String(), "leg"},
		{"UPDATE quotes SET residues = 'EPT'", quote, q.ID.String(), "residues"},
		{"UPDATE quotes SET residues = 'EPT 1:3'", quote, q.ID.String(), "residues"},
		{"UPDATE quotes SET residues = 'EPT 1/0'", quote, q.ID.String(), "residues"},
		{"UPDATE reversals SET status = 'gone'", reversal, r.ID.String(), "status"},
		{"UPDATE reversals SET amount = -1", reversal, r.ID.String(), "amount"},
		{"UPDATE links SET ended_at = -1", func(s *sqlstore.Store) error {
			_, err := s.Link(context.Background(), l.ID)
			return err
		}, l.ID.String(), "ended_at"},
		{"UPDATE settlements SET state = 'forgotten'", func(s *sqlstore.Store) error {
			_, err := s.Settlement(context.Background(), night.ID)
			return err
		}, night.ID, "state"},
		{"UPDATE settlements SET in_value = -1", func(s *sqlstore.Store) error {
			_, err := s.Settlement(context.Background(), night.ID)
			return err
		}, night.ID, "in_value"},
		{"UPDATE requests SET status = 7", begin, "request", "status"},
		{"UPDATE requests SET request_hash = x'01'", begin, "request", "request_hash"},
	}
	for _, test := range tests {
		t.Run(test.damage, func(t *testing.T) {
			path := newFile(t)
			s := openAt(t, path)
			ctx := context.Background()
			_, errC := exchangetest.Create(ctx, s, c)
			_, errR := s.CreateReversal(ctx, r)
			_, errB := s.Begin(ctx, request, noon, 0)
			for _, err := range []error{errC, errR, errB, s.CreateQuote(ctx, q), s.CreateLink(ctx, l),
				s.SaveSettlements(ctx, []settlement.Settlement{night})} {
				if err != nil {
					t.Fatal(err)
				}
			}
			execute(t, path, test.damage)
			err := test.read(s)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{test.row, test.column} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not name %s", err, want)
				}
			}
		})
	}
}

func date(t *testing.T, text string) ledger.Date {
	t.Helper()
	d, err := ledger.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
