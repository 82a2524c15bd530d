package message

import (
	"crypto/sha256"
	"encoding/asn1"
	"math/big"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Tx is a transaction as it stands in a block.
type Tx struct {
	ID      string
	Channel string
	At      time.Time
	// Creator is the serialised identity of who gave it.
	Creator []byte
	// Function and Request are of the chaincode call; empty for a configuration.
	Function string
	Request  []byte
	// Endorsed is the response payload that the endorsements sign.
	Endorsed     []byte
	Endorsements []Endorsement
}

// ReadTx reads an envelope of a block. One that calls no chaincode, such as the
// channel's configuration, has no function.
func ReadTx(envelope []byte) (*Tx, error) {
	var payload, head, data, ch, sh []byte
	if err := fields("envelope", envelope, map[protowire.Number]*[]byte{1: &payload}); err != nil {
		return nil, err
	}
	if err := fields("payload", payload, map[protowire.Number]*[]byte{1: &head, 2: &data}); err != nil {
		return nil, err
	}
	if err := fields("header", head, map[protowire.Number]*[]byte{1: &ch, 2: &sh}); err != nil {
		return nil, err
	}
	tx := &Tx{}
	kind, err := tx.readChannelHeader(ch)
	if err != nil {
		return nil, err
	}
	if err := fields("signature header", sh, map[protowire.Number]*[]byte{1: &tx.Creator}); err != nil {
		return nil, err
	}
	if kind != TypeEndorserTransaction {
		return tx, nil
	}
	return tx, tx.readTransaction(data)
}

func (tx *Tx) readChannelHeader(b []byte) (kind uint64, err error) {
	err = each("channel header", b, func(f field) error {
		switch f.number {
		case 1:
			kind = f.varint
		case 3:
			return tx.readTime(f.bytes)
		case 4:
			tx.Channel = string(f.bytes)
		case 5:
			tx.ID = string(f.bytes)
		}
		return nil
	})
	return kind, err
}

func (tx *Tx) readTime(b []byte) error {
	var seconds, nanos int64
	err := each("timestamp", b, func(f field) error {
		switch f.number {
		case 1:
			seconds = int64(f.varint)
		case 2:
			nanos = int64(int32(f.varint))
		}
		return nil
	})
	tx.At = time.Unix(seconds, nanos)
	return err
}

// readTransaction reads the first action, of which an endorser's transaction
// has exactly one.
func (tx *Tx) readTransaction(b []byte) error {
	var action, payload, proposal, endorsed []byte
	if err := fields("transaction", b, map[protowire.Number]*[]byte{1: &action}); err != nil {
		return err
	}
	if err := fields("action", action, map[protowire.Number]*[]byte{2: &payload}); err != nil {
		return err
	}
	if err := fields("action payload", payload, map[protowire.Number]*[]byte{1: &proposal, 2: &endorsed}); err != nil {
		return err
	}
	if err := tx.readProposal(proposal); err != nil {
		return err
	}
	return each("endorsed action", endorsed, func(f field) error {
		switch f.number {
		case 1:
			tx.Endorsed = f.bytes
		case 2:
			var e Endorsement
			err := fields("endorsement", f.bytes, map[protowire.Number]*[]byte{1: &e.Endorser, 2: &e.Signature})
			tx.Endorsements = append(tx.Endorsements, e)
			return err
		}
		return nil
	})
}

// readProposal reads function and request out of the invocation.
func (tx *Tx) readProposal(b []byte) error {
	for _, level := range []struct {
		what  string
		field protowire.Number
	}{{"proposal payload", 1}, {"invocation", 1}, {"chaincode spec", 3}} {
		var inner []byte
		if err := fields(level.what, b, map[protowire.Number]*[]byte{level.field: &inner}); err != nil {
			return err
		}
		b = inner
	}
	var args [][]byte
	err := each("chaincode input", b, func(f field) error {
		if f.number == 1 {
			args = append(args, f.bytes)
		}
		return nil
	})
	if len(args) > 0 {
		tx.Function = string(args[0])
	}
	if len(args) > 1 {
		tx.Request = args[1]
	}
	return err
}

// HeaderHash is the hash by which a block names the one before: SHA-256 of the
// ASN.1 sequence of the header's fields.
func HeaderHash(number uint64, previous, data []byte) [32]byte {
	b, err := asn1.Marshal(struct {
		Number         *big.Int
		Previous, Data []byte
	}{new(big.Int).SetUint64(number), previous, data})
	if err != nil {
		panic(err) // these types can always be marshalled
	}
	return sha256.Sum256(b)
}
