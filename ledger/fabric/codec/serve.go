package codec

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// errRequest: the request is malformed or out of bounds.
var errRequest = errors.New("codec: request")

// Status returns the status code with which a response carries an error of
// [Serve].
func Status(err error) int32 {
	switch {
	case err == nil:
		return StatusOK
	case errors.Is(err, errRequest):
		return StatusRequest
	case errors.Is(err, ledger.ErrDamaged):
		return StatusDamaged
	}
	return StatusFailed
}

// Call is what the proposal says besides the request.
type Call struct {
	Channel string
	// Tx has ID, At and Caller as in the proposal; a batch's lane, and its caller's
	// subject if it names one, come from the request.
	Tx chaincode.Tx
	// Now is the time of this machine, by which it signs checkpoints; zero signs
	// with whatever time is asked for.
	Now time.Time
}

// Serve answers a request. An error means that nothing of the transaction may be
// kept.
func Serve(call Call, state chaincode.State, function string, request []byte) ([]byte, error) {
	switch function {
	case FunctionBatch:
		return serveBatch(call, state, request)
	case FunctionCarry:
		return serve(request, decodeCarryRequest, func(r CarryRequest) ([]byte, error) { return serveCarry(call, state, r) })
	case FunctionAdopt:
		return serve(request, decodeAdoptRequest, func(r AdoptRequest) ([]byte, error) { return serveAdopt(call, state, r) })
	case FunctionAttest:
		return serve(request, decodeAttestRequest, func(r AttestRequest) ([]byte, error) { return serveAttest(call, state, r) })
	case FunctionGet:
		return serve(request, decodeKeysRequest, func(r KeysRequest) ([]byte, error) {
			values, err := state.Get(r...)
			return encodeValues(values), err
		})
	case FunctionRange:
		return serve(request, decodeRangeRequest, func(r RangeRequest) ([]byte, error) { return serveRange(state, r) })
	case FunctionFind:
		return serve(request, decodeFindRequest, func(r FindRequest) ([]byte, error) { return serveFind(state, r) })
	case FunctionProof:
		return serve(request, decodeProofRequest, func(r ProofRequest) ([]byte, error) { return serveProof(state, r.ID) })
	case FunctionLeaves:
		return serve(request, decodeLeavesRequest, func(r LeavesRequest) ([]byte, error) { return serveLeaves(state, r) })
	}
	return nil, fmt.Errorf("%w: no function %q", errRequest, function)
}

func serve[T any](request []byte, decode func([]byte) (T, error), answer func(T) ([]byte, error)) ([]byte, error) {
	r, err := decode(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRequest, err)
	}
	return answer(r)
}

func serveBatch(call Call, state chaincode.State, request []byte) ([]byte, error) {
	r, err := DecodeBatchRequest(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRequest, err)
	}
	tx := call.Tx
	tx.Lane, tx.Epoch = r.Lane, r.Epoch
	if r.Subject != "" {
		tx.Caller.Subject = r.Subject
	}
	noting := &noting{State: state}
	results, err := chaincode.Apply(tx, noting, r.Commands)
	if err != nil {
		return nil, err
	}
	record, err := noting.checkpoint(tx.Lane)
	if err != nil {
		return nil, err
	}
	s := Statement{Channel: call.Channel, Checkpoint: record}
	if record != nil {
		s.SignedAt, err = r.SignedAt, call.now(r.SignedAt)
	}
	return EncodeResults(s, results), err
}

// serveAttest says again what a checkpoint said, so that a company that was away
// when it was taken can sign it.
func serveAttest(call Call, state chaincode.State, r AttestRequest) ([]byte, error) {
	c, err := chaincode.Covering(state, r.Lane, r.Batch)
	if err != nil {
		return nil, err
	}
	if _, _, err := chaincode.Batch(state, r.Lane, c.Last); err != nil {
		return nil, err // read for its version: the block that the receipt names
	}
	s := Statement{Channel: call.Channel, Checkpoint: &c, SignedAt: r.SignedAt}
	return EncodeResults(s, nil), call.now(r.SignedAt)
}

func serveRange(state chaincode.State, r RangeRequest) ([]byte, error) {
	var p Page
	size := 0
	err := state.Range(r.Prefix, r.From, func(key string, value []byte) bool {
		if size >= PageMax {
			p.Next = key
			return false
		}
		p.Keys, p.Values = append(p.Keys, key), append(p.Values, value)
		size += len(key) + len(value)
		return true
	})
	if err != nil {
		return nil, err
	}
	p.Heads, err = heads(state)
	return p.encode(), err
}

// heads returns a digest of the heads of all lanes, one of which every
// transaction changes.
func heads(r chaincode.Reader) (sum ledger.Hash, err error) {
	e := wire.NewEncoder(nil)
	err = r.Range("l/", "l/", func(key string, value []byte) bool {
		e.String(key)
		e.Blob(value)
		return true
	})
	return sha256.Sum256(e.Bytes()), err
}

func serveFind(state chaincode.State, ids FindRequest) ([]byte, error) {
	entries := make([]*ledger.Entry, len(ids))
	r := &remembering{Reader: state}
	for i, id := range ids {
		e, err := chaincode.Find(r, id)
		switch {
		case errors.Is(err, ledger.ErrNotFound):
		case err != nil:
			return nil, err
		default:
			entries[i] = &e
		}
	}
	return encodeFound(entries), nil
}

// serveProof answers with nothing when no transfer has the ID.
func serveProof(state chaincode.State, id ledger.ID) ([]byte, error) {
	entry, err := chaincode.Find(state, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	at := entry.Locator
	header, records, err := chaincode.Batch(state, at.Lane, at.Batch)
	if err != nil {
		return nil, err
	}
	leaves := make([]ledger.Hash, len(records))
	for i, r := range records {
		leaves[i] = ledger.LeafHash(r)
	}
	p := Proof{Entry: entry, Record: records[at.Index], Batch: header, Path: ledger.MerklePath(leaves, int(at.Index))}
	c, err := chaincode.Covering(state, at.Lane, at.Batch)
	switch {
	case err == nil:
		p.Checkpoint = &c
	case !errors.Is(err, ledger.ErrNotFound):
		return nil, err
	}
	return p.encode(), nil
}

func serveLeaves(state chaincode.State, r LeavesRequest) ([]byte, error) {
	leaves := make([]ledger.Hash, 0, r.Last-r.First+1)
	for n := r.First; n <= r.Last; n++ {
		header, _, err := chaincode.Batch(state, r.Lane, n)
		if err != nil {
			return nil, err
		}
		leaves = append(leaves, header.Leaf())
	}
	return encodeHashes(leaves), nil
}
