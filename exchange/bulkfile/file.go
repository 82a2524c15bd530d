package bulkfile

import (
	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// Format is how lines are written, and their results.
type Format string

const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// State is where a file stands.
type State string

const (
	Uploading  State = "uploading"
	Processing State = "processing" // complete, and being converted
	Finished   State = "finished"   // every line has its result
	Expired    State = "expired"    // was not completed in time; its content is gone
)

// File is a file and how far it has come.
type File struct {
	ID     ledger.ID
	Party  exchange.Party
	Name   string // the client's own, or empty
	Format Format
	// Source and Destination are programme codes, the same for all lines.
	Source, Destination string

	State State
	// Bytes, Lines (with a CSV's header, and empty ones) and Digest, the content's
	// SHA-256, are known once the file is complete.
	Bytes, Lines int64
	Digest       ledger.Hash
	Progress

	CreatedAt   int64 // milliseconds since 1970, as all times here
	CompletedAt int64
	FinishedAt  int64

	// Offset is where the next piece is to be appended. It is not stored: the
	// folder knows.
	Offset int64
}

// Progress is how much of a file is done. All of it is stored together.
type Progress struct {
	Position int64 // bytes of the content whose lines have their results
	Line     int64 // number of the last such line, from 1
	// Succeeded lines were converted, Repeated ones had been converted before,
	// Failed ones were not, and Held ones wait for staff to look at them.
	Succeeded, Repeated, Failed, Held int64
	ResultBytes                       int64 // of the results on disk
	UpdatedAt                         int64
}

// Percent is how much of the content is done, 0 to 100.
func (f *File) Percent() int64 {
	if f.Bytes == 0 {
		return 0
	}
	return f.Position * 100 / f.Bytes
}

// Clone returns a copy that shares nothing with f.
func (f *File) Clone() *File {
	n := *f
	return &n
}
