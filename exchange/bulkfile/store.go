package bulkfile

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// Store keeps the rows of files. Every method that writes returns after the
// write is durable. What is not there is [ErrNotFound].
type Store interface {
	CreateFile(ctx context.Context, f *File) error
	// UpdateFile stores everything that can change: State and all that follows but
	// CreatedAt and Offset. It stores nothing and returns [ErrKnown] when f has a
	// digest that another file of the partner has.
	UpdateFile(ctx context.Context, f *File) error
	DeleteFile(ctx context.Context, id ledger.ID) error
	File(ctx context.Context, id ledger.ID) (*File, error)
	// FileByDigest returns the file of a partner with a content.
	FileByDigest(ctx context.Context, partner string, digest ledger.Hash) (*File, error)
	// Files returns a partner's with an ID below before, or the newest when that is
	// zero, in descending order of ID; partner "" is all.
	Files(ctx context.Context, partner string, before ledger.ID, limit int) ([]*File, error)
	// OpenFiles returns those that are uploading or processing, ascending by ID, at
	// most limit of those with an ID above after.
	OpenFiles(ctx context.Context, after ledger.ID, limit int) ([]*File, error)
}
