package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// The types of this file are where a column is read to. Each refuses what a
// value of its kind cannot be; database/sql adds the column's name to the error.

type idColumn ledger.ID

func (c *idColumn) Scan(v any) error { return scanBytes(c[:], v) }

// optionalID is zero when the column is NULL.
type optionalID ledger.ID

func (c *optionalID) Scan(v any) error { return scanOptional(c[:], v) }

type hashColumn ledger.Hash

func (c *hashColumn) Scan(v any) error { return scanBytes(c[:], v) }

type optionalHash ledger.Hash

func (c *optionalHash) Scan(v any) error { return scanOptional(c[:], v) }

type accountColumn ledger.Account

func (c *accountColumn) Scan(v any) error { return scanBytes(c[:], v) }

func scanOptional(dest []byte, v any) error {
	if v == nil {
		clear(dest)
		return nil
	}
	return scanBytes(dest, v)
}

func scanBytes(dest []byte, v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(dest) {
		return fmt.Errorf("%d bytes of type %T, want %d bytes", len(b), v, len(dest))
	}
	copy(dest, b)
	return nil
}

// natural is a whole number that is not negative: an amount in smallest units,
// a count, or a time in milliseconds since 1970.
type natural int64

func (c *natural) Scan(v any) error {
	n, ok := v.(int64)
	if !ok || n < 0 {
		return fmt.Errorf("%v of type %T, want a whole number that is not negative", v, v)
	}
	*c = natural(n)
	return nil
}

type statusColumn exchange.Status

func (c *statusColumn) Scan(v any) error {
	s, _ := v.(string)
	switch exchange.Status(s) {
	case exchange.Processing, exchange.Completed, exchange.Failed, exchange.Reversed:
		*c = statusColumn(s)
		return nil
	}
	return fmt.Errorf("unknown status %q", v)
}

// optionalStatus may also be empty.
type optionalStatus exchange.Status

func (c *optionalStatus) Scan(v any) error {
	if v == "" {
		*c = ""
		return nil
	}
	return (*statusColumn)(c).Scan(v)
}

type stepColumn exchange.Step

func (c *stepColumn) Scan(v any) error {
	s, _ := v.(string)
	switch exchange.Step(s) {
	case exchange.StepReview, exchange.StepDebit, exchange.StepLedger, exchange.StepHold, exchange.StepCredit, exchange.StepPost,
		exchange.StepCancelCredit, exchange.StepVoid, exchange.StepUnwind, exchange.StepRefund,
		exchange.StepTakeBack, exchange.StepReverse, exchange.StepGiveBack, exchange.StepDone:
		*c = stepColumn(s)
		return nil
	}
	return fmt.Errorf("unknown step %q", v)
}

// modeColumn is empty on the side of electricity points.
type modeColumn partners.Mode

func (c *modeColumn) Scan(v any) error {
	s, ok := v.(string)
	switch m := partners.Mode(s); {
	case ok && (m == "" || m == partners.Callback || m == partners.Push):
		*c = modeColumn(s)
		return nil
	}
	return fmt.Errorf("unknown mode %q", v)
}

// legColumns are the six columns of a leg, in the order of [legArgs].
type legColumns struct {
	partner          sql.NullString
	agreement        optionalID
	hash             optionalHash
	locked, from, to sql.Null[natural]
}

func (c *legColumns) targets() []any {
	return []any{&c.partner, &c.agreement, &c.hash, &c.locked, &c.from, &c.to}
}

// leg sets the leg, or nil when the columns are NULL, as they must be together.
func (c *legColumns) leg(dest **ledger.LegTerms) error {
	if c.partner.Valid != c.locked.Valid || c.partner.Valid != c.from.Valid || c.partner.Valid != c.to.Valid {
		return errors.New("columns of a leg: some are NULL and some are not")
	}
	*dest = nil
	if c.partner.Valid {
		*dest = &ledger.LegTerms{Partner: c.partner.String, Agreement: ledger.ID(c.agreement), Hash: ledger.Hash(c.hash),
			LockedAt: int64(c.locked.V), From: int64(c.from.V), To: int64(c.to.V)}
	}
	return nil
}

func legArgs(args []any, l *ledger.LegTerms) []any {
	if l == nil {
		return append(args, nil, nil, nil, nil, nil, nil)
	}
	return append(args, l.Partner, l.Agreement[:], l.Hash[:], l.LockedAt, l.From, l.To)
}

// failureColumns are the code and detail of a failure.
type failureColumns struct{ code, detail sql.NullString }

func (c *failureColumns) failure() *exchange.Failure {
	if !c.code.Valid {
		return nil
	}
	return &exchange.Failure{Code: c.code.String, Detail: c.detail.String}
}

func failureArgs(args []any, f *exchange.Failure) []any {
	if f == nil {
		return append(args, nil, nil)
	}
	return append(args, f.Code, f.Detail)
}

// idArg is NULL for the zero ID.
func idArg(id *ledger.ID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

// bitColumn is true or false, kept as 1 or 0.
type bitColumn bool

func (c *bitColumn) Scan(v any) error {
	n, ok := v.(int64)
	if !ok || n != 0 && n != 1 {
		return fmt.Errorf("%v of type %T, want 0 or 1", v, v)
	}
	*c = n == 1
	return nil
}
