package chaincode

import (
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// refusal ends a command, and nothing else, with a code.
type refusal struct {
	code    ledger.Code
	message string
}

func (r *refusal) Error() string { return string(r.code) + ": " + r.message }

// refuse says what was wrong and what would be right, without personal data.
func refuse(code ledger.Code, format string, args ...any) error {
	return &refusal{code: code, message: fmt.Sprintf(format, args...)}
}

// damaged is the error for state that the contract cannot have written.
func damaged(format string, args ...any) error {
	return fmt.Errorf("chaincode: %w: %s", ledger.ErrDamaged, fmt.Sprintf(format, args...))
}

// add adds to a sum, which can grow without end, and refuses what does not fit.
func add(sum *int64, n int64) error {
	v, ok := ledger.Add(*sum, n)
	if !ok {
		return refuse(ledger.CodeAmountOutOfRange, "adding %d to a sum of %d does not fit 64 bits; use a smaller amount", n, *sum)
	}
	*sum = v
	return nil
}
