package ledger

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Bounds of what a command carries.
const (
	BatchMax     = 4096 // commands in one batch
	CommandMax   = 4096 // bytes of one encoded command
	ReferenceMax = 64   // bytes of a reference
	ReasonMax    = 200  // bytes of a reason
)

// Kind tells commands, and the transfers they write, apart. Numbers are stable.
type Kind uint8

const (
	KindInitialise       Kind = 1
	KindRegisterPartner  Kind = 2
	KindSuspendPartner   Kind = 3
	KindProposeAgreement Kind = 4
	KindAcceptAgreement  Kind = 5
	KindRejectAgreement  Kind = 6
	KindIssue            Kind = 7
	KindExpire           Kind = 8
	KindHold             Kind = 9
	KindPost             Kind = 10
	KindVoid             Kind = 11
	KindConvertIn        Kind = 12
	KindConvertOut       Kind = 13
	KindCrossConvert     Kind = 14
	KindReverse          Kind = 15
	KindFreeze           Kind = 16
	KindCloseWindow      Kind = 17
	KindCheckpoint       Kind = 18

	KindAdvanceSettlement Kind = 19
	KindProposeAdjustment Kind = 20
	KindAcceptAdjustment  Kind = 21
	KindRejectAdjustment  Kind = 22

	KindTakeBack     Kind = 23
	KindTakeBackPart Kind = 24 // of commands only

	KindTakeLane Kind = 25
	KindSetLanes Kind = 26
)

var kindNames = map[Kind]string{
	KindInitialise: "initialise", KindRegisterPartner: "register_partner",
	KindSuspendPartner: "suspend_partner", KindProposeAgreement: "propose_agreement",
	KindAcceptAgreement: "accept_agreement", KindRejectAgreement: "reject_agreement",
	KindIssue: "issue", KindExpire: "expire", KindHold: "hold", KindPost: "post",
	KindVoid: "void", KindConvertIn: "convert_in", KindConvertOut: "convert_out",
	KindCrossConvert: "cross_convert", KindReverse: "reverse", KindFreeze: "freeze",
	KindCloseWindow: "close_window", KindCheckpoint: "checkpoint",
	KindAdvanceSettlement: "advance_settlement", KindProposeAdjustment: "propose_adjustment",
	KindAcceptAdjustment: "accept_adjustment", KindRejectAdjustment: "reject_adjustment",
	KindTakeBack: "take_back", KindTakeBackPart: "take_back_part",
	KindTakeLane: "take_lane", KindSetLanes: "set_lanes",
}

