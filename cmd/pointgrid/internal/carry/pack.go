package carry

import (
	"cmp"

	"github.com/pointgrid/pointgrid/ledger/embedded"
)

// pack is blocks that one transaction carries over.
type pack struct {
	bytesMax, commandsMax int

	blocks          [][]byte
	bytes, commands int
	transfers       uint64
	next, height    uint64 // first block of the pack; blocks in all
}

// add takes a block in, unless the pack is full.
func (p *pack) add(b *embedded.Block) bool {
	own := *b
	raw := own.Append(nil)
	full := len(p.blocks) >= blocksMax || p.bytes+len(raw) > cmp.Or(p.bytesMax, bytesMax) ||
		p.commands+len(b.Commands) > cmp.Or(p.commandsMax, commandsMax)
	if full && len(p.blocks) > 0 {
		return false
	}
	p.blocks = append(p.blocks, raw)
	p.bytes, p.commands = p.bytes+len(raw), p.commands+len(b.Commands)
	if b.Commands[0].Body.Kind().Recorded() {
		p.transfers += uint64(len(b.Commands))
	}
	return true
}

// empty counts the pack as carried over.
func (p *pack) empty() {
	p.next += uint64(len(p.blocks))
	p.blocks, p.bytes, p.commands, p.transfers = p.blocks[:0], 0, 0, 0
}
