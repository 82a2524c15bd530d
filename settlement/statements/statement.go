package statements

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
)

// Source is the way by which a statement came.
type Source string

const (
	API       Source = "api"
	Console   Source = "console"
	Folder    Source = "folder"
	Connector Source = "connector"
)

// Sources lists all sources.
func Sources() []Source { return []Source{API, Console, Folder, Connector} }

// Statement is a file that came, and what became of it.
type Statement struct {
	ID      ledger.ID
	Partner string
	Day     ledger.Date
	Digest  ledger.Hash // SHA-256 of the bytes
	Name    string      // of the file, as the sender calls it; may be empty
	Source  Source
	By      string // the client, the person's number or the folder; no name
	At      int64  // milliseconds since 1970
	Bytes   int64
	// Kept and KeptBytes are the digest and length of what is kept of it, once somebody
	// was erased from it; zero before.
	Kept      ledger.Hash
	KeptBytes int64
	// Refused says that nothing of it counts, and Problems why; More are not listed.
	Refused  bool
	Problems []statementfile.Problem
	More     int64
	// Kind, Totals and Notes are those of [statementfile.File], of an accepted one.
	Kind   string
	Totals statementfile.Totals
	Notes  []statementfile.Problem
}

// Bounds.
const (
	NameMax     = 200 // bytes of a file's name
	ByMax       = 120 // bytes of who sent it
	ProblemsMax = 200 // that are kept of a refused file
	RefusedMax  = 50  // refused files that are kept of a partner and day
)

// Filter picks statements. Zero fields do not.
type Filter struct {
	Partner string
	Day     ledger.Date
	Refused *bool
}

// Errors.
var (
	// ErrNotFound: no such statement.
	ErrNotFound = errors.New("statements: not found")
	// ErrKnown: the same file of the same day is on record with the same outcome.
	ErrKnown = errors.New("statements: known already")
	// ErrInUse: another file of the partner is being received.
	ErrInUse = errors.New("statements: another statement is being received")
	// ErrContent wraps the error of the reader that a statement came from.
	ErrContent = errors.New("statements: the content could not be read")
)

// Codes of refusals. They are stable.
const (
	CodeUnknownPartner = "unknown_partner"
	CodeInvalid        = "statement_invalid"
	CodeDayNotEnded    = "day_not_ended"
	CodeBeforeJoining  = "before_joining"
	CodeSigned         = "settlement_signed"
	CodeTooLarge       = "statement_too_large"
)

// Refusal is the error for what is not even looked into.
type Refusal struct{ Code, Detail string }

// Error implements error.
func (r *Refusal) Error() string { return "statements: " + r.Code + ": " + r.Detail }

// Store keeps what is known of statements. Writes are durable when a method
// returns.
type Store interface {
	// SaveStatement adds one. It returns [ErrKnown] when there is one of the same
	// partner, day, digest and outcome.
	SaveStatement(ctx context.Context, s *Statement) error
	// Statement returns one, or [ErrNotFound].
	Statement(ctx context.Context, id ledger.ID) (*Statement, error)
	// StatementOf returns the one of a partner and day with a digest and an outcome,
	// or [ErrNotFound].
	StatementOf(ctx context.Context, partner string, day ledger.Date, digest ledger.Hash, refused bool) (*Statement, error)
	// CurrentStatement returns the accepted one of a partner and day that came last,
	// or [ErrNotFound].
	CurrentStatement(ctx context.Context, partner string, day ledger.Date) (*Statement, error)
	// Statements returns those with smaller IDs than before, a zero one being the
	// start, newest first, at most limit.
	Statements(ctx context.Context, f Filter, before ledger.ID, limit int) ([]*Statement, error)
	// KeepRedacted stores what is kept of the file with a digest, in all statements that
	// it was sent as.
	KeepRedacted(ctx context.Context, digest, kept ledger.Hash, bytes int64) error
}