// String returns the kind's name in lower case with underscores.
func (k Kind) String() string {
	if s, ok := kindNames[k]; ok {
		return s
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Alone reports whether a command of this kind must be the only one of its
// batch.
func (k Kind) Alone() bool {
	return k == KindCloseWindow || k == KindCheckpoint || k == KindTakeLane || k == KindSetLanes
}

// Recorded reports whether a command of this kind writes a transfer. Checkpoints
// are about transfers, and lanes about who writes them: neither is one.
func (k Kind) Recorded() bool { return k != KindCheckpoint && k != KindTakeLane }

// MarshalText implements [encoding.TextMarshaler].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (k *Kind) UnmarshalText(b []byte) error {
	for v, s := range kindNames {
		if s == string(b) {
			*k = v
			return nil
		}
	}
	return fmt.Errorf("ledger: %q is not a kind of transfer", b)
}

// Identity is who gives a command: the company's membership service provider
// and the subject within it.
type Identity struct {
	MSP     string `json:"msp"`
	Subject string `json:"subject"`
}

// Append appends the canonical encoding.
func (i Identity) Append(e *wire.Encoder) {
	e.String(i.MSP)
	e.String(i.Subject)
}

// ReadIdentity reads what [Identity.Append] wrote.
func ReadIdentity(d *wire.Decoder) Identity { return Identity{MSP: d.String(), Subject: d.String()} }

// Command is one instruction to the contract.
type Command struct {
	ID   ID
	Body Body
	// Evidence is the request of a company that the command carries out, as that
	// company signed it; nil when there is none. Only commands that convert points,
	// post a hold or reverse a conversion carry it.
	Evidence *Evidence
}

// Body is what a command asks for: one of the struct types in this package
// that have these methods, always by pointer.
type Body interface {
	// Kind tells the type.
	Kind() Kind
	// Validate reports what is wrong with the fields taken by themselves.
	Validate() error
	append(*wire.Encoder)
	read(*wire.Decoder)
}

// Validate reports what is wrong with the command taken by itself.
func (c Command) Validate() error {
	switch {
	case !c.ID.Valid():
		return ErrBadID
	case c.Body == nil:
		return errors.New("command has no body")
	}
	if c.Evidence != nil {
		if err := c.Evidence.validateFor(c.Body.Kind()); err != nil {
			return err
		}
	}
	return c.Body.Validate()
}

// Append appends the canonical encoding. Without evidence it is what it was
// before there was any.
func (c Command) Append(e *wire.Encoder) {
	e.Raw(c.ID[:])
	appendKind(e, c.Body.Kind(), c.Evidence)
	c.Body.append(e)
	c.Evidence.append(e)
}

// Digest is the first 128 bits of the SHA-256 of the canonical encoding: two
// commands have the same content when they have the same digest.
func (c Command) Digest() Digest {
	var buf [256]byte
	e := wire.NewEncoder(buf[:0])
	c.Append(e)
	return DigestOf(e.Bytes())
}

// DigestOf returns the digest of a command by its canonical encoding.
func DigestOf(encoding []byte) Digest {
	sum := sha256.Sum256(encoding)
	return Digest(sum[:16])
}

// Digest is a truncated SHA-256.
type Digest [16]byte

// ReadCommand reads what [Command.Append] wrote. Faults go to the decoder.
func ReadCommand(d *wire.Decoder) Command {
	var c Command
	copy(c.ID[:], d.Raw(16))
	kind, signed := readKind(d)
	if c.Body = newBody(kind); c.Body == nil {
		d.Fail("unknown kind of command")
		return c
	}
	c.Body.read(d)
	if signed {
		c.Evidence = readEvidence(d)
	}
	return c
}

func newBody(k Kind) Body {
	switch k {
	case KindInitialise:
		return &Initialise{}
	case KindRegisterPartner:
		return &RegisterPartner{}
	case KindSuspendPartner:
		return &SuspendPartner{}
	case KindProposeAgreement:
		return &ProposeAgreement{}
	case KindAcceptAgreement:
		return &AcceptAgreement{}
	case KindRejectAgreement:
		return &RejectAgreement{}
	case KindIssue:
		return &Issue{}
	case KindExpire:
		return &Expire{}
	case KindHold:
		return &Hold{}
	case KindPost:
		return &Post{}
	case KindVoid:
		return &Void{}
	case KindConvertIn:
		return &ConvertIn{}
	case KindConvertOut:
		return &ConvertOut{}
	case KindCrossConvert:
		return &CrossConvert{}
	case KindReverse:
		return &Reverse{}
	case KindFreeze:
		return &Freeze{}
	case KindCloseWindow:
		return &CloseWindow{}
	case KindCheckpoint:
		return &Checkpoint{}
	case KindAdvanceSettlement:
		return &AdvanceSettlement{}
	case KindProposeAdjustment:
		return &ProposeAdjustment{}
	case KindAcceptAdjustment:
		return &AcceptAdjustment{}
	case KindRejectAdjustment:
		return &RejectAdjustment{}
	case KindTakeBack:
		return &TakeBack{}
	case KindTakeBackPart:
		return &TakeBackPart{}
	case KindTakeLane:
		return &TakeLane{}
	case KindSetLanes:
		return &SetLanes{}
	}
	return nil
}

// EncodeBatch encodes commands for transport.
func EncodeBatch(commands []Command) []byte {
	e := wire.NewEncoder(make([]byte, 0, 16+128*len(commands)))
	e.Byte(batchVersion)
	e.Uint(uint64(len(commands)))
	for _, c := range commands {
		c.Append(e)
	}
	return e.Bytes()
}

const batchVersion = 1

// DecodeBatch reads what [EncodeBatch] wrote. It bounds the number of commands
// by [BatchMax] and returns [wire.ErrCorrupt] for anything else.
func DecodeBatch(b []byte) ([]Command, error) {
	d := wire.NewDecoder(b)
	if d.Byte() != batchVersion {
		d.Fail("unknown version of batch")
	}
	n := d.Count(17)
	if n > BatchMax {
		d.Fail("too many commands")
		n = 0
	}
	commands := make([]Command, 0, n)
	for range n {
		commands = append(commands, ReadCommand(d))
		if d.Err() != nil {
			break
		}
	}
	return commands, d.Close()
}
