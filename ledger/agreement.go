package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Direction says which way points go under an agreement, seen from the hub.
type Direction uint8

const (
	// In turns partner points into electricity points.
	In Direction = 1
	// Out turns electricity points into partner points.
	Out Direction = 2
)

// String returns "in" or "out".
func (d Direction) String() string {
	switch d {
	case In:
		return "in"
	case Out:
		return "out"
	}
	return fmt.Sprintf("direction(%d)", uint8(d))
}

// MarshalText implements [encoding.TextMarshaler].
func (d Direction) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Direction) UnmarshalText(b []byte) error {
	switch string(b) {
	case "in":
		*d = In
	case "out":
		*d = Out
	default:
		return fmt.Errorf("ledger: direction %q is not in or out", b)
	}
	return nil
}

// FeePayer says who bears the fee of a conversion.
type FeePayer uint8

const (
	// FeeMember takes the fee out of the electricity points of the conversion.
	FeeMember FeePayer = 1
	// FeePartner adds the fee's value to what the partner owes.
	FeePartner FeePayer = 2
	// FeeUtility takes the fee's value from what the partner owes.
	FeeUtility FeePayer = 3
)

var feePayers = map[FeePayer]string{FeeMember: "member", FeePartner: "partner", FeeUtility: "utility"}

// String returns "member", "partner" or "utility".
func (p FeePayer) String() string {
	if s, ok := feePayers[p]; ok {
		return s
	}
	return fmt.Sprintf("fee_payer(%d)", uint8(p))
}

// MarshalText implements [encoding.TextMarshaler].
func (p FeePayer) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *FeePayer) UnmarshalText(b []byte) error {
	for v, s := range feePayers {
		if s == string(b) {
			*p = v
			return nil
		}
	}
	return fmt.Errorf("ledger: fee payer %q is not member, partner or utility", b)
}

// RateScale is the number of decimal places in which the two sides of a rate
// are kept.
const RateScale = 6

// Rate is the ratio of two decimals, in millionths of a whole point: so many
// points of the source for so many of the destination. It is never divided out.
// Both sides are 1 to [RateMax].
type Rate struct {
	FromUnits int64 `json:"from_units,string"`
	ToUnits   int64 `json:"to_units,string"`
}

// RateMax is the largest side of a rate: 1,000,000 whole points in millionths.
const RateMax int64 = 1_000_000_000_000

// ScaleMax is the largest number of decimal places of a programme.
const ScaleMax = 6

// Terms are what two companies sign: the rate card of one partner for one
// direction. Amounts are in the smallest unit of the source programme of that
// direction unless said otherwise.
type Terms struct {
	Partner   string    `json:"partner"`
	Direction Direction `json:"direction"`
	// Version is one more than that of the last agreement accepted for the same
	// partner and direction; the first is 1.
	Version uint32 `json:"version"`
	Rate    Rate   `json:"rate"`
	// Step is what a source amount must be a multiple of, at least 1.
	Step int64 `json:"step,string"`
	// Min and Max bound one conversion, both included.
	Min int64 `json:"min,string"`
	Max int64 `json:"max,string"`
	// DayCap and YearCap bound what one member converts in a window and in the
	// windows of a calendar year; 0 is no cap.
	DayCap  int64 `json:"day_cap,string"`
	YearCap int64 `json:"year_cap,string"`
	// Price is the settlement price in millionths of a yuan per electricity point.
	Price int64 `json:"price,string"`
	// FeeBPS is the fee in basis points of the electricity points, 0 to 5,000.
	FeeBPS   uint32   `json:"fee_bps"`
	FeePayer FeePayer `json:"fee_payer"`
	// ExposureCap is the most, in millionths of a yuan, that may be owed net of
	// the other direction and not yet settled after a conversion of this
	// direction: by the partner for In, by the utility for Out. At least 1.
	ExposureCap int64 `json:"exposure_cap,string"`
	// LockSeconds is how old a rate lock may be when it reaches the ledger.
	LockSeconds uint32 `json:"lock_seconds"`
	// LotMonths is, for In, the number of months after the window's month in
	// which the electricity points expire, 1 to 120; 0 for Out.
	LotMonths uint16 `json:"lot_months"`
	// From and Until bound when a rate can be locked, in milliseconds since
	// 1970: From included, Until excluded; Until 0 is open-ended.
	From  int64 `json:"from,string"`
	Until int64 `json:"until,string"`
}

// Append appends the canonical encoding.
func (t *Terms) Append(e *wire.Encoder) {
	e.String(t.Partner)
	e.Byte(byte(t.Direction))
	e.Uint(uint64(t.Version))
	for _, v := range t.numbers() {
		e.Int(*v)
	}
	e.Uint(uint64(t.FeeBPS))
	e.Byte(byte(t.FeePayer))
	e.Uint(uint64(t.LockSeconds))
	e.Uint(uint64(t.LotMonths))
}

// Read reads what Append wrote.
func (t *Terms) Read(d *wire.Decoder) {
	t.Partner = d.String()
	t.Direction = Direction(d.Byte())
	t.Version = d.Uint32()
	for _, v := range t.numbers() {
		*v = d.Int()
	}
	t.FeeBPS = d.Uint32()
	t.FeePayer = FeePayer(d.Byte())
	t.LockSeconds = d.Uint32()
	t.LotMonths = d.Uint16()
}

