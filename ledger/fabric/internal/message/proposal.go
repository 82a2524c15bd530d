package message

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"time"
)

// Types of a channel header.
const (
	TypeEndorserTransaction = 3
	TypeDeliverSeekInfo     = 5
)

// Proposal is a call of a chaincode, to be signed and given to peers.
type Proposal struct {
	Channel, Chaincode string
	Function           string
	Request            []byte
	At                 time.Time
	// Creator is the serialised identity of who signs, Nonce 24 random bytes.
	Creator, Nonce []byte
}

// Prepared is a proposal in bytes, of which the parts are needed again for the
// transaction.
type Prepared struct {
	Tx                             string
	channelHeader, signatureHeader []byte
	payload                        []byte
}

// TxID returns the ID of the transaction with a nonce and a creator.
func TxID(nonce, creator []byte) string {
	sum := sha256.Sum256(slices.Concat(nonce, creator))
	return hex.EncodeToString(sum[:])
}

// Prepare encodes the proposal's parts.
func (p *Proposal) Prepare() *Prepared {
	tx := TxID(p.Nonce, p.Creator)
	id := stringField(nil, 2, p.Chaincode)
	var input []byte
	input = repeated(input, 1, []byte(p.Function))
	input = repeated(input, 1, p.Request)
	spec := bytesField(varintField(nil, 1, 1), 2, id) // type GOLANG
	spec = bytesField(spec, 3, input)
	return &Prepared{
		Tx:              tx,
		channelHeader:   channelHeader(TypeEndorserTransaction, p.Channel, tx, p.At, repeated(nil, 2, id)),
		signatureHeader: signatureHeader(p.Creator, p.Nonce),
		payload:         repeated(nil, 1, repeated(nil, 1, spec)),
	}
}

// Bytes encodes the proposal.
func (p *Prepared) Bytes() []byte {
	b := make([]byte, 0, len(p.payload)+len(p.channelHeader)+len(p.signatureHeader)+32)
	return bytesField(repeated(b, 1, header(p.channelHeader, p.signatureHeader)), 2, p.payload)
}

// Endorsement is a peer's signature over a response payload and its own
// serialised identity.
type Endorsement struct{ Endorser, Signature []byte }

// Transaction encodes the payload of the envelope for the orderer: the proposal,
// what peers responded, and their signatures.
func (p *Prepared) Transaction(response []byte, endorsements []Endorsement) []byte {
	endorsed := make([]byte, 0, len(response)+len(endorsements)*1100+16)
	endorsed = bytesField(endorsed, 1, response)
	for _, e := range endorsements {
		endorsed = repeated(endorsed, 2, bytesField(bytesField(nil, 1, e.Endorser), 2, e.Signature))
	}
	payload := make([]byte, 0, len(endorsed)+len(p.payload)+16)
	payload = bytesField(bytesField(payload, 1, p.payload), 2, endorsed)
	action := make([]byte, 0, len(payload)+len(p.signatureHeader)+16)
	action = bytesField(bytesField(action, 1, p.signatureHeader), 2, payload)
	tx := repeated(make([]byte, 0, len(action)+8), 1, action)
	b := make([]byte, 0, len(tx)+len(p.channelHeader)+len(p.signatureHeader)+32)
	return bytesField(repeated(b, 1, header(p.channelHeader, p.signatureHeader)), 2, tx)
}

// Position is where a stream of blocks begins, encoded.
type Position []byte

// Newest is the last block that there is.
func Newest() Position { return Position(repeated(nil, 1, nil)) }

// At is the block with a number.
func At(n uint64) Position { return Position(repeated(nil, 3, varintField(nil, 1, n))) }

// Seek encodes the payload of an envelope that asks a peer for blocks, as they
// come: until one with a number, or without end.
func Seek(channel string, creator, nonce []byte, at time.Time, from Position, until *uint64) []byte {
	stop := uint64(math.MaxUint64)
	if until != nil {
		stop = *until
	}
	seek := repeated(repeated(nil, 1, from), 2, At(stop))
	h := header(channelHeader(TypeDeliverSeekInfo, channel, "", at, nil), signatureHeader(creator, nonce))
	return repeated(repeated(nil, 1, h), 2, seek)
}

func header(channel, signature []byte) []byte {
	return bytesField(bytesField(make([]byte, 0, len(channel)+len(signature)+8), 1, channel), 2, signature)
}

func channelHeader(kind uint64, channel, tx string, at time.Time, extension []byte) []byte {
	b := varintField(nil, 1, kind)
	stamp := varintField(nil, 1, uint64(at.Unix()))
	stamp = varintField(stamp, 2, uint64(at.Nanosecond()))
	b = repeated(b, 3, stamp)
	b = stringField(b, 4, channel)
	b = stringField(b, 5, tx)
	return bytesField(b, 7, extension)
}

func signatureHeader(creator, nonce []byte) []byte {
	return bytesField(bytesField(nil, 1, creator), 2, nonce)
}

// Identity encodes a serialised identity: a company and a certificate in PEM.
func Identity(msp string, certificate []byte) []byte {
	return bytesField(stringField(nil, 1, msp), 2, certificate)
}

// ReadIdentity reads what [Identity] wrote.
func ReadIdentity(b []byte) (msp string, certificate []byte, err error) {
	err = each("identity", b, func(f field) error {
		switch f.number {
		case 1:
			msp = string(f.bytes)
		case 2:
			certificate = f.bytes
		}
		return nil
	})
	return msp, certificate, err
}
