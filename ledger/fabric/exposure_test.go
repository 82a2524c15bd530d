package fabric

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// TestLanesTogetherOweExactlyTheCap gives more conversions than the cap allows, in
// all lanes at the same time: as many as it allows are carried out, whichever.
func TestLanesTogetherOweExactlyTheCap(t *testing.T) {
	s := newStage(t)
	const each, fit, given = 10 * 10_000, 40, 90
	terms := ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 2, Rate: ledger.Rate{FromUnits: 1, ToUnits: 1},
		Step: 1, Min: 1, Max: ledger.AmountMax, Price: 10_000, FeePayer: ledger.FeeMember, LotMonths: 24,
		ExposureCap: fit*each + each/2, LockSeconds: 3600, From: time.Now().Add(-time.Minute).UnixMilli()}
	id := s.must(s.utility, &ledger.ProposeAgreement{Terms: terms}).ID
	s.must(ledger.Identity{MSP: fakeCompanies[1], Subject: "loyalty"}, &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()})
	s.deals["skyin"] = fakeDeal{id, terms.Hash()}
	s.must(s.utility, &ledger.SetLanes{Lanes: 3})
	var done, refused atomic.Int64
	var all sync.WaitGroup
	for i := range given {
		c := command1(&ledger.ConvertIn{Account: ledger.Account{1, byte(i)}, Leg: s.leg("sky", ledger.In)})
		all.Go(func() {
			for {
				r, err := s.l.Submit(s.ctx, s.utility, c)
				switch {
				case err != nil && s.ctx.Err() != nil:
					return
				case err != nil:
					continue // busy: others were faster too often
				case r[0].Code == ledger.CodeOK:
					done.Add(1)
				case r[0].Code == ledger.CodeExposureCap:
					refused.Add(1)
				default:
					t.Errorf("a conversion ended with %s: %s", r[0].Code, r[0].Message)
				}
				return
			}
		})
	}
	all.Wait()
	partners, err := s.l.Partners(s.ctx)
	if err != nil || partners[1].Code != "sky" || partners[1].Owed != fit*each {
		t.Errorf("%+v owe, want %d, %v", partners, fit*each, err)
	}
	if done.Load() != fit || refused.Load() != given-fit {
		t.Errorf("%d conversions were carried out and %d refused, want %d and %d", done.Load(), refused.Load(), fit, given-fit)
	}
}
