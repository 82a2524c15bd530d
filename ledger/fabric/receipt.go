package fabric

import (
	"context"
	"errors"
	"fmt"

	"github.com/hyperledger/fabric-protos-go/common"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

// Receipt implements [ledger.Ledger]. It is provisional until a checkpoint
// covers the transfer that the companies concerned have signed; one that was
// away then is asked to sign now.
func (l *Ledger) Receipt(ctx context.Context, id ledger.ID) (ledger.Receipt, error) {
	a, err := l.query(ctx, codec.FunctionProof, codec.ProofRequest{ID: id}.Encode())
	if err != nil {
		return ledger.Receipt{}, err
	}
	p, err := codec.DecodeProof(a.response)
	if err != nil {
		return ledger.Receipt{}, err
	}
	if p == nil {
		return ledger.Receipt{}, notFound("transfer", id)
	}
	r := ledger.Receipt{
		Version: ledger.ReceiptVersion, Ledger: "fabric", Provisional: true, Transfer: p.Entry.Transfer,
		Record: p.Record, Index: p.Entry.Locator.Index, Batch: p.Batch, BatchPath: p.Path,
	}
	if p.Checkpoint == nil {
		r.Block, err = version(a, keyBatch(p.Batch.Lane, p.Batch.Number))
		return r, err
	}
	return l.attest(ctx, r, p.Checkpoint)
}

// attest adds the checkpoint to a receipt.
func (l *Ledger) attest(ctx context.Context, r ledger.Receipt, c *ledger.CheckpointRecord) (ledger.Receipt, error) {
	a, err := l.attestation(ctx, c)
	if err != nil {
		return r, err
	}
	r.Block = a.block
	endorsed, err := l.endorsedBy(ctx, a, l.concernedBy(&r.Transfer, a))
	if errors.As(err, new(*EndorseError)) {
		l.opts.Logger.Warn("a company has not signed a checkpoint and cannot be asked; a receipt stays provisional", "error", err)
		return r, nil
	}
	if err != nil {
		return r, err
	}
	path := ledger.MerklePath(a.leaves, int(r.Batch.Number-c.First))
	r.Provisional = false
	r.Checkpoint = &ledger.CheckpointProof{Record: *c, Path: path, Endorsed: endorsed}
	return r, nil
}

// concernedBy returns the companies that must have signed for a transfer.
func (l *Ledger) concernedBy(t *ledger.Transfer, a *attestation) []string {
	utility := l.routes.utilityOr(l.opts.Profile.Home)
	companies := []string{utility}
	for _, leg := range []*ledger.Leg{t.Source, t.Destination} {
		if leg != nil {
			companies = union(companies, []string{l.routes.partner(leg.Partner)})
		}
	}
	if len(companies) == 1 {
		companies = append(companies, l.witnessOf(a, utility)...)
	}
	return companies
}

// endorsedBy returns the endorsements of companies, asking those that have not
// given one. It returns an *[EndorseError] when one cannot be had.
func (l *Ledger) endorsedBy(ctx context.Context, a *attestation, companies []string) ([]ledger.Endorsed, error) {
	first, missing := a.of(companies)
	var all []ledger.Endorsed
	if len(first.By) > 0 {
		all = append(all, first)
	}
	for _, msp := range missing {
		late, err := l.attestLate(ctx, a, msp)
		if err != nil {
			return nil, err
		}
		all = append(all, late)
	}
	return all, nil
}

// attestLate has a company sign what a checkpoint said.
func (l *Ledger) attestLate(ctx context.Context, a *attestation, msp string) (ledger.Endorsed, error) {
	c, err := l.company(ctx, msp)
	if err != nil {
		return ledger.Endorsed{}, err
	}
	if !c.there(0) {
		return ledger.Endorsed{}, &EndorseError{Company: msp, Err: errDown}
	}
	request := codec.AttestRequest{Lane: a.record.Lane, Batch: a.record.Last, SignedAt: l.opts.Timer()}
	got, err := l.ask(ctx, l.reader(), c, codec.FunctionAttest, request.Encode())
	if err != nil {
		return ledger.Endorsed{}, err
	}
	late, err := attested(got.payload, []message.Endorsement{got.endorsement})
	switch {
	case err != nil:
		return ledger.Endorsed{}, err
	case late == nil || late.record != a.record || late.block != a.block:
		return ledger.Endorsed{}, &EndorseError{Company: msp, Err: fmt.Errorf("it has another checkpoint %d", a.record.Number)}
	}
	e, _ := late.of([]string{msp})
	return e, nil
}

// attestation returns a checkpoint with its leaves and endorsements, from memory
// or from the ledger.
func (l *Ledger) attestation(ctx context.Context, c *ledger.CheckpointRecord) (*attestation, error) {
	a := l.proofs.get(c)
	if a == nil {
		var err error
		if a, err = l.locate(ctx, c); err != nil {
			return nil, err
		}
	}
	if a.record != *c {
		return nil, fmt.Errorf("fabric: %w: checkpoint %d is not what was endorsed", ledger.ErrDamaged, c.Number)
	}
	if a.leaves != nil {
		return a, nil
	}
	full := *a
	var err error
	if full.leaves, err = l.leaves(ctx, c); err != nil {
		return nil, err
	}
	l.proofs.put(&full)
	return &full, nil
}

// leavesMax is how many batches a peer is asked for at once.
const leavesMax = codec.LeavesMax / 16

// leaves returns the header hashes of a checkpoint's batches. A home that took no
// checkpoint for long may have gathered very many in one.
func (l *Ledger) leaves(ctx context.Context, c *ledger.CheckpointRecord) (all []ledger.Hash, err error) {
	for first := c.First; first <= c.Last; first += leavesMax {
		request := codec.LeavesRequest{Lane: c.Lane, First: first, Last: min(first+leavesMax-1, c.Last)}
		got, err := l.query(ctx, codec.FunctionLeaves, request.Encode())
		if err != nil {
			return nil, err
		}
		some, err := codec.DecodeLeaves(got.response)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// locate reads the transaction with which a checkpoint was taken out of its
// block. Which that is, the version of the checkpoint's key says.
func (l *Ledger) locate(ctx context.Context, c *ledger.CheckpointRecord) (*attestation, error) {
	key := keyCheckpoint(c.Lane, c.Last)
	got, err := l.query(ctx, codec.FunctionGet, codec.KeysRequest{key}.Encode())
	if err != nil {
		return nil, err
	}
	read, err := readOf(got, key)
	if err != nil {
		return nil, err
	}
	var found *attestation
	err = l.block(ctx, read.Block, func(b *common.Block) error {
		if read.Tx >= uint64(len(b.GetData().GetData())) {
			return fmt.Errorf("fabric: block %d has no transaction %d", read.Block, read.Tx)
		}
		tx, err := message.ReadTx(b.GetData().GetData()[read.Tx])
		if err != nil {
			return err
		}
		if tx.Function == codec.FunctionCarry {
			found, err = l.carriedOver(ctx, c)
			return err
		}
		found, err = attested(tx.Endorsed, tx.Endorsements)
		return err
	})
	if err == nil && found == nil {
		err = fmt.Errorf("fabric: %w: transaction %d of block %d takes no checkpoint", ledger.ErrDamaged, read.Tx, read.Block)
	}
	return found, err
}

// version returns the block in which a key that a query read was written last.
func version(a *answer, key string) (uint64, error) {
	r, err := readOf(a, key)
	return r.Block, err
}

// readOf returns what a query says of a key that it read.
func readOf(a *answer, key string) (message.Read, error) {
	response, err := message.ReadResponse(a.payload)
	if err != nil {
		return message.Read{}, err
	}
	set, err := response.Set()
	if err != nil {
		return message.Read{}, err
	}
	for _, r := range set.Reads {
		if r.Key == key && r.Found {
			return r, nil
		}
	}
	return message.Read{}, fmt.Errorf("fabric: a query does not tell the version of %s", key)
}

func keyBatch(lane uint32, number uint64) string { return fmt.Sprintf("t/%08x/%016x", lane, number) }

func keyCheckpoint(lane uint32, last uint64) string { return fmt.Sprintf("c/%08x/%016x", lane, last) }

// committed keeps the endorsements of a checkpoint that was just taken.
func (p *proofs) committed(tx *endorsed, commands []ledger.Command) error {
	if len(commands) == 0 || commands[0].Body.Kind() != ledger.KindCheckpoint {
		return nil
	}
	endorsements := make([]message.Endorsement, len(tx.answers))
	for i, a := range tx.answers {
		endorsements[i] = a.endorsement
	}
	a, err := attested(tx.answers[0].payload, endorsements)
	if err == nil && a != nil {
		p.put(a)
	}
	return err
}
