package fabric

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
	"github.com/pointgrid/pointgrid/ledger/fabric/proof"
)

// attestation is a checkpoint as it stands on the ledger: the header hashes of
// its batches, and who endorsed it.
type attestation struct {
	record  ledger.CheckpointRecord
	block   uint64 // that of the last batch gathered
	payload []byte
	by      map[string]ledger.Endorser // by MSP ID
	leaves  []ledger.Hash              // nil until asked for
}

// proofs keeps the attestations of recent checkpoints.
type proofs struct {
	mu    sync.Mutex
	byKey map[checkpointKey]*attestation
	order []checkpointKey
}

// checkpointKey names a checkpoint: each lane numbers its own.
type checkpointKey struct {
	lane   uint32
	number uint64
}

func keyOf(c *ledger.CheckpointRecord) checkpointKey { return checkpointKey{c.Lane, c.Number} }

// proofsMax is how many are kept: the receipts people ask for are mostly new.
const proofsMax = 512

func newProofs() *proofs { return &proofs{byKey: map[checkpointKey]*attestation{}} }

func (p *proofs) get(c *ledger.CheckpointRecord) *attestation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byKey[keyOf(c)]
}

func (p *proofs) put(a *attestation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := keyOf(&a.record)
	if _, ok := p.byKey[key]; !ok {
		p.order = append(p.order, key)
	}
	p.byKey[key] = a
	if len(p.order) > proofsMax {
		delete(p.byKey, p.order[0])
		p.order = p.order[1:]
	}
}

// attested reads what was endorsed when a checkpoint was taken; nil for
// anything else.
func attested(payload []byte, endorsements []message.Endorsement) (*attestation, error) {
	response, err := message.ReadResponse(payload)
	if err != nil {
		return nil, err
	}
	s, err := codec.DecodeStatement(response.Payload)
	record := s.Checkpoint
	if err != nil || record == nil {
		return nil, err
	}
	a := &attestation{record: *record, payload: bytes.Clone(payload), by: map[string]ledger.Endorser{}}
	if a.block, err = gathered(response, record); err != nil {
		return nil, err
	}
	for _, e := range endorsements {
		endorser, err := endorserOf(e)
		if err != nil {
			return nil, err
		}
		a.by[endorser.Company] = endorser
	}
	return a, nil
}

// gathered returns the block of the last batch of a checkpoint.
func gathered(response *message.Response, c *ledger.CheckpointRecord) (uint64, error) {
	set, err := response.Set()
	if err != nil {
		return 0, err
	}
	block, ok := proof.LastBlock(set, c)
	if !ok {
		return 0, errors.New("fabric: a checkpoint does not tell the block of its last batch")
	}
	return block, nil
}

// endorserOf takes an endorsement apart. Its certificate is carried without PEM,
// which must be put back exactly as it was signed.
func endorserOf(e message.Endorsement) (ledger.Endorser, error) {
	msp, cert, err := message.ReadIdentity(e.Endorser)
	if err != nil {
		return ledger.Endorser{}, err
	}
	block, _ := pem.Decode(cert)
	if block == nil || !bytes.Equal(proof.Identity(msp, block.Bytes), e.Endorser) {
		return ledger.Endorser{}, fmt.Errorf("fabric: certificate of an endorser of %s is not plain PEM", msp)
	}
	return ledger.Endorser{Company: msp, Certificate: block.Bytes, Signature: bytes.Clone(e.Signature)}, nil
}

// of returns the endorsements of companies, and those of whom there is none.
func (a *attestation) of(companies []string) (e ledger.Endorsed, missing []string) {
	e.Payload = a.payload
	for _, msp := range companies {
		if by, ok := a.by[msp]; ok {
			e.By = append(e.By, by)
		} else {
			missing = append(missing, msp)
		}
	}
	return e, missing
}

// witness returns a company besides one that endorsed; the first by name, so
// that a receipt is the same each time.
func (a *attestation) witness(besides string) []string {
	var others []string
	for msp := range a.by {
		if msp != besides {
			others = append(others, msp)
		}
	}
	if len(others) == 0 {
		return nil
	}
	return []string{slices.Min(others)}
}
