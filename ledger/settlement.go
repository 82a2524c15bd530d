package ledger

import (
	"crypto/sha256"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger/wire"
)

// FenMillionths is one fen, the smallest amount that a bank pays, in the
// millionths of a yuan in which the ledger counts.
const FenMillionths = 10_000

// SettlementStep is how far a partner's settlement of one window has come.
// Numbers are stable.
type SettlementStep uint8

const (
	// SettlementNetted: the window is closed and its figures stand for ever.
	SettlementNetted SettlementStep = 1
	// SettlementReconciled: the figures were compared with the partner's statement.
	SettlementReconciled SettlementStep = 2
	// SettlementProposed: a person of the utility, the maker, put it forward.
	SettlementProposed SettlementStep = 3
	// SettlementSigned: another person of the utility, and the partner, signed.
	SettlementSigned SettlementStep = 4
	// SettlementDisputed: the partner refused to sign. It can be reconciled and
	// proposed again.
	SettlementDisputed SettlementStep = 5
	// SettlementPaid: the payment was released to the bank.
	SettlementPaid SettlementStep = 6
	// SettlementSettled: the bank confirmed it, or there was nothing to pay. What
	// was paid is no longer owed.
	SettlementSettled SettlementStep = 7
)

var settlementSteps = map[SettlementStep]string{
	SettlementNetted: "netted", SettlementReconciled: "reconciled", SettlementProposed: "proposed",
	SettlementSigned: "signed", SettlementDisputed: "disputed", SettlementPaid: "paid", SettlementSettled: "settled",
}

// String returns the step's name in lower case.
func (s SettlementStep) String() string {
	if name, ok := settlementSteps[s]; ok {
		return name
	}
	return fmt.Sprintf("settlement_step(%d)", uint8(s))
}

// MarshalText implements [encoding.TextMarshaler].
func (s SettlementStep) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *SettlementStep) UnmarshalText(b []byte) error {
	for v, name := range settlementSteps {
		if name == string(b) {
			*s = v
			return nil
		}
	}
	return fmt.Errorf("ledger: %q is not a step of a settlement", b)
}

// SettlementFigures are what a window comes to for one partner. Values are in
// millionths of a yuan, payments in fen. Always
//
//	Net + Brought = (Pay − Receive) × FenMillionths + Carried
//
// so that rounding to fen loses nothing: what is left is carried to the next
// settlement of the partner.
type SettlementFigures struct {
	Lines   int64 `json:"lines,string"`   // legs and adjustments in the partner's position
	Root    Hash  `json:"root"`           // Merkle root over the lines of the statement
	Net     int64 `json:"net,string"`     // [Position.Net]
	Brought int64 `json:"brought,string"` // carried by the settlement before
	Pay     int64 `json:"pay,string"`     // by the partner to the utility, at least 0
	Receive int64 `json:"receive,string"` // by the partner from the utility, at least 0
	Carried int64 `json:"carried,string"`
}

// SettlementBreaks are what reconciling the window found. A break is open while
// nobody resolved it; such a one is moved on to the next window with a reason.
type SettlementBreaks struct {
	Found int64 `json:"found,string"`
	Open  int64 `json:"open,string"`
	Root  Hash  `json:"root"` // Merkle root over the breaks with their resolutions
}

// SettlementMark says who took a step and when.
type SettlementMark struct {
	Step SettlementStep `json:"step"`
	By   Identity       `json:"by"`
	At   int64          `json:"at,string"` // milliseconds since 1970
	// Text is the reference of a payment or of the bank, or the reason of a
	// dispute.
	Text string `json:"text,omitempty"`
}

// Settlement is one partner's settlement of one window, as far as the companies
// have taken it.
type Settlement struct {
	Partner string            `json:"partner"`
	Window  Date              `json:"window"`
	Step    SettlementStep    `json:"step"`
	Figures SettlementFigures `json:"figures"`
	Breaks  SettlementBreaks  `json:"breaks"`
	// Marks are in the order of the steps, each at most once; but a step that both
	// companies take has one of each. A step that is taken again replaces its mark
	// and takes away those of the steps after it.
	Marks []SettlementMark `json:"marks"`
}

// SettlementDue is what a partner's next settlement builds on.
type SettlementDue struct {
	Window  Date  // to be netted next, when it is closed
	Brought int64 // what the settlement before carried, in millionths of a yuan
}

