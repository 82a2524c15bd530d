package console

import (
	"context"
	"io"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/papers"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/statements"
)

// Settlements finds nights; [settlement.Store] is one.
type Settlements interface {
	Settlement(ctx context.Context, id string) (*settlement.Settlement, error)
	Settlements(ctx context.Context, partner, before string, limit int) ([]*settlement.Settlement, error)
}

// Ledger is what the console reads of the ledger itself; [ledger.Ledger] is one.
type Ledger interface {
	Alliance(ctx context.Context) (ledger.Alliance, error)
	Receipt(ctx context.Context, id ledger.ID) (ledger.Receipt, error)
}

// Registry finds companies; [partners.Registry] is one.
type Registry interface {
	Partner(code string) (*partners.Partner, bool)
	All() []partners.Partner
}

// Desk is where breaks are resolved; [desk.Desk] is one.
type Desk interface {
	Case(ctx context.Context, p desk.Person, id string) (*desk.Case, error)
	Cases(ctx context.Context, p desk.Person, f desk.Filter, o desk.Order, after *desk.Place, limit int) ([]*desk.Case, error)
	Trail(ctx context.Context, p desk.Person, id string) ([]*desk.Entry, error)
	Counts(ctx context.Context, p desk.Person, partner string, from, to ledger.Date) ([]desk.Count, error)
	Clearances(ctx context.Context, p desk.Person, partner string, from, to ledger.Date) ([]desk.Clearance, error)
	Attachment(ctx context.Context, p desk.Person, id string, digest ledger.Hash) ([]byte, string, error)
	Comment(ctx context.Context, p desk.Person, id string, version int64, text string) (*desk.Case, error)
	Attach(ctx context.Context, p desk.Person, id string, version int64, name string, file []byte) (*desk.Case, error)
	Assign(ctx context.Context, p desk.Person, id string, version int64, owner desk.Person, due ledger.Date) (*desk.Case, error)
	Propose(ctx context.Context, maker desk.Person, id string, version int64, p desk.Proposal) (*desk.Case, error)
	Approve(ctx context.Context, checker desk.Person, id string, version int64) (*desk.Case, error)
	Decline(ctx context.Context, p desk.Person, id string, version int64, reason string) (*desk.Case, error)
	Answer(ctx context.Context, p desk.Person, who ledger.Identity, id string, accept bool, reason string) (*desk.Case, error)
}

// Signing takes a settlement to signed; [signing.Service] is one.
type Signing interface {
	Propose(ctx context.Context, maker desk.Person, id string) (*settlement.Settlement, error)
	Sign(ctx context.Context, checker desk.Person, id string, digest ledger.Hash) (*settlement.Settlement, error)
	Acknowledge(ctx context.Context, by desk.Person, id string, digest ledger.Hash) (*settlement.Settlement, error)
	Dispute(ctx context.Context, by desk.Person, id, reason string) (*settlement.Settlement, error)
}

// Payments makes payment orders and reads what the bank confirms;
// [payment.Service] is one.
type Payments interface {
	Payable(ctx context.Context, by desk.Person) ([]*settlement.Settlement, error)
	Simulate(ctx context.Context, by desk.Person, settlements []string) (*payment.Simulation, error)
	Prepare(ctx context.Context, maker desk.Person, settlements []string) (*payment.Order, error)
	Release(ctx context.Context, checker desk.Person, id string) (*payment.Order, error)
	Withdraw(ctx context.Context, by desk.Person, id, reason string) (*payment.Order, error)
	Order(ctx context.Context, by desk.Person, id string) (*payment.Order, error)
	Orders(ctx context.Context, by desk.Person, before string, limit int) ([]*payment.Order, error)
	Payments(ctx context.Context, by desk.Person, settlement string) ([]*payment.Payment, error)
	File(ctx context.Context, by desk.Person, order string) ([]byte, error)
	Instruction(ctx context.Context, by desk.Person, settlement string) ([]byte, error)
	Confirm(ctx context.Context, by desk.Person, name string, file io.Reader) (*payment.Reading, error)
	Readings(ctx context.Context, by desk.Person, limit int) ([]*payment.Reading, error)
}

// Statements takes in and keeps what partners send; [statements.Service] is one.
type Statements interface {
	Receive(ctx context.Context, d statements.Delivery, from io.Reader) (statements.Receipt, error)
	Statement(ctx context.Context, partner string, id ledger.ID) (*statements.Statement, error)
	Statements(ctx context.Context, f statements.Filter, before ledger.ID, limit int) ([]*statements.Statement, error)
	BytesMax() int64
}

// Papers makes what is filed of a settlement, and the liability report;
// [papers.Service] does.
type Papers interface {
	Sheet(ctx context.Context, one *settlement.Settlement) (io.ReadCloser, ledger.Hash, error)
	Page(ctx context.Context, one *settlement.Settlement, who func(ledger.Identity) string) ([]byte, error)
	Journal(ctx context.Context, one *settlement.Settlement) ([]byte, error)
	Liability(ctx context.Context, from, to ledger.Date) (*papers.Report, error)
	Behind(ctx context.Context, expiry ledger.Month, from, to ledger.Date) ([]settlement.WindowMovements, error)
}

// Holidays knows the public holidays; [calendar.Holidays] is one.
type Holidays interface {
	Business(d ledger.Date) (bool, error)
	Name(d ledger.Date) string
}
