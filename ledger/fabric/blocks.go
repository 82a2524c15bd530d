package fabric

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/hyperledger/fabric-protos-go/common"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

// Block is a block as the home peer has it.
type Block struct {
	Number   uint64      // from 0, without gaps
	Previous ledger.Hash // of the header before; zero for block 0
	Data     ledger.Hash // of the transactions, as the header says
	// Transactions are those of the ledger that are valid, in order. Others, such as
	// the channel's configuration, are left out.
	Transactions []Transaction
}

// Transaction is a batch of commands, or a checkpoint, as it was carried out.
type Transaction struct {
	ID string
	// Carried says that it was carried out elsewhere and carried over. At and Caller
	// are then those of that time, and ID and Companies those of the transaction
	// that carried it over, maybe with others.
	Carried bool
	At      int64 // milliseconds since 1970
	Caller  ledger.Identity
	// Results are those of the commands given: what was refused or given before is
	// among them and changed nothing.
	Results []ledger.Result
	// Batch is the header of the batch written; nil for a checkpoint.
	Batch *ledger.BatchHeader
	// Checkpoint is the checkpoint taken; nil for a batch.
	Checkpoint *ledger.CheckpointRecord
	// Companies are those that endorsed.
	Companies []string
}

// Blocks calls visit for every block from a number on, in order, and stops at
// the first error, which it returns. What is written meanwhile may not be among
// them.
func (l *Ledger) Blocks(ctx context.Context, from uint64, visit func(Block) error) error {
	p, err := l.home().await(ctx, 0, l.opts.Patience.Order)
	if err != nil {
		return errors.Join(ctx.Err(), err)
	}
	_, height := p.follower.state()
	if from >= height {
		return ctx.Err()
	}
	last := height - 1
	return l.walk(ctx, p, from, &last, visit)
}

// Follow is Blocks without an end: it waits for what is written, and goes on
// after the connection to the peer was lost. It returns the context's error or
// that of visit.
func (l *Ledger) Follow(ctx context.Context, from uint64, visit func(Block) error) error {
	stopped := errors.New("stopped")
	for {
		p, err := l.home().await(ctx, 0, l.opts.Patience.Order)
		if err == nil {
			err = l.walk(ctx, p, from, nil, func(b Block) error {
				if err := visit(b); err != nil {
					return errors.Join(stopped, err)
				}
				from = b.Number + 1
				return nil
			})
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case l.closed.Load():
			return ledger.ErrClosed
		case errors.Is(err, stopped), errors.Is(err, ledger.ErrDamaged):
			return err
		}
		l.opts.Logger.Warn("the blocks of the home peer ended; asking again", "from", from, "error", err)
		select {
		case <-ctx.Done():
		case <-l.done:
		case <-time.After(retryMax):
		}
	}
}

// walk visits blocks and checks that each follows the one before.
func (l *Ledger) walk(ctx context.Context, p *peer, from uint64, until *uint64, visit func(Block) error) error {
	var before ledger.Hash
	next := from
	return l.deliver.blocks(ctx, p, message.At(from), until, func(b *common.Block) error {
		h := b.GetHeader()
		if h.GetNumber() != next || next > from && string(h.GetPreviousHash()) != string(before[:]) {
			return fmt.Errorf("fabric: %w: block %d does not follow block %d", ledger.ErrDamaged, h.GetNumber(), next-1)
		}
		if sum := dataHash(b); string(sum[:]) != string(h.GetDataHash()) {
			return fmt.Errorf("fabric: %w: block %d does not have the transactions that its header says", ledger.ErrDamaged, next)
		}
		before = message.HeaderHash(h.GetNumber(), h.GetPreviousHash(), h.GetDataHash())
		next++
		own, err := l.readBlock(b)
		if err != nil {
			return err
		}
		return visit(own)
	})
}

// block visits one block.
func (l *Ledger) block(ctx context.Context, number uint64, visit func(*common.Block) error) error {
	p, err := l.home().await(ctx, number+1, l.opts.Patience.Order)
	if err != nil {
		return errors.Join(ctx.Err(), err)
	}
	return l.deliver.blocks(ctx, p, message.At(number), &number, visit)
}

func dataHash(b *common.Block) ledger.Hash {
	h := sha256.New()
	for _, tx := range b.GetData().GetData() {
		h.Write(tx)
	}
	return ledger.Hash(h.Sum(nil))
}

// metadataFilter is where a block's metadata has the validation codes.
const metadataFilter = 2

func (l *Ledger) readBlock(b *common.Block) (Block, error) {
	own := Block{Number: b.GetHeader().GetNumber()}
	copy(own.Previous[:], b.GetHeader().GetPreviousHash())
	copy(own.Data[:], b.GetHeader().GetDataHash())
	var codes []byte
	if m := b.GetMetadata().GetMetadata(); len(m) > metadataFilter {
		codes = m[metadataFilter]
	}
	for i, envelope := range b.GetData().GetData() {
		if i >= len(codes) || Validation(codes[i]) != Valid {
			continue
		}
		tx, err := message.ReadTx(envelope)
		if err != nil {
			return own, fmt.Errorf("fabric: block %d, transaction %d: %w", own.Number, i, err)
		}
		all, err := l.readCall(tx)
		if err != nil {
			return own, fmt.Errorf("fabric: block %d, transaction %d: %w", own.Number, i, err)
		}
		own.Transactions = append(own.Transactions, all...)
	}
	return own, nil
}

// readCall returns what a call of the chaincode carried out: one transaction, or
// as many as it carried over.
func (l *Ledger) readCall(tx *message.Tx) ([]Transaction, error) {
	switch tx.Function {
	case codec.FunctionBatch:
		t, err := l.readTransaction(tx)
		return []Transaction{t}, err
	case codec.FunctionCarry:
		return l.readCarried(tx)
	}
	return nil, nil
}

func (l *Ledger) readTransaction(tx *message.Tx) (Transaction, error) {
	t := Transaction{ID: tx.ID, At: tx.At.UnixMilli()}
	response, err := message.ReadResponse(tx.Endorsed)
	if err != nil || response.Chaincode != l.opts.Profile.Chaincode {
		return t, err
	}
	set, err := response.Set()
	if err != nil {
		return t, err
	}
	header, records, err := written(set)
	if err != nil {
		return t, err
	}
	if len(records) > 0 {
		t.Batch = &header
	}
	if t.Results, err = codec.DecodeResults(response.Payload, l.opts.Profile.Channel, header, records); err != nil {
		return t, err
	}
	s, err := codec.DecodeStatement(response.Payload)
	if err != nil {
		return t, err
	}
	t.Checkpoint = s.Checkpoint
	return t, t.who(tx)
}

// who fills in who gave the transaction and who endorsed it.
func (t *Transaction) who(tx *message.Tx) error {
	msp, _, err := message.ReadIdentity(tx.Creator)
	if err != nil {
		return err
	}
	t.Caller.MSP = msp
	if t.Batch != nil {
		t.Caller = t.Batch.Caller
	}
	for _, e := range tx.Endorsements {
		msp, _, err := message.ReadIdentity(e.Endorser)
		if err != nil {
			return err
		}
		t.Companies = append(t.Companies, msp)
	}
	return nil
}
