package simulation

import (
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// The alliance: two partners that we call and one that pushes.
var (
	utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	console = ledger.Identity{MSP: "UtilityMSP", Subject: "console"}

	companies = []partners.Partner{
		{Code: "sky", Name: "Sky", Programme: "MILES", MSP: "SkyMSP", In: partners.Callback, Out: partners.Callback, Connector: partners.Connector{URL: "http://sky.test"}},
		{Code: "shop", Name: "Shop", Programme: "SHOP", Scale: 2, MSP: "ShopMSP", In: partners.Callback, Out: partners.Callback, Connector: partners.Connector{URL: "http://shop.test"}},
		{Code: "tele", Name: "Tele", Programme: "TELE", MSP: "TeleMSP", In: partners.Push, Out: partners.Push},
	}

	programmes = []string{"EPT", "MILES", "SHOP", "TELE"}

	policies = []netting.Policy{{Partner: "shop", Threshold: 100}}
)

// way is a kind of conversion: who asks for it, by whose link.
type way struct {
	source, destination, via string
	party                    exchange.Party
}

var (
	staff = exchange.Party{Client: "utility-1"}
	tele  = exchange.Party{Client: "tele-1", Partner: "tele"}
	sky   = exchange.Party{Client: "sky-1", Partner: "sky"}

	ways = []way{
		{"MILES", "EPT", "sky", staff}, {"EPT", "MILES", "sky", sky}, {"SHOP", "EPT", "shop", staff}, {"EPT", "SHOP", "shop", staff},
		{"MILES", "SHOP", "sky", sky}, {"SHOP", "MILES", "shop", staff},
		{"TELE", "EPT", "tele", tele}, {"EPT", "TELE", "tele", tele}, {"TELE", "MILES", "tele", tele}, {"SHOP", "TELE", "tele", tele},
	}
)

// terms of the agreements. The rates do not divide evenly, so that rounding and
// residues are part of every run; some runs have caps that are reached.
func (w *world) terms(partner string, dir ledger.Direction) ledger.Terms {
	d := w.dice("terms " + partner + dir.String())
	t := ledger.Terms{Partner: partner, Direction: dir, Version: 1, Step: 10, Min: 10, Max: 500_000, Price: 8_000 + d.Int64N(5_000),
		FeeBPS: uint32(d.IntN(300)), FeePayer: ledger.FeeMember, ExposureCap: 1_000_000_000_000, LockSeconds: 3600}
	if d.one(4) {
		t.DayCap = 3_000
	}
	if d.one(6) {
		t.ExposureCap = 20_000_000
	}
	t.Rate = ledger.Rate{FromUnits: 3_000_000, ToUnits: 1_000_000}
	if dir == ledger.In {
		t.LotMonths = 24
	} else {
		t.Rate = ledger.Rate{FromUnits: 7_000_000, ToUnits: 9_000_000}
	}
	return t
}

// begins is shortly before a cut-off in the alliance's zone.
var begins = time.Date(2026, 11, 21, 23, 59, 20, 0, time.UTC)

// found sets the alliance up, and members with points everywhere.
func (w *world) found() {
	d := w.dice("founding")
	id := func() ledger.ID {
		var random [10]byte
		d.Read(random[:])
		return ledger.NewID(w.now(), random).Root()
	}
	w.chain.found(utility, id(), &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(w.now())})
	for _, p := range companies {
		w.chain.found(utility, id(), &ledger.RegisterPartner{Partner: p.Code, Programme: p.Programme, Scale: p.Scale, MSP: p.MSP})
		for _, dir := range []ledger.Direction{ledger.In, ledger.Out} {
			terms := w.terms(p.Code, dir)
			agreement := w.chain.found(utility, id(), &ledger.ProposeAgreement{Terms: terms})
			w.chain.found(ledger.Identity{MSP: p.MSP, Subject: "finance"}, id(), &ledger.AcceptAgreement{Agreement: agreement, Hash: terms.Hash()})
		}
	}
	for n := range membersMax {
		w.join(n, d, id)
	}
}

// membersMax is how many members there are; few, so that they get in each other's way.
const membersMax = 3

// member is somebody with points everywhere.
type member struct {
	number  string
	account ledger.Account
	points  int64
	links   map[string]ledger.ID // by partner
}

func membership(partner, number string) string { return partner + "/" + number }
