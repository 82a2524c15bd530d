package reconcile

import (
	"encoding/binary"

	"github.com/pointgrid/pointgrid/ledger"
)

// FromTransfer calls yield for what a transfer on the ledger moved at a partner:
// nothing, or one movement per leg. Index is the transfer's place, for people.
func FromTransfer(partner string, t *ledger.Transfer, index uint32, yield func(*Record) error) error {
	if t.Kind == ledger.KindHold || t.Kind == ledger.KindVoid {
		return nil // a hold moves nothing at the partner; its post does
	}
	r := Record{Key: t.ID.Root(), At: t.At, Window: t.Window, Account: half(t.Account[:]), Line: index, Side: Ledger}
	if l := t.Source; l != nil && l.Partner == partner {
		r.Movement, r.Amount = Debit, l.From
		// What goes from partner to partner carries the reference of its source.
		r.Reference = FingerprintOf(t.Reference)
		if err := r.leg(t, l, yield); err != nil {
			return err
		}
	}
	if l := t.Destination; l != nil && l.Partner == partner {
		r.Movement, r.Amount, r.Reference = Credit, l.To, FingerprintOf(t.Reference)
		if t.Source != nil {
			r.Reference = 0
		}
		return r.leg(t, l, yield)
	}
	return nil
}

func (r *Record) leg(t *ledger.Transfer, l *ledger.Leg, yield func(*Record) error) error {
	if t.Kind == ledger.KindReverse {
		r.Movement += DebitReversal - Debit
	}
	r.Points, r.Agreement = l.EPT, half(l.Hash[:])
	if r.Amount == 0 {
		return nil // a reversal so small that nothing changes at the partner
	}
	return yield(r)
}

// FingerprintOfAccount and FingerprintOfHash are how our own records name what
// the ledger has, so that both can be compared.
func FingerprintOfAccount(a ledger.Account) Fingerprint { return half(a[:]) }

// FingerprintOfHash is the fingerprint of an agreement's hash.
func FingerprintOfHash(h ledger.Hash) Fingerprint { return half(h[:]) }

// half takes eight bytes of what is a hash already.
func half(b []byte) Fingerprint { return Fingerprint(binary.BigEndian.Uint64(b)) }
