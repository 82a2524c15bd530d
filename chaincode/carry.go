package chaincode

import (
	"crypto/sha256"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/annals"
)

// CarryMax is how many blocks one transaction carries over at most.
const CarryMax = 1 << 14

// Carry executes blocks of another home again, as one transaction, on a ledger
// that has what those before them led to and nothing else. Every block must
// follow the one before by number and hash, and write again what it wrote; the
// state is then, key by key, that of the other home, but for the history itself.
// The caller is the utility of the history.
//
// The callers that the blocks name are claimed and not proven, acceptances of
// agreements among them. Hence nothing else is taken before each company has
// given [Adopt].
func Carry(tx Tx, state State, blocks [][]byte) (ledger.HistoryResult, error) {
	c := &carrying{tx: tx, overlay: newOverlay(state)}
	err := c.carry(blocks)
	if err == nil {
		err = c.overlay.flush(state)
	}
	return historyResult(&c.past.now.History, err)
}

// historyResult tells a refusal from a fault.
func historyResult(h *ledger.History, err error) (ledger.HistoryResult, error) {
	var no *refusal
	if errors.As(err, &no) {
		return ledger.HistoryResult{Code: no.code, Message: no.message}, nil
	}
	return ledger.HistoryResult{Code: ledger.CodeOK, History: *h}, err
}

// carrying is a transaction that carries blocks over.
type carrying struct {
	tx      Tx
	overlay *overlay
	past    cell[past, *past]
	joined  bool // a company did
}

func (c *carrying) carry(raw [][]byte) error {
	if len(raw) < 1 || len(raw) > CarryMax {
		return refuse(ledger.CodeInvalid, "%d blocks, want 1 to %d", len(raw), CarryMax)
	}
	blocks, err := c.follow(raw)
	if err != nil {
		return err
	}
	if err := c.prefetch(blocks); err != nil {
		return err
	}
	for i := range blocks {
		if err := c.repeat(&blocks[i].Block); err != nil {
			return err
		}
	}
	return c.keep()
}

// follow reads the blocks and checks that each is the next.
func (c *carrying) follow(raw [][]byte) ([]annals.Header, error) {
	if err := c.begin(); err != nil {
		return nil, err
	}
	p := &c.past.now
	blocks := make([]annals.Header, len(raw))
	for i, b := range raw {
		h, err := annals.Read(b, sha256.Sum256(b))
		if err == nil {
			err = h.Decode()
		}
		if err != nil {
			return nil, refuse(ledger.CodeInvalid, "block %d: %v", p.Blocks, err)
		}
		if err := h.Follows(p.Blocks, p.Hash); err != nil {
			return nil, refuse(ledger.CodeHistoryMismatch, "%v", err)
		}
		blocks[i], p.Blocks, p.Hash = h, p.Blocks+1, h.Hash
	}
	return blocks, nil
}

// begin reads how far the history has come. A ledger that began by itself, or
// goes on, has no place for one.
func (c *carrying) begin() error {
	values, err := c.overlay.Get(keyAlliance, keyHistory)
	if err != nil {
		return err
	}
	c.past.key = keyHistory
	if err := c.past.load(values[1]); err != nil {
		return err
	}
	switch {
	case !c.past.present && values[0] != nil:
		return refuse(ledger.CodeAlreadyInitialised, "the ledger is in use; a history is carried over to an empty one")
	case c.past.present && !c.past.now.open():
		return refuse(ledger.CodeAlreadyInitialised, "every company has adopted the history up to block %d; nothing more can be carried over", c.past.now.Blocks-1)
	case c.past.present && c.past.now.Companies[0] != c.tx.Caller.MSP:
		return refuse(ledger.CodeNotPermitted, "the history is carried over by the utility %q, not by %q", c.past.now.Companies[0], c.tx.Caller.MSP)
	}
	return nil
}

// prefetch reads in a few goes what the blocks will need one after the other.
func (c *carrying) prefetch(blocks []annals.Header) error {
	var all []ledger.Command
	for i := range blocks {
		all = append(all, blocks[i].Commands...)
	}
	return newWork(c.tx, c.overlay, len(all)).prefetch(all, make([]ledger.Result, len(all)))
}

// repeat executes a block again.
func (c *carrying) repeat(b *annals.Block) error {
	tx := Tx{ID: b.Tx, At: b.At, Caller: b.Caller, Lane: b.Lane, Epoch: b.Epoch}
	results, err := apply(tx, c.overlay, b.Commands, true)
	if err != nil {
		return err
	}
	for i, r := range results {
		if r.Code != ledger.CodeOK || r.Replayed {
			return refuse(ledger.CodeHistoryMismatch, "block %d, command %d was carried out then, and is not when executed again: %s %s", b.Number, i, r.Code, r.Message)
		}
	}
	if sum := c.overlay.hash(); sum != b.Writes || len(b.Commands) == 0 {
		return refuse(ledger.CodeHistoryMismatch, "block %d executed again writes %s, then it wrote %s", b.Number, sum, b.Writes)
	}
	c.overlay.next()
	return c.take(b)
}

// take notes which companies a block brought.
func (c *carrying) take(b *annals.Block) error {
	for _, command := range b.Commands {
		switch body := command.Body.(type) {
		case *ledger.Initialise:
			if b.Caller.MSP != c.tx.Caller.MSP {
				return refuse(ledger.CodeNotPermitted, "the history is that of the utility %q, not of %q", b.Caller.MSP, c.tx.Caller.MSP)
			}
			c.joined = c.past.now.join(b.Caller.MSP) || c.joined
		case *ledger.RegisterPartner:
			c.joined = c.past.now.join(body.MSP) || c.joined
		}
	}
	return nil
}

// keep writes the history. Who adopted what it was before has not adopted this.
// From the first partner on, it is a key of all companies: each one's own peer
// sees to it that nobody adopts in its name.
func (c *carrying) keep() error {
	c.past.now.Adopted = nil
	if err := putPast(c.overlay, &c.past); err != nil {
		return err
	}
	c.overlay.next()
	if msps := c.past.now.Companies; c.joined && len(msps) > 1 {
		return c.overlay.Endorsers(keyHistory, msps...)
	}
	return nil
}
