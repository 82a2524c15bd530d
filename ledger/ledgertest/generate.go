package ledgertest

import (
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"pgregory.net/rapid"
)

// uniform draws a number below n. What rapid draws by itself is mostly small, so
// it is mixed with the number of draws so far.
func (h *history) uniform(n uint64, label string) uint64 {
	h.draws++
	x := rapid.Uint64().Draw(h.T, label) + h.draws*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return (x ^ x>>31) % n
}

// pick draws a number between two bounds, both included.
func (h *history) pick(low, high int64, label string) int64 {
	return low + int64(h.uniform(uint64(max(high-low, 0))+1, label))
}

// chance is true so many times in a hundred.
func (h *history) chance(percent int) bool { return h.uniform(100, "chance") < uint64(percent) }

// one draws an element.
func one[T any](h *history, all []T, label string) T { return all[h.uniform(uint64(len(all)), label)] }

// member draws one of four accounts, so that they meet often.
func (h *history) member() ledger.Account {
	return ledger.Account{byte(h.pick(1, 4, "member"))}
}

// terms draws a rate card: often simple, sometimes as odd as is allowed.
func (h *history) terms(partner string, dir ledger.Direction, version uint32) ledger.Terms {
	point := int64(1) // of the source programme, in smallest units
	if dir == in {
		point = units(1, h.m.partners[partner].Scale).Denom().Int64()
	}
	t := ledger.Terms{
		Partner: partner, Direction: dir, Version: version,
		Rate: ledger.Rate{FromUnits: h.side("from"), ToUnits: h.side("to")},
		Step: h.pick(1, 3, "step"), Min: h.pick(1, 5, "min"), Max: point * h.pick(50, 100_000, "max"),
		Price: h.pick(0, 20_000, "price"), FeeBPS: uint32(h.pick(0, 5000, "bps")),
		FeePayer:    ledger.FeePayer(h.pick(1, 3, "payer")),
		ExposureCap: ledger.ValueMax, LockSeconds: uint32(h.pick(1, 200, "lock")),
	}
	if h.chance(50) {
		t.DayCap, t.YearCap = point*h.pick(0, 9000, "day cap"), point*h.pick(0, 20_000, "year cap")
	}
	if h.chance(30) {
		t.ExposureCap = h.pick(1, 50_000_000, "exposure")
	}
	if dir == in {
		t.LotMonths = uint16(h.pick(1, 30, "lot months"))
	}
	if now := h.Now().UnixMilli(); h.chance(20) {
		t.From, t.Until = now-h.pick(0, 100_000, "from"), now+h.pick(1, 1_000_000, "until")
	}
	return t
}

func (h *history) side(label string) int64 {
	if h.chance(10) {
		return h.pick(1, ledger.RateMax, label)
	}
	return h.pick(1, 40, label) * million / 4
}

// leg draws a leg under an agreement, of about so many electricity points: mostly
// what the contract will accept.
func (h *history) leg(dir ledger.Direction, points int64, exact bool, not string) ledger.LegTerms {
	all := h.candidates(dir, not)
	if len(all) == 0 {
		return ledger.LegTerms{Partner: "sky", Agreement: h.command(nil).ID, From: points, To: 1}
	}
	g := one(h, all, "agreement")
	from := points
	if dir == in {
		num, den := g.Terms.Rate.Ratio(h.m.partners[g.Terms.Partner].Scale, 0)
		from, _, _ = ledger.MulDiv(points, den, num)
		from = min(max(from, 1), ledger.AmountMax)
	}
	if !exact && h.chance(90) {
		from += g.Terms.Step - 1
		from -= from % g.Terms.Step
	}
	l := ledger.LegTerms{Partner: g.Terms.Partner, Agreement: g.ID, Hash: g.Hash, From: from, To: 1}
	l.LockedAt = h.Now().UnixMilli()
	if h.chance(20) {
		l.LockedAt += h.pick(-250_000, 400_000, "lock age")
	}
	if f := figuresOf(&g.Terms, from, h.m.partners[g.Terms.Partner].Scale); f.to.IsInt64() {
		l.To = max(f.to.Int64(), 1)
	}
	switch {
	case h.chance(2):
		l.To++
	case h.chance(2):
		l.Hash[0] ^= 1
	case h.chance(1):
		l.Partner = "nobody"
	}
	return l
}

// candidates are the agreements in force with other than one partner, and
// sometimes all others too.
func (h *history) candidates(dir ledger.Direction, not string) (all []ledger.Agreement) {
	any := h.chance(5)
	for _, id := range h.offers {
		if g := h.m.agreements[id]; g.Terms.Direction == dir && g.Terms.Partner != not || any {
			if any || h.m.current(g.Terms.Partner, g.Terms.Direction, h.Now().UnixMilli()).ID == id {
				all = append(all, g)
			}
		}
	}
	return all
}

// amount draws what a member converts or holds: about what there is.
func (h *history) amount(a ledger.Account) int64 {
	account := h.m.account(a)
	if n := account.balance(); n > 0 && h.chance(70) {
		return h.pick(1, n+n/8+1, "amount")
	}
	return h.pick(1, 2000, "amount")
}

