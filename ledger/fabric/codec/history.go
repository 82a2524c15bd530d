package codec

import (
	"fmt"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
)

// CarryRequest asks to carry blocks over, as package annals encodes them, in one
// transaction.
type CarryRequest struct{ Blocks [][]byte }

// Encode encodes the request.
func (r CarryRequest) Encode() []byte {
	size := 16
	for _, b := range r.Blocks {
		size += len(b) + 5
	}
	e := begin(size)
	e.Uint(uint64(len(r.Blocks)))
	for _, b := range r.Blocks {
		e.Blob(b)
	}
	return e.Bytes()
}

func decodeCarryRequest(b []byte) (r CarryRequest, err error) {
	d := open(b)
	r.Blocks = make([][]byte, count(d, 1, chaincode.CarryMax))
	for i := range r.Blocks {
		r.Blocks[i] = d.Blob()
	}
	return r, d.Close()
}

// AdoptRequest asks to adopt the history up to the block with a hash. Subject is
// whom the caller's company names within it, and empty for the certificate's own.
type AdoptRequest struct {
	Subject string
	Hash    ledger.Hash
}

// Encode encodes the request.
func (r AdoptRequest) Encode() []byte {
	e := begin(64)
	e.String(r.Subject)
	e.Raw(r.Hash[:])
	return e.Bytes()
}

func decodeAdoptRequest(b []byte) (r AdoptRequest, err error) {
	d := open(b)
	r.Subject = d.String()
	copy(r.Hash[:], d.Raw(len(r.Hash)))
	if d.Err() == nil && len(r.Subject) > ledger.ReferenceMax {
		d.Fail(fmt.Sprintf("subject has %d bytes, at most %d", len(r.Subject), ledger.ReferenceMax))
	}
	return r, d.Close()
}

// serveAdopt adopts in the name of the company that signed the proposal.
func serveAdopt(call Call, state chaincode.State, r AdoptRequest) ([]byte, error) {
	tx := call.Tx
	if r.Subject != "" {
		tx.Caller.Subject = r.Subject
	}
	result, err := chaincode.Adopt(tx, state, r.Hash)
	if err != nil {
		return nil, err
	}
	return encodeHistoryResult(&result), nil
}

func serveCarry(call Call, state chaincode.State, r CarryRequest) ([]byte, error) {
	result, err := chaincode.Carry(call.Tx, state, r.Blocks)
	if err != nil {
		return nil, err
	}
	return encodeHistoryResult(&result), nil
}

func encodeHistoryResult(r *ledger.HistoryResult) []byte {
	e := begin(256)
	e.String(string(r.Code))
	e.String(r.Message)
	h := &r.History
	e.Uint(h.Blocks)
	e.Raw(h.Hash[:])
	e.Uint(uint64(len(h.Companies)))
	for _, msp := range h.Companies {
		e.String(msp)
	}
	e.Uint(uint64(len(h.Adopted)))
	for i := range h.Adopted {
		h.Adopted[i].By.Append(e)
		e.Int(h.Adopted[i].At)
	}
	return e.Bytes()
}

// DecodeHistoryResult reads the response of [FunctionCarry] and [FunctionAdopt].
func DecodeHistoryResult(b []byte) (r ledger.HistoryResult, err error) {
	d := open(b)
	r.Code, r.Message = ledger.Code(d.String()), d.String()
	h := &r.History
	h.Blocks = d.Uint()
	copy(h.Hash[:], d.Raw(len(h.Hash)))
	h.Companies = make([]string, d.Count(1))
	for i := range h.Companies {
		h.Companies[i] = d.String()
	}
	h.Adopted = make([]ledger.Adoption, d.Count(3))
	for i := range h.Adopted {
		h.Adopted[i] = ledger.Adoption{By: ledger.ReadIdentity(d), At: d.Int()}
	}
	return r, named("history", d.Close())
}
