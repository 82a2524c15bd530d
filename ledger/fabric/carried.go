package fabric

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

// readCarried returns the transactions that one carried over, in their order.
func (l *Ledger) readCarried(tx *message.Tx) ([]Transaction, error) {
	response, err := message.ReadResponse(tx.Endorsed)
	if err != nil || response.Chaincode != l.opts.Profile.Chaincode {
		return nil, err
	}
	set, err := response.Set()
	if err != nil {
		return nil, err
	}
	var all []Transaction
	for i := range set.Writes {
		t, ok, err := readPlaced(&set.Writes[i])
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, t)
		}
	}
	for i := range all {
		if err := all[i].who(tx); err != nil {
			return nil, err
		}
		all[i].ID, all[i].Carried = tx.ID, true
	}
	// Keys of checkpoints come first; each stands behind the last batch it gathered.
	slices.SortStableFunc(all, func(a, b Transaction) int {
		return cmp.Or(cmp.Compare(a.last(), b.last()), cmp.Compare(len(b.Results), len(a.Results)))
	})
	return all, nil
}

// last is the number of the transaction's batch, or of the last that its
// checkpoint gathered.
func (t *Transaction) last() uint64 {
	if t.Batch != nil {
		return t.Batch.Number
	}
	return t.Checkpoint.Last
}

// readPlaced reads the transaction to which a key belongs alone: that of a batch
// or a checkpoint.
func readPlaced(w *message.Write) (t Transaction, ok bool, err error) {
	prefix, rest, _ := strings.Cut(w.Key, "/")
	if prefix != "t" && prefix != "c" {
		return t, false, nil
	}
	lane, number, _ := strings.Cut(rest, "/")
	n, err := strconv.ParseUint(lane, 16, 32)
	m, err2 := strconv.ParseUint(number, 16, 64)
	if err := errors.Join(err, err2); err != nil {
		return t, false, fmt.Errorf("key %s: %w", w.Key, err)
	}
	if prefix == "t" {
		t, err = carriedBatch(w, uint32(n), m)
	} else {
		t, err = carriedCheckpoint(w, uint32(n), m)
	}
	return t, true, err
}

func carriedBatch(w *message.Write, lane uint32, number uint64) (t Transaction, err error) {
	header, records, err := chaincode.Batch(single{w}, lane, number)
	if err != nil {
		return t, err
	}
	entries, err := codec.Entries(header, records)
	if err != nil {
		return t, err
	}
	t = Transaction{At: header.At, Caller: header.Caller, Batch: &header, Results: make([]ledger.Result, len(entries))}
	for i := range entries {
		t.Results[i] = ledger.Result{Code: ledger.CodeOK, Entry: entries[i]}
	}
	return t, nil
}

func carriedCheckpoint(w *message.Write, lane uint32, last uint64) (Transaction, error) {
	c, err := chaincode.Covering(single{w}, lane, last)
	return Transaction{At: c.At, Checkpoint: &c}, err
}

// single is one key that a transaction writes, as a state to read.
type single struct{ w *message.Write }

// Get implements [chaincode.Reader].
func (s single) Get(keys ...string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, k := range keys {
		if k == s.w.Key {
			values[i] = s.w.Value
		}
	}
	return values, nil
}

// Range implements [chaincode.Reader].
func (s single) Range(prefix, from string, visit func(key string, value []byte) bool) error {
	if strings.HasPrefix(s.w.Key, prefix) && s.w.Key >= from {
		visit(s.w.Key, s.w.Value)
	}
	return nil
}

// carriedOver returns a checkpoint of another home. Its own signature was the
// other home's, so companies sign it when they are asked: the own one first.
func (l *Ledger) carriedOver(ctx context.Context, c *ledger.CheckpointRecord) (*attestation, error) {
	request := codec.AttestRequest{Lane: c.Lane, Batch: c.Last, SignedAt: l.opts.Timer()}
	got, err := l.ask(ctx, l.reader(), l.home(), codec.FunctionAttest, request.Encode())
	if err != nil {
		return nil, err
	}
	a, err := attested(got.payload, []message.Endorsement{got.endorsement})
	if err == nil && (a == nil || a.record != *c) {
		err = fmt.Errorf("fabric: %w: the home peer does not say checkpoint %d again", ledger.ErrDamaged, c.Number)
	}
	return a, err
}

// witnessOf returns a company besides one that endorsed a checkpoint, or can be
// asked to.
func (l *Ledger) witnessOf(a *attestation, besides string) []string {
	if w := a.witness(besides); w != nil {
		return w
	}
	for _, msp := range l.companies.ready(0) {
		if msp != besides {
			return []string{msp}
		}
	}
	return nil
}
