package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/projection"
)

const transferColumns = `lane, batch, place, block, id, kind, at, window_date, account, related, amount,
	source_partner, source_agreement, source_from, source_to, source_ept, source_fee, source_residue, source_value,
	destination_partner, destination_agreement, destination_from, destination_to, destination_ept, destination_fee,
	destination_residue, destination_value, lots, house, reference, reason`

const transferWidth = 31

const (
	insertTransfer = `INSERT INTO ledger_transfers (` + transferColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
		$12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)`

	selectTransfers = `SELECT ` + transferColumns + ` FROM ledger_transfers
		WHERE (lane, batch, place) >= ($1, $2, $3) ORDER BY lane, batch, place LIMIT $4`
	selectTransfersOfAccount = `SELECT ` + transferColumns + ` FROM ledger_transfers
		WHERE account = $1 AND (lane, batch, place) < ($2, $3, $4) ORDER BY lane DESC, batch DESC, place DESC LIMIT $5`
)

func transferArgs(args []any, r *projection.Row) []any {
	t := &r.Transfer
	var account any
	if !t.Account.IsZero() {
		account = t.Account[:]
	}
	args = append(args, int64(r.Locator.Lane), int64(r.Locator.Batch), int64(r.Locator.Index), int64(r.Block),
		t.ID[:], t.Kind.String(), t.At, int64(t.Window), account, idArg(&t.Related), t.Amount)
	args = transferLegArgs(transferLegArgs(args, t.Source), t.Destination)
	return append(args, lotsText(t.Lots), t.To, t.Reference, t.Reason)
}

func transferLegArgs(args []any, l *ledger.Leg) []any {
	if l == nil {
		return append(args, nil, nil, nil, nil, nil, nil, nil, nil)
	}
	return append(args, l.Partner, l.Agreement[:], l.From, l.To, l.EPT, l.Fee, l.Residue, l.Value)
}

// Rows implements [projection.Store].
func (s *Store) Rows(ctx context.Context, from ledger.Locator, limit int) ([]projection.Row, error) {
	return values(list(ctx, s.reader, scanTransfer, selectTransfers,
		int64(from.Lane), int64(from.Batch), int64(from.Index), int64(max(limit, 0))))
}

// History implements [projection.Store].
func (s *Store) History(ctx context.Context, account ledger.Account, before *ledger.Locator, limit int) ([]projection.Row, error) {
	lane, batch, place := int64(1)<<32, int64(0), int64(0)
	if before != nil {
		lane, batch, place = int64(before.Lane), int64(before.Batch), int64(before.Index)
	}
	return values(list(ctx, s.reader, scanTransfer, selectTransfersOfAccount,
		account[:], lane, batch, place, int64(max(limit, 0))))
}

// transferLeg are the eight columns of a leg. Their figures are taken as they
// are: [projection.Verify] names the wrong ones.
type transferLeg struct {
	partner                             sql.NullString
	agreement                           optionalID
	from, to, ept, fee, residue, valued sql.NullInt64
}

func (c *transferLeg) targets() []any {
	return []any{&c.partner, &c.agreement, &c.from, &c.to, &c.ept, &c.fee, &c.residue, &c.valued}
}

func (c *transferLeg) leg() *ledger.Leg {
	if !c.partner.Valid {
		return nil
	}
	return &ledger.Leg{Partner: c.partner.String, Agreement: ledger.ID(c.agreement), From: c.from.Int64, To: c.to.Int64,
		EPT: c.ept.Int64, Fee: c.fee.Int64, Residue: c.residue.Int64, Value: c.valued.Int64}
}

func scanTransfer(row scanner) (*projection.Row, error) {
	var r projection.Row
	t := &r.Transfer
	var lane, batch, place, block natural
	var kind, lots string
	var window int64
	var source, destination transferLeg
	dest := make([]any, 0, transferWidth)
	dest = append(dest, &lane, &batch, &place, &block, (*idColumn)(&t.ID), &kind, &t.At, &window,
		(*optionalAccount)(&t.Account), (*optionalID)(&t.Related), &t.Amount)
	dest = append(append(dest, source.targets()...), destination.targets()...)
	if err := row.Scan(append(dest, &lots, &t.To, &t.Reference, &t.Reason)...); err != nil {
		return nil, fmt.Errorf("sqlstore: transfer %d of batch %d, lane %d: %w", place, batch, lane, err)
	}
	r.Block, r.Locator = uint64(block), ledger.Locator{Lane: uint32(lane), Batch: uint64(batch), Index: uint32(place)}
	t.Window, t.Source, t.Destination = ledger.Date(window), source.leg(), destination.leg()
	var err error
	if t.Lots, err = parseLots(lots); err == nil {
		err = t.Kind.UnmarshalText([]byte(kind))
	}
	if err != nil {
		return nil, fmt.Errorf("sqlstore: transfer %s: %w", t.ID, err)
	}
	return &r, nil
}

// optionalAccount is zero when the column is NULL.
type optionalAccount ledger.Account

func (c *optionalAccount) Scan(v any) error { return scanOptional(c[:], v) }

// lotsText writes lots so that they can be read and asked for in SQL.
func lotsText(lots []ledger.Lot) string {
	if len(lots) == 0 {
		return ""
	}
	b := make([]byte, 0, 24*len(lots))
	for i, l := range lots {
		if i > 0 {
			b = append(b, ',')
		}
		year, month := 1970+int(l.Expiry)/12, int(l.Expiry)%12+1
		b = strconv.AppendInt(b, int64(year), 10)
		b = append(b, '-', byte('0'+month/10), byte('0'+month%10), ':')
		b = strconv.AppendInt(b, l.Amount, 10)
	}
	return string(b)
}

var errLots = errors.New("column lots: want months and amounts such as 2027-10:500,2027-11:20")

func parseLots(s string) ([]ledger.Lot, error) {
	if s == "" {
		return nil, nil
	}
	var lots []ledger.Lot
	for part := range strings.SplitSeq(s, ",") {
		text, amount, ok := strings.Cut(part, ":")
		month, err := ledger.ParseMonth(text)
		n, errAmount := strconv.ParseInt(amount, 10, 64)
		if !ok || err != nil || errAmount != nil {
			return nil, fmt.Errorf("%w, not %q", errLots, part)
		}
		lots = append(lots, ledger.Lot{Expiry: month, Amount: n})
	}
	return lots, nil
}
