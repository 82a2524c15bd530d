package connector

import (
	"errors"
	"time"
)

// LineKind says what a line of a statement lists.
type LineKind string

// The kinds of lines.
const (
	LineDebit          LineKind = "debit"
	LineCredit         LineKind = "credit"
	LineDebitReversal  LineKind = "debit_reversal"  // points given back
	LineCreditReversal LineKind = "credit_reversal" // points taken back
)

// StatementHeader is the first line of a statement.
const StatementHeader = "line,kind,transfer_id,reversal_id,programme,amount,reference,occurred_at"

const statementColumns = 8

// StatementLine is one movement.
type StatementLine struct {
	Kind       LineKind
	TransferID ID
	ReversalID ID // zero for a debit or credit
	Programme  string
	Amount     int64 // smallest units, at least 1
	Reference  string
	OccurredAt time.Time
}

// StatementTotals are what the trailer of a statement says.
type StatementTotals struct {
	Lines                                            int64
	Debits, Credits, DebitReversals, CreditReversals int64 // sums of amounts
}

var errTotalsOverflow = errors.New("connector: the sum of a statement exceeds 2⁶³-1")

// add counts one line.
func (t *StatementTotals) add(kind LineKind, amount int64) error {
	sum := &t.Debits
	switch kind {
	case LineCredit:
		sum = &t.Credits
	case LineDebitReversal:
		sum = &t.DebitReversals
	case LineCreditReversal:
		sum = &t.CreditReversals
	}
	if *sum+amount < *sum {
		return errTotalsOverflow
	}
	*sum += amount
	t.Lines++
	return nil
}
