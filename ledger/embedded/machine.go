package embedded

import (
	"fmt"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// machine runs the contract over a store, one transaction at a time: for new
// batches, for blocks that the state lacks, and for a verification.
type machine struct {
	store *store
	at    position // of the state
	tx    transaction
	own   []write // of the home itself, not part of the write set
	kept  []ledger.Command
	buf   []byte
}

func newMachine(s *store) (*machine, error) {
	at, err := s.position()
	return &machine{store: s, at: at, tx: transaction{Reader: s}}, err
}

// run executes commands as the block's transaction. It sets the block's
// commands and write hash; what is written waits for commit.
func (m *machine) run(b *Block, commands []ledger.Command) ([]ledger.Result, error) {
	m.tx.reset()
	m.own = m.own[:0]
	tx := chaincode.Tx{ID: b.Tx, At: b.At, Caller: b.Caller, Lane: b.Lane, Epoch: b.Epoch}
	results, err := chaincode.Apply(tx, &m.tx, commands)
	if err != nil {
		return nil, err
	}
	if len(results) != len(commands) {
		return nil, fmt.Errorf("embedded: contract gave %d results for %d commands", len(results), len(commands))
	}
	b.Commands = m.carriedOut(commands, results)
	if (len(b.Commands) == 0) != (len(m.tx.writes) == 0) {
		return nil, fmt.Errorf("embedded: contract wrote %d keys for %d commands carried out", len(m.tx.writes), len(b.Commands))
	}
	b.Writes, m.buf = m.tx.hash(m.buf)
	return results, nil
}

// carriedOut returns the commands that were neither refused nor replays.
func (m *machine) carriedOut(commands []ledger.Command, results []ledger.Result) []ledger.Command {
	kept := m.kept[:0]
	for i := range results {
		if results[i].Code == ledger.CodeOK && !results[i].Replayed {
			kept = append(kept, commands[i])
		}
	}
	m.kept = kept
	return kept
}

// record returns the checkpoint that the transaction just run wrote, or nil.
func (m *machine) record(b *Block) (*ledger.CheckpointRecord, error) {
	if _, ok := b.Commands[0].Body.(*ledger.Checkpoint); !ok {
		return nil, nil
	}
	c, err := chaincode.Covering(after{&m.tx}, b.Lane, m.at.batches-1)
	return &c, err
}

// commit makes the transaction just run part of the state. The block must be
// durable by then.
func (m *machine) commit(b *Block, record *ledger.CheckpointRecord) error {
	next := position{height: b.Number + 1, hash: b.Hash, batches: m.at.batches}
	switch {
	case record != nil:
		m.own = append(m.own, write{keyNumbered(prefixSignature, b.Lane, record.Number), encodeSignature(b.Signature)})
	case b.Commands[0].Body.Kind().Recorded():
		leaf, err := m.leaf(b.Lane)
		if err != nil {
			return err
		}
		m.own = append(m.own, write{keyNumbered(prefixLeaf, b.Lane, m.at.batches), leaf[:]})
		next.batches++
	}
	if err := m.store.commit(m.tx.writes, m.own, next); err != nil {
		return err
	}
	m.at = next
	return nil
}

// leaf returns the hash of the header of the batch just written. It is kept by
// itself, because a receipt needs those of all batches of a checkpoint and none
// of their transfers.
func (m *machine) leaf(lane uint32) (ledger.Hash, error) {
	h, _, err := chaincode.Batch(after{&m.tx}, lane, m.at.batches)
	if err != nil {
		return ledger.Hash{}, fmt.Errorf("embedded: batch %d just written: %w", m.at.batches, err)
	}
	return h.Leaf(), nil
}

// repeat executes a block again and compares what it writes. It returns the
// checkpoint that the block wrote, or nil, and what does not agree as a
// disagreement.
func (m *machine) repeat(h *header) (*ledger.CheckpointRecord, error) {
	if err := h.Decode(); err != nil {
		return nil, disagreement(err.Error())
	}
	again := h.Block
	results, err := m.run(&again, h.Commands)
	if err != nil {
		return nil, err
	}
	for i, r := range results {
		if r.Code != ledger.CodeOK || r.Replayed {
			return nil, disagreement(fmt.Sprintf("command %d was carried out then, and is not when executed again: %s", i, r.Code))
		}
	}
	if again.Writes != h.Writes || len(h.Commands) == 0 {
		return nil, disagreement(fmt.Sprintf("executed again it writes %s, then it wrote %s", again.Writes, h.Writes))
	}
	record, err := m.record(&again)
	if err != nil {
		return nil, err
	}
	if (record != nil) != (h.Signature != nil) {
		return nil, disagreement("only a checkpoint is signed, and each is")
	}
	return record, m.commit(&again, record)
}

// disagreement is what makes a block differ from its execution.
type disagreement string

func (d disagreement) Error() string { return string(d) }

func encodeSignature(s *ledger.Signature) []byte {
	e := wire.NewEncoder(nil)
	e.String(s.KeyID)
	e.Blob(s.Value)
	return e.Bytes()
}

func decodeSignature(b []byte) (*ledger.Signature, error) {
	d := wire.NewDecoder(b)
	s := &ledger.Signature{KeyID: d.String(), Value: append([]byte(nil), d.Blob()...)}
	return s, d.Close()
}