func (t *Terms) numbers() []*int64 {
	return []*int64{&t.Rate.FromUnits, &t.Rate.ToUnits, &t.Step, &t.Min, &t.Max,
		&t.DayCap, &t.YearCap, &t.Price, &t.ExposureCap, &t.From, &t.Until}
}

// Validate reports the first term that is out of range, or nil.
func (t *Terms) Validate() error {
	ranges := []struct {
		name     string
		v        int64
		min, max int64
	}{
		{"from_units", t.Rate.FromUnits, 1, RateMax},
		{"to_units", t.Rate.ToUnits, 1, RateMax},
		{"version", int64(t.Version), 1, 1 << 31},
		{"step", t.Step, 1, AmountMax},
		{"min", t.Min, 1, AmountMax},
		{"max", t.Max, t.Min, AmountMax},
		{"day_cap", t.DayCap, 0, AmountMax},
		{"year_cap", t.YearCap, 0, AmountMax},
		{"price", t.Price, 0, 1_000_000_000},
		{"fee_bps", int64(t.FeeBPS), 0, 5000},
		{"fee_payer", int64(t.FeePayer), 1, 3},
		{"exposure_cap", t.ExposureCap, 1, 1_000_000_000_000_000_000},
		{"lock_seconds", int64(t.LockSeconds), 1, 7 * 86400},
		{"direction", int64(t.Direction), 1, 2},
		{"from", t.From, 0, 1 << 48},
		{"until", t.Until, 0, 1 << 48},
	}
	for _, r := range ranges {
		if r.v < r.min || r.v > r.max {
			return fmt.Errorf("%s is %d, must be %d to %d", r.name, r.v, r.min, r.max)
		}
	}
	return t.validateTogether()
}

func (t *Terms) validateTogether() error {
	switch {
	case !ValidPartner(t.Partner):
		return fmt.Errorf("partner %q is not 2 to 16 of a-z, 0-9 and -, starting with a letter", t.Partner)
	case t.Until != 0 && t.Until <= t.From:
		return fmt.Errorf("until %d is not after from %d", t.Until, t.From)
	case t.Direction == In && (t.LotMonths < 1 || t.LotMonths > 120):
		return fmt.Errorf("lot_months is %d, must be 1 to 120 for direction in", t.LotMonths)
	case t.Direction == Out && t.LotMonths != 0:
		return fmt.Errorf("lot_months is %d, must be 0 for direction out", t.LotMonths)
	}
	return nil
}

// Hash is the SHA-256 of the canonical encoding. Both companies compute it for
// themselves, and every transfer names it.
func (t *Terms) Hash() Hash {
	e := wire.NewEncoder([]byte("pointgrid/terms/v1\x00"))
	t.Append(e)
	return sha256.Sum256(e.Bytes())
}

// Hash is a SHA-256 digest.
type Hash [32]byte

// String returns 64 lower-case hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero reports whether the hash is unset.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText implements [encoding.TextMarshaler].
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) != 64 {
		return fmt.Errorf("ledger: hash has %d characters, needs 64", len(b))
	}
	if _, err := hex.Decode(h[:], b); err != nil {
		return fmt.Errorf("ledger: hash: %w", err)
	}
	return nil
}

// AgreementStatus is where an agreement stands.
type AgreementStatus uint8

const (
	// AgreementProposed waits for the other company.
	AgreementProposed AgreementStatus = 1
	// AgreementAccepted is signed by both; it is in force between its dates
	// until a later version begins.
	AgreementAccepted AgreementStatus = 2
	// AgreementRejected was withdrawn by its proposer or refused by the other.
	AgreementRejected AgreementStatus = 3
)

// String returns "proposed", "accepted" or "rejected".
func (s AgreementStatus) String() string {
	switch s {
	case AgreementProposed:
		return "proposed"
	case AgreementAccepted:
		return "accepted"
	case AgreementRejected:
		return "rejected"
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// MarshalText implements [encoding.TextMarshaler].
func (s AgreementStatus) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Agreement is a rate card with its history. Its ID is that of the command that
// proposed it.
type Agreement struct {
	ID         ID              `json:"id"`
	Terms      Terms           `json:"terms"`
	Hash       Hash            `json:"hash"`
	Status     AgreementStatus `json:"status"`
	ProposedBy Identity        `json:"proposed_by"`
	ProposedAt int64           `json:"proposed_at,string"`
	// DecidedBy and DecidedAt are of the acceptance or rejection.
	DecidedBy Identity `json:"decided_by"`
	DecidedAt int64    `json:"decided_at,string"`
}

// InForce returns the agreement under which a rate can be locked at an instant
// (milliseconds since 1970): of those accepted by then, for the partner and
// direction, whose dates include the instant, the one of the highest version.
func InForce(all []Agreement, partner string, dir Direction, at int64) (Agreement, bool) {
	best := -1
	for i := range all {
		a := &all[i]
		if a.Terms.Direction == dir && a.Terms.Partner == partner && a.inForce(at) &&
			(best < 0 || a.Terms.Version > all[best].Terms.Version) {
			best = i
		}
	}
	if best < 0 {
		return Agreement{}, false
	}
	return all[best], true
}

func (a *Agreement) inForce(at int64) bool {
	return a.Status == AgreementAccepted && a.DecidedAt <= at && a.Terms.From <= at &&
		(a.Terms.Until == 0 || at < a.Terms.Until)
}
