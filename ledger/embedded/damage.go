package embedded

import (
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// Finding is a place where what is stored is not what was written.
type Finding struct {
	File   string // relative to the ledger's folder, with slashes
	Block  int64  // the block concerned, or that would begin there; -1 where no block is
	Offset int64  // byte offset of that block's frame in the file; -1 where it says nothing
	What   string
}

// String puts place and fault in one line.
func (f Finding) String() string {
	s := f.File
	if f.Block >= 0 {
		s += fmt.Sprintf(", block %d", f.Block)
	}
	if f.Offset >= 0 {
		s += fmt.Sprintf(", byte %d", f.Offset)
	}
	return s + ": " + f.What
}

// DamageError is [ledger.ErrDamaged] with the place.
type DamageError struct{ Finding }

// Error names the place and says what is wrong there.
func (e *DamageError) Error() string { return ledger.ErrDamaged.Error() + ": " + e.Finding.String() }

// Is makes the error a [ledger.ErrDamaged].
func (e *DamageError) Is(target error) bool { return target == ledger.ErrDamaged }

func damagedFile(file, format string, args ...any) error {
	return &DamageError{Finding{File: file, Block: -1, Offset: -1, What: fmt.Sprintf(format, args...)}}
}

func damagedBlock(file string, block uint64, offset int64, what string) error {
	return &DamageError{Finding{File: file, Block: int64(block), Offset: offset, What: what}}
}