func (h *history) body() ledger.Body {
	a := h.member()
	switch k := h.pick(0, 99, "kind"); {
	case k < 18:
		return &ledger.Issue{Account: a, Amount: h.pick(1, 3000, "amount"), Expiry: h.month(0, 6) - ledger.Month(h.pick(0, 8, "late")/8)}
	case k < 36:
		return &ledger.ConvertIn{Account: a, Leg: h.leg(in, h.points(), false, ""), Reference: "r"}
	case k < 46:
		return &ledger.ConvertOut{Account: a, Leg: h.leg(out, h.amount(a), false, ""), Reference: "r"}
	case k < 54:
		return h.crossing(a)
	case k < 64:
		return h.holding(a)
	case k < 80:
		return h.ending(a)
	case k < 88:
		return h.reversal(a)
	case k < 92:
		return h.takingBack(a)
	default:
		return h.rare(a, k)
	}
}

// points draws how many electricity points a conversion is about.
func (h *history) points() int64 {
	if h.chance(3) {
		return h.pick(1, ledger.AmountMax, "amount")
	}
	return h.pick(1, 3000, "amount")
}

func (h *history) month(low, high int64) ledger.Month {
	return h.m.window.Month() + ledger.Month(h.pick(low, high, "month"))
}

func (h *history) crossing(a ledger.Account) ledger.Body {
	source := h.leg(in, h.points(), false, "")
	destination := h.leg(out, min(source.To, ledger.AmountMax), true, source.Partner)
	return &ledger.CrossConvert{Account: a, Source: source, Destination: destination}
}

func (h *history) holding(a ledger.Account) ledger.Body {
	n := h.amount(a)
	if h.chance(40) {
		return &ledger.Hold{Account: a, Amount: n, To: one(h, []string{"mall", "mall-night"}, "to")}
	}
	l := h.leg(out, n, false, "")
	return &ledger.Hold{Account: a, Amount: l.From, Leg: &l}
}

// ending posts or voids an open hold, or sometimes one of any account that may
// have ended.
func (h *history) ending(a ledger.Account) ledger.Body {
	account := h.m.account(a)
	ids := slices.SortedFunc(maps.Keys(account.holds), func(x, y ledger.ID) int { return slices.Compare(x[:], y[:]) })
	if h.chance(15) {
		ids = append(h.holds[h.member()], h.command(nil).ID)
	}
	if len(ids) == 0 {
		return h.holding(a)
	}
	id := one(h, ids, "hold")
	if h.chance(50) {
		return &ledger.Void{Account: a, Hold: id}
	}
	return &ledger.Post{Account: a, Hold: id}
}

// reversal takes back a part, the rest, or more of a transfer of the account.
func (h *history) reversal(a ledger.Account) ledger.Body {
	var ids []ledger.ID
	for _, id := range h.done[a] {
		if c := h.m.conversions[id]; c.reversible && c.remains > 0 || h.chance(5) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		ids = []ledger.ID{h.command(nil).ID}
	}
	id := one(h, ids, "original")
	rest := h.m.conversions[id].remains
	n := h.pick(1, rest+1, "amount")
	if rest > 0 && h.chance(30) {
		n = rest
	}
	return &ledger.Reverse{Account: a, Original: id, Amount: n}
}

// takingBack undoes an issue of the account, whole or in parts, or what is none, or of
// somebody else.
func (h *history) takingBack(a ledger.Account) ledger.Body {
	ids := h.issues[a]
	if h.chance(10) {
		ids = append(h.done[h.member()], h.command(nil).ID)
	}
	if len(ids) == 0 {
		return &ledger.Issue{Account: a, Amount: h.pick(1, 3000, "amount"), Expiry: h.month(0, 6)}
	}
	id := one(h, ids, "issue")
	if left := h.m.conversions[id].issued; h.chance(60) {
		return &ledger.TakeBackPart{Account: a, Original: id, Amount: h.pick(1, left+1, "part"), Reason: "reversed"}
	}
	return &ledger.TakeBack{Account: a, Original: id, Reason: "cancelled"}
}

func (h *history) rare(a ledger.Account, k int64) ledger.Body {
	partner := one(h, append(h.m.codesOf(), "nobody"), "partner")
	switch k {
	case 92:
		return &ledger.Expire{Account: a, Month: h.month(-4, 0)}
	case 93:
		return &ledger.Freeze{Account: a, Frozen: h.chance(30)}
	case 94:
		return &ledger.SuspendPartner{Partner: partner, Suspended: h.chance(30)}
	case 95:
		dir := ledger.Direction(h.pick(1, 2, "direction"))
		t := h.terms(partner, dir, 1)
		t.Version = h.m.next(&t) + uint32(h.pick(0, 8, "version")/8)
		return &ledger.ProposeAgreement{Terms: t}
	case 96, 97:
		id := one(h, append(h.offers, h.command(nil).ID), "offer")
		if h.chance(20) {
			return &ledger.RejectAgreement{Agreement: id}
		}
		return &ledger.AcceptAgreement{Agreement: id, Hash: h.m.agreements[id].Hash}
	case 98:
		return &ledger.CloseWindow{Window: h.m.window - ledger.Date(h.pick(0, 5, "late")/5), Next: h.m.window + ledger.Date(h.pick(1, 40, "days"))}
	default:
		return &ledger.RegisterPartner{Partner: one(h, []string{"sky", "volt"}, "code"),
			Programme: one(h, []string{"STAR", "VOLT", "EPT"}, "programme"), MSP: h.Partners[1].MSP}
	}
}
