package partnersim

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

func TestAStatementIsWrongInOneLineAsItsVariantSays(t *testing.T) {
	lines := []connector.StatementLine{statedLine(1), statedLine(2), statedLine(3)}
	for variant, want := range map[string]struct{ lines, debits int64 }{
		VariantDrop: {2, 500}, VariantLate: {2, 500}, VariantAmount: {3, 601}, VariantRepeat: {4, 700}, VariantUnknown: {4, 700},
	} {
		var file bytes.Buffer
		out := connector.NewStatementWriter(&file)
		m := &misstatement{wrong: &Fault{Verb: connector.VerbStatement, Kind: FaultMisstate, Variant: variant}, write: out.Write}
		if err := m.wrong.Validate(); err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			if err := m.give(l); err != nil {
				t.Fatal(err)
			}
		}
		if err := out.Close("2026-03-01"); err != nil {
			t.Fatal(err)
		}
		r := connector.NewStatementReader(&file)
		n, sum := int64(0), int64(0)
		for {
			l, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", variant, err)
			}
			n, sum = n+1, sum+l.Amount
		}
		if n != want.lines || sum != want.debits {
			t.Errorf("%s: %d lines of %d, want %d of %d", variant, n, sum, want.lines, want.debits)
		}
	}
}

// statedLine is a debit of 100, 200 and so on.
func statedLine(n byte) connector.StatementLine {
	return connector.StatementLine{Kind: connector.LineDebit, TransferID: connector.ID{0: 1, 6: 0x70, 8: 0x80, 15: n}, Programme: "SKY", Amount: int64(n) * 100,
		Reference: "R", OccurredAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func TestALateLineIsInTheStatementOfTheDayAfter(t *testing.T) {
	var given []connector.StatementLine
	m := &misstatement{wrong: &Fault{Variant: VariantLate}, only: true, write: func(l connector.StatementLine) error { given = append(given, l); return nil }}
	for n := range byte(3) {
		if err := m.give(statedLine(n + 1)); err != nil {
			t.Fatal(err)
		}
	}
	if len(given) != 1 || given[0].Amount != 100 {
		t.Errorf("given %+v", given)
	}
	bad := Fault{Verb: connector.VerbDebit, Kind: FaultMisstate, Variant: VariantDrop}
	if bad.Validate() == nil {
		t.Error("a debit cannot be misstated")
	}
}