// Mark returns the mark of a step by a company.
func (s *Settlement) Mark(step SettlementStep, msp string) (SettlementMark, bool) {
	for _, m := range s.Marks {
		if m.Step == step && m.By.MSP == msp {
			return m, true
		}
	}
	return SettlementMark{}, false
}

// Digest is what is signed: the SHA-256 over partner, window, figures and
// breaks. Each side computes it from its own records.
func (s *Settlement) Digest() Hash {
	e := wire.NewEncoder([]byte("pointgrid/settlement/v1\x00"))
	e.String(s.Partner)
	e.Int(int64(s.Window))
	s.Figures.Append(e)
	s.Breaks.Append(e)
	return sha256.Sum256(e.Bytes())
}

func (f *SettlementFigures) numbers() [6]*int64 {
	return [6]*int64{&f.Lines, &f.Net, &f.Brought, &f.Pay, &f.Receive, &f.Carried}
}

// Append appends the canonical encoding.
func (f *SettlementFigures) Append(e *wire.Encoder) {
	e.Raw(f.Root[:])
	for _, n := range f.numbers() {
		e.Int(*n)
	}
}

// Read reads what [SettlementFigures.Append] wrote.
func (f *SettlementFigures) Read(d *wire.Decoder) {
	copy(f.Root[:], d.Raw(len(f.Root)))
	for _, n := range f.numbers() {
		*n = d.Int()
	}
}

// Append appends the canonical encoding.
func (b *SettlementBreaks) Append(e *wire.Encoder) {
	e.Raw(b.Root[:])
	e.Int(b.Found)
	e.Int(b.Open)
}

// Read reads what [SettlementBreaks.Append] wrote.
func (b *SettlementBreaks) Read(d *wire.Decoder) {
	copy(b.Root[:], d.Raw(len(b.Root)))
	b.Found, b.Open = d.Int(), d.Int()
}

// Balanced reports whether what is brought in and what the window adds is paid
// or carried, exactly.
func (f *SettlementFigures) Balanced() bool {
	if f.Pay < 0 || f.Receive < 0 || f.Pay > ValueMax/FenMillionths || f.Receive > ValueMax/FenMillionths {
		return false
	}
	in, ok := Add(f.Net, f.Brought)
	out, fits := Add((f.Pay-f.Receive)*FenMillionths, f.Carried)
	return ok && fits && in == out
}

// AdjustmentStatus is where an adjustment stands.
type AdjustmentStatus uint8

const (
	AdjustmentProposed AdjustmentStatus = 1
	AdjustmentAccepted AdjustmentStatus = 2
	AdjustmentRejected AdjustmentStatus = 3
)

var adjustmentStatuses = map[AdjustmentStatus]string{
	AdjustmentProposed: "proposed", AdjustmentAccepted: "accepted", AdjustmentRejected: "rejected",
}

// String returns "proposed", "accepted" or "rejected".
func (s AdjustmentStatus) String() string {
	if name, ok := adjustmentStatuses[s]; ok {
		return name
	}
	return fmt.Sprintf("adjustment_status(%d)", uint8(s))
}

// MarshalText implements [encoding.TextMarshaler].
func (s AdjustmentStatus) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *AdjustmentStatus) UnmarshalText(b []byte) error {
	for v, name := range adjustmentStatuses {
		if name == string(b) {
			*s = v
			return nil
		}
	}
	return fmt.Errorf("ledger: %q is not the status of an adjustment", b)
}

// Adjustment corrects what a partner owes. It counts in the window in which it
// was accepted.
type Adjustment struct {
	ID         ID               `json:"id"`
	Partner    string           `json:"partner"`
	Value      int64            `json:"value,string"` // millionths of a yuan; positive when the partner owes more
	Window     Date             `json:"window"`       // the one with the break
	Reference  string           `json:"reference"`    // of the break
	Reason     string           `json:"reason"`
	Status     AdjustmentStatus `json:"status"`
	ProposedBy Identity         `json:"proposed_by"`
	ProposedAt int64            `json:"proposed_at,string"` // milliseconds since 1970
	DecidedBy  Identity         `json:"decided_by"`
	DecidedAt  int64            `json:"decided_at,string"`
}
