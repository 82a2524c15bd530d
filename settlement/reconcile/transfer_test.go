package reconcile_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

func TestATransferIsAMovementPerLegOfThePartner(t *testing.T) {
	in, out := &ledger.Leg{Partner: "sky", From: 3000, EPT: 1000}, &ledger.Leg{Partner: "mart", To: 50, EPT: 990}
	type moved struct {
		movement reconcile.Movement
		amount   int64
	}
	for name, c := range map[string]struct {
		transfer ledger.Transfer
		partner  string
		want     []moved
	}{
		"in":                      {ledger.Transfer{Kind: ledger.KindConvertIn, Source: in}, "sky", []moved{{reconcile.Debit, 3000}}},
		"in, of another":          {ledger.Transfer{Kind: ledger.KindConvertIn, Source: in}, "mart", nil},
		"posted":                  {ledger.Transfer{Kind: ledger.KindPost, Destination: out}, "mart", []moved{{reconcile.Credit, 50}}},
		"held":                    {ledger.Transfer{Kind: ledger.KindHold, Destination: out}, "mart", nil},
		"cross, source":           {ledger.Transfer{Kind: ledger.KindCrossConvert, Source: in, Destination: out}, "sky", []moved{{reconcile.Debit, 3000}}},
		"cross, destination":      {ledger.Transfer{Kind: ledger.KindCrossConvert, Source: in, Destination: out}, "mart", []moved{{reconcile.Credit, 50}}},
		"reversed, source":        {ledger.Transfer{Kind: ledger.KindReverse, Source: in, Destination: out}, "sky", []moved{{reconcile.DebitReversal, 3000}}},
		"reversed, destination":   {ledger.Transfer{Kind: ledger.KindReverse, Source: in, Destination: out}, "mart", []moved{{reconcile.CreditReversal, 50}}},
		"reversed by less than 1": {ledger.Transfer{Kind: ledger.KindReverse, Destination: &ledger.Leg{Partner: "mart", EPT: 1}}, "mart", nil},
		"issued":                  {ledger.Transfer{Kind: ledger.KindIssue}, "sky", nil},
	} {
		var got []moved
		c.transfer.ID = ledger.ID{15: 0x21}
		err := reconcile.FromTransfer(c.partner, &c.transfer, 7, func(r *reconcile.Record) error {
			got = append(got, moved{r.Movement, r.Amount})
			if r.Key != (ledger.ID{15: 0x20}) || r.Line != 7 {
				t.Errorf("%s: %+v", name, r)
			}
			return nil
		})
		if err != nil || len(got) != len(c.want) || len(got) > 0 && got[0] != c.want[0] {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, c.want)
		}
	}
}
