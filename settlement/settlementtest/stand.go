package settlementtest

import (
	"context"
	"encoding/binary"
	"log/slog"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// The companies of a stand.
var (
	Utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	Airline = ledger.Identity{MSP: "SkyMSP", Subject: "sky"}
	Shop    = ledger.Identity{MSP: "MartMSP", Subject: "mart"}
)

// Cap is the exposure cap of all agreements, in millionths of a yuan.
const Cap = 1_000_000_000

// Price is the settlement price of a point, in millionths of a yuan.
const Price = 10_000

// Stand is an alliance of a utility and two partners, sky and mart, with agreements
// in both directions at one point for one, from 21 November 2026 on.
type Stand struct {
	T      testing.TB
	Ledger *ledgertest.Memory
	Store  *Memory
	Points *Liability
	Dir    string // of the statements
	Now    time.Time
	Zone   calendar.CutOff
	night  *settlement.Night
	serial uint64
	agreed map[string]map[ledger.Direction]ledger.Agreement
}

// New returns a stand that settles by the policies.
func New(t testing.TB, policies ...netting.Policy) *Stand {
	t.Helper()
	zone, err := calendar.Parse("Asia/Shanghai", "00:00")
	if err != nil {
		t.Fatal(err)
	}
	return NewAt(t, zone, time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC), policies...)
}

// NewAt returns a stand of another zone and cut-off, that begins at another moment.
func NewAt(t testing.TB, zone calendar.CutOff, now time.Time, policies ...netting.Policy) *Stand {
	t.Helper()
	s := &Stand{T: t, Store: NewMemory(), Points: NewLiability(), Dir: t.TempDir(), Now: now, Zone: zone, agreed: map[string]map[ledger.Direction]ledger.Agreement{}}
	s.Ledger = ledgertest.NewMemory(s.Clock)
	t.Cleanup(func() {
		if err := s.Ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	s.night = settlement.New(settlement.Options{Ledger: s.Ledger, Identity: Utility, Store: s.Store, Dir: s.Dir, Calendar: s.Zone,
		Policies: policies, Liability: s.Points, Now: s.Clock, Logger: slog.New(slog.DiscardHandler)})
	s.Give(Utility, &ledger.Initialise{Hub: "EPT", Window: s.Zone.Date(s.Now)})
	s.join("sky", "SKY", Airline)
	s.join("mart", "MART", Shop)
	return s
}

// Clock returns the stand's time.
func (s *Stand) Clock() time.Time { return s.Now }

func (s *Stand) join(code, programme string, who ledger.Identity) {
	s.T.Helper()
	s.Give(Utility, &ledger.RegisterPartner{Partner: code, Programme: programme, MSP: who.MSP})
	s.agreed[code] = map[ledger.Direction]ledger.Agreement{}
	for _, d := range []ledger.Direction{ledger.In, ledger.Out} {
		terms := ledger.Terms{Partner: code, Direction: d, Version: 1, Rate: ledger.Rate{FromUnits: 1e6, ToUnits: 1e6}, Step: 1, Min: 1, Max: 1e9,
			Price: Price, FeePayer: ledger.FeePartner, ExposureCap: Cap, LockSeconds: 3600}
		if d == ledger.In {
			terms.LotMonths = 12
		}
		id := s.Give(Utility, &ledger.ProposeAgreement{Terms: terms}).Transfer.ID
		s.Give(who, &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()})
		s.agreed[code][d] = ledger.Agreement{ID: id, Terms: terms}
	}
}

// Give gives a command, which must be carried out.
func (s *Stand) Give(who ledger.Identity, body ledger.Body) ledger.Entry {
	s.T.Helper()
	s.serial++
	var random [10]byte
	binary.BigEndian.PutUint64(random[:], s.serial)
	results, err := s.Ledger.Submit(context.Background(), who, ledger.Command{ID: ledger.NewID(s.Now, random), Body: body})
	if err != nil || results[0].Code != ledger.CodeOK {
		s.T.Fatalf("%s: %v %+v", body.Kind(), err, results)
	}
	return results[0].Entry
}

// Member is whose points are converted.
var Member = ledger.Account{1}

// In converts points of a partner into electricity points: it owes a fen for each.
func (s *Stand) In(partner string, points int64) {
	s.T.Helper()
	s.Convert(partner, points, "")
}

// Convert is [Stand.In] with the partner's reference.
func (s *Stand) Convert(partner string, points int64, reference string) {
	s.T.Helper()
	s.Give(Utility, &ledger.ConvertIn{Account: Member, Leg: s.leg(partner, ledger.In, points), Reference: reference})
}

// Out converts electricity points into those of a partner: it is owed a fen for
// each.
func (s *Stand) Out(partner string, points int64) {
	s.T.Helper()
	s.Give(Utility, &ledger.Issue{Account: Member, Amount: points, Expiry: ledger.DateOf(s.Now).Month() + 6})
	s.Give(Utility, &ledger.ConvertOut{Account: Member, Leg: s.leg(partner, ledger.Out, points)})
}

func (s *Stand) leg(partner string, d ledger.Direction, points int64) ledger.LegTerms {
	a := s.agreed[partner][d]
	return ledger.LegTerms{Partner: partner, Agreement: a.ID, Hash: a.Terms.Hash(), LockedAt: s.Now.UnixMilli(), From: points, To: points}
}

// Night lets a day pass, and returns what was netted.
func (s *Stand) Night() []settlement.Settlement {
	s.T.Helper()
	s.Now = s.Now.Add(24 * time.Hour)
	return s.Settle()
}

// Settle runs the night at the moment that it is, and returns what was netted.
func (s *Stand) Settle() []settlement.Settlement {
	s.T.Helper()
	made, err := s.night.RunDue(context.Background())
	if err != nil {
		s.T.Fatal(err)
	}
	return made
}

// Conclude puts on the ledger that there were no breaks. It is what reconciling
// does where all books agree.
func (s *Stand) Conclude(ctx context.Context, id string) (ledger.SettlementBreaks, error) {
	one, err := s.Store.Settlement(ctx, id)
	if err != nil {
		return ledger.SettlementBreaks{}, err
	}
	on, err := s.Ledger.Settlement(ctx, one.Partner, one.Window)
	if err != nil {
		return ledger.SettlementBreaks{}, err
	}
	return ledger.SettlementBreaks{}, settlement.Advance(ctx, s.Ledger, Utility, &on, &ledger.AdvanceSettlement{Partner: one.Partner,
		Window: one.Window, Step: ledger.SettlementReconciled, Breaks: &ledger.SettlementBreaks{}})
}

// Owed is what a partner owes on the ledger, in millionths of a yuan.
func (s *Stand) Owed(partner string) int64 {
	s.T.Helper()
	all, err := s.Ledger.Partners(context.Background())
	if err != nil {
		s.T.Fatal(err)
	}
	for _, p := range all {
		if p.Code == partner {
			return p.Owed
		}
	}
	s.T.Fatalf("no partner %s", partner)
	return 0
}

// Step is how far a settlement is on the ledger.
func (s *Stand) Step(id string) ledger.SettlementStep {
	s.T.Helper()
	one, err := s.Store.Settlement(context.Background(), id)
	if err != nil {
		s.T.Fatal(err)
	}
	on, err := s.Ledger.Settlement(context.Background(), one.Partner, one.Window)
	if err != nil {
		s.T.Fatal(err)
	}
	return on.Step
}
