package bench

import (
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// netWindow nets so many transfers of four partners, with a tally per core.
func netWindow(transfers int64) error {
	partners, agreements := alliance()
	sheet := transfersOf(agreements)
	all := netting.NewTally(windowDate, partners, agreements)
	cores := int64(runtime.GOMAXPROCS(0))
	tallies := make([]*netting.Tally, cores)
	var work errgroup.Group
	for c := range cores {
		tallies[c] = netting.NewTally(windowDate, partners, agreements)
		work.Go(func() error {
			for i := c * transfers / cores; i < (c+1)*transfers/cores; i++ {
				if err := tallies[c].Add(&sheet[i%int64(len(sheet))]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	for _, t := range tallies {
		if err := all.Merge(t); err != nil {
			return err
		}
	}
	return checkNet(all, transfers)
}

// checkNet nets what was added up, and counts that nothing was lost.
func checkNet(all *netting.Tally, transfers int64) error {
	o, err := netting.Net(all, nil, nil)
	if err != nil {
		return err
	}
	counted, owed := int64(0), o.Utility.Net
	for _, s := range all.Sums() {
		counted += s.In.Count + s.Out.Count + s.ReversedIn.Count + s.ReversedOut.Count
	}
	for _, l := range o.Lines {
		owed += l.Net
	}
	if counted != transfers || owed != 0 {
		return fmt.Errorf("netting: %d of %d transfers counted, positions sum to %d", counted, transfers, owed)
	}
	return nil
}

func alliance() (partners []ledger.Partner, agreements []ledger.Agreement) {
	for i, code := range []string{"sky", "mart", "tel", "cafe"} {
		partners = append(partners, ledger.Partner{Code: code})
		for d := ledger.In; d <= ledger.Out; d++ {
			terms := ledger.Terms{Partner: code, Direction: d, Version: 1, Rate: ledger.Rate{FromUnits: 3e6, ToUnits: 1e6},
				Price: 12_345, FeeBPS: 100, FeePayer: ledger.FeePayer(i%3 + 1)}
			agreements = append(agreements, ledger.Agreement{ID: ledger.ID{byte(i), byte(d)}, Terms: terms, Hash: terms.Hash(), Status: ledger.AgreementAccepted})
		}
	}
	return partners, agreements
}

// transfersOf is a sheet of transfers that is used again and again, so that what
// is measured is netting and not the making of transfers.
func transfersOf(agreements []ledger.Agreement) []ledger.Transfer {
	sheet := make([]ledger.Transfer, 8192)
	for i := range sheet {
		a := &agreements[i%len(agreements)]
		amounts, _ := a.Terms.Amounts(int64(300+i), 0)
		leg := &ledger.Leg{Partner: a.Terms.Partner, Agreement: a.ID, Hash: a.Hash, From: amounts.From, To: amounts.To,
			EPT: amounts.EPT, Fee: amounts.Fee, Residue: amounts.Residue, Value: amounts.Value}
		t := ledger.Transfer{ID: ledger.ID{byte(i)}, Kind: ledger.KindConvertIn, Window: windowDate, Source: leg}
		if a.Terms.Direction == ledger.Out {
			t.Kind, t.Source, t.Destination = ledger.KindPost, nil, leg
		}
		if i%50 == 0 {
			t.Kind = ledger.KindReverse
		}
		sheet[i] = t
	}
	return sheet
}
