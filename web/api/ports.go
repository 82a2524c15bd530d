package api

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/web/oauth"
)

// Exchange does the work; [exchange.Service] is one. Its methods return
// [*exchange.Refusal], [*exchange.Busy] and the errors of package exchange. Any
// other error is a failure of ours.
type Exchange interface {
	Quote(ctx context.Context, p exchange.Party, r exchange.QuoteRequest) (*exchange.Quote, error)
	// Room returns a [*exchange.Busy] when a request that moves points would be refused
	// for want of room whatever it asks.
	Room(p exchange.Party) error
	Convert(ctx context.Context, p exchange.Party, r exchange.ConvertRequest, wait time.Duration) (c *exchange.Conversion, replayed bool, err error)
	ConvertMany(ctx context.Context, p exchange.Party, requests []exchange.ConvertRequest, wait time.Duration) []exchange.Outcome
	Conversion(ctx context.Context, p exchange.Party, id ledger.ID) (*exchange.Conversion, error)
	Conversions(ctx context.Context, p exchange.Party, f exchange.Filter) ([]*exchange.Conversion, error)
	Reverse(ctx context.Context, p exchange.Party, r exchange.ReverseRequest, wait time.Duration) (v *exchange.Reversal, replayed bool, err error)
	Reversals(ctx context.Context, p exchange.Party, conversion ledger.ID) ([]*exchange.Reversal, error)
	Receipt(ctx context.Context, p exchange.Party, conversion ledger.ID) (ledger.Receipt, error)
	Escalated(ctx context.Context) ([]*exchange.Conversion, []*exchange.Reversal, error)

	Agreements(ctx context.Context, p exchange.Party) ([]ledger.Agreement, error)
	Agreement(ctx context.Context, p exchange.Party, id ledger.ID) (*ledger.Agreement, error)
	Propose(ctx context.Context, p exchange.Party, terms ledger.Terms) (*ledger.Agreement, error)
	Accept(ctx context.Context, p exchange.Party, id ledger.ID, hash ledger.Hash) (*ledger.Agreement, error)
	Reject(ctx context.Context, p exchange.Party, id ledger.ID, reason string) (*ledger.Agreement, error)

	Link(ctx context.Context, p exchange.Party, r exchange.LinkRequest) (*exchange.Link, error)
	Unlink(ctx context.Context, p exchange.Party, id ledger.ID) error
	LinkByID(ctx context.Context, p exchange.Party, id ledger.ID) (*exchange.Link, error)
	Links(ctx context.Context, p exchange.Party, after ledger.ID, limit int) ([]*exchange.Link, error)

	Programmes(ctx context.Context) ([]exchange.Programme, error)
	Positions(ctx context.Context, p exchange.Party, window *ledger.Date) ([]ledger.Position, error)
}

// Files takes files of conversions; [bulkfile.Service] is one, and says which
// errors the methods return.
type Files interface {
	Create(ctx context.Context, p exchange.Party, format bulkfile.Format, name string) (*bulkfile.File, error)
	File(ctx context.Context, p exchange.Party, id ledger.ID) (*bulkfile.File, error)
	Files(ctx context.Context, p exchange.Party, before ledger.ID, limit int) ([]*bulkfile.File, error)
	Append(ctx context.Context, p exchange.Party, id ledger.ID, offset int64, from io.Reader) (*bulkfile.File, error)
	Complete(ctx context.Context, p exchange.Party, id ledger.ID, bytes int64, digest ledger.Hash) (*bulkfile.File, error)
	Discard(ctx context.Context, p exchange.Party, id ledger.ID) error
	Results(ctx context.Context, p exchange.Party, id ledger.ID) (*bulkfile.File, io.ReadSeekCloser, error)
}

// Credentials are the clients and their keys; [partners.Directory] has them.
type Credentials interface {
	oauth.Registry
	Clients(partner string) []*partners.Client
	Everybody() []*partners.Client
	Find(by partners.Administrator, id string) (*partners.Client, bool)
	Create(ctx context.Context, by partners.Administrator, n partners.NewClient) (*partners.Client, error)
	Change(ctx context.Context, by partners.Administrator, id string, change partners.ClientChange) (*partners.Client, error)
	AddKey(ctx context.Context, by partners.Administrator, id, text string, notBefore, notAfter time.Time) (*partners.Client, *partners.Key, error)
	RetireKey(ctx context.Context, by partners.Administrator, id, key string, at time.Time, allowLast bool) (*partners.Client, error)
}

// AccessLog takes and shows who used which credential; [access.Recorder] is one.
type AccessLog interface {
	Note(a partners.Access)                      // may drop it
	Keep(ctx context.Context, a partners.Access) // may wait
	Accesses(ctx context.Context, f partners.AccessFilter) ([]*partners.Access, error)
}

// Quotes finds quotes; [exchange.Store] is one.
type Quotes interface {
	Quote(ctx context.Context, id ledger.ID) (*exchange.Quote, error)
}

// Settlements finds settlements; [settlement.Store] is one.
type Settlements interface {
	Settlement(ctx context.Context, id string) (*settlement.Settlement, error)
	Settlements(ctx context.Context, partner, before string, limit int) ([]*settlement.Settlement, error)
}

// Statements opens the statement of a settlement that is netted.
type Statements func(s *settlement.Settlement) (io.ReadCloser, error)

// Received takes in and shows the statements that partners send;
// [statements.Service] is one, and says which errors the methods return.
type Received interface {
	Receive(ctx context.Context, d statements.Delivery, from io.Reader) (statements.Receipt, error)
	Statement(ctx context.Context, partner string, id ledger.ID) (*statements.Statement, error)
	Statements(ctx context.Context, f statements.Filter, before ledger.ID, limit int) ([]*statements.Statement, error)
	Current(ctx context.Context, partner string, day ledger.Date) (*statements.Statement, error)
}

// Breaks is where they are resolved; [desk.Desk] is one, and says which errors the
// methods return.
type Breaks interface {
	Case(ctx context.Context, p desk.Person, id string) (*desk.Case, error)
	Cases(ctx context.Context, p desk.Person, f desk.Filter, o desk.Order, after *desk.Place, limit int) ([]*desk.Case, error)
	Trail(ctx context.Context, p desk.Person, id string) ([]*desk.Entry, error)
	Comment(ctx context.Context, p desk.Person, id string, version int64, text string) (*desk.Case, error)
	Answer(ctx context.Context, p desk.Person, who ledger.Identity, id string, accept bool, reason string) (*desk.Case, error)
}

// Reconciler compares what is due; [settlement.Reconciler] is one.
type Reconciler interface {
	RunDue(ctx context.Context) ([]settlement.Outcome, error)
	Waiting(ctx context.Context) ([]settlement.Waiting, error)
}

// SandboxClock is the clock that a sandbox lives by.
type SandboxClock interface {
	Now() time.Time
	// Window returns the open one.
	Window(ctx context.Context) (ledger.Date, error)
	// AdvanceTo moves the clock and returns what was settled on the way. It
	// returns [ErrClockBackward] when it stands later already.
	AdvanceTo(ctx context.Context, to time.Time) ([]settlement.Settlement, error)
}

// ErrClockBackward is returned by [SandboxClock.AdvanceTo].
var ErrClockBackward = errors.New("api: the clock only moves forward")
