package embedded

import (
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// Report is what [Verify] found.
type Report struct {
	Blocks      uint64
	Hash        ledger.Hash // of the last block, and so of all; zero where blocks are damaged
	Transfers   uint64
	Checkpoints uint64
	Programmes  []string // of which the sum of all accounts was taken
	// Stopped says that the ledger was closed in order. Otherwise Torn is the
	// number of bytes of a last block that was cut off while it was being written;
	// nobody was told that it was done, and opening the ledger removes it.
	Stopped bool
	Torn    int64
	// StateBlocks is the number of blocks that the stored state includes; after a
	// crash it may be below Blocks, and opening the ledger executes the rest.
	StateBlocks uint64
	// Findings are the places where something is wrong, the first
	// [FindingsMax] of them; More is the number of further ones.
	Findings []Finding
	More     int
}

// FindingsMax bounds the findings of a report.
const FindingsMax = 100

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

func (r *Report) add(f Finding) {
	if len(r.Findings) == FindingsMax {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}

func (r *Report) file(name, format string, args ...any) {
	r.add(Finding{File: name, Block: -1, Offset: -1, What: fmt.Sprintf(format, args...)})
}

func (r *Report) block(name string, block uint64, offset int64, what string) {
	r.add(Finding{File: name, Block: int64(block), Offset: offset, What: what})
}

// absorb makes a finding of damage and returns every other error.
func (r *Report) absorb(err error) error {
	var damage *DamageError
	switch {
	case errors.As(err, &damage):
		r.add(damage.Finding)
	case errors.Is(err, ledger.ErrDamaged):
		r.file(stateDir, "%v", err)
	default:
		return err
	}
	return nil
}

// Progress is how far a verification has come, in bytes of blocks.
type Progress struct {
	Blocks      uint64
	Done, Total int64
}
