package payment

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// Ledger is what payments need of the ledger.
type Ledger interface {
	Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error)
	Alliance(ctx context.Context) (ledger.Alliance, error)
	Partners(ctx context.Context) ([]ledger.Partner, error)
	Agreements(ctx context.Context) ([]ledger.Agreement, error)
	Position(ctx context.Context, partner string, window ledger.Date) (ledger.Position, error)
	Settlement(ctx context.Context, partner string, window ledger.Date) (ledger.Settlement, error)
}

// Settlements are those that are paid.
type Settlements interface {
	settlement.Store
	Unsettled(ctx context.Context, limit int) ([]*settlement.Settlement, error)
}

// Desk takes what the bank tells and nobody ordered; [desk.Desk] is one.
type Desk interface {
	Report(ctx context.Context, window ledger.Date, findings []desk.Finding) error
}

// Parties are the companies' bank accounts. Partners are by their code.
type Parties struct {
	Utility  bank.Party
	Partners map[string]bank.Party
}

// Options are the parts of a [Service]; all are needed.
type Options struct {
	Ledger      Ledger
	Settlements Settlements
	Store       Store
	Desk        Desk
	Parties     Parties
	MSP         string // the utility's company on the ledger
	Subject     string // as whom the machine settles what the bank confirmed
	Holidays    *calendar.Holidays
	Zone        *time.Location   // of banking days
	Now         func() time.Time // the alliance's clock
	Logger      *slog.Logger
}

// Service makes and follows payments. It may be used by many goroutines.
type Service struct {
	o  Options
	mu sync.Mutex // one change at a time
}

// New returns a service. It touches nothing yet.
func New(o Options) *Service { return &Service{o: o} }

// Payable returns the settlements that can be put into an order: signed, or paid
// and returned by the bank, with something to pay and in no other order. Oldest
// first. By the utility.
func (s *Service) Payable(ctx context.Context, by desk.Person) ([]*settlement.Settlement, error) {
	return nil, ErrState
}

// Simulate says what releasing the payments of settlements would do to exposure.
// By the utility.
func (s *Service) Simulate(ctx context.Context, by desk.Person, settlements []string) (*Simulation, error) {
	return nil, ErrState
}

// Prepare puts settlements into an order. By the utility's maker. It returns
// [ErrNotPermitted], [ErrNotFound], [ErrState], [ErrTaken], [ErrNothing],
// [ErrNoParty] or [ErrInvalid].
func (s *Service) Prepare(ctx context.Context, maker desk.Person, settlements []string) (*Order, error) {
	return nil, ErrState
}

// Release gives an order out, by another person of the utility than its maker. Once
// released it is answered again. It returns [ErrNotPermitted], [ErrNotFound],
// [ErrState], [ErrSamePerson], [ErrChanged], an [*ExposureError], or
// [calendar.ErrNotCovered] when the banking day is not known.
func (s *Service) Release(ctx context.Context, checker desk.Person, id string) (*Order, error) {
	return nil, ErrState
}

// Withdraw drops an order that was not released. By the utility.
func (s *Service) Withdraw(ctx context.Context, by desk.Person, id, reason string) (*Order, error) {
	return nil, ErrState
}

// Order returns an order. By the utility.
func (s *Service) Order(ctx context.Context, by desk.Person, id string) (*Order, error) {
	return nil, ErrState
}

// Orders returns orders, newest first, that come after the one with ID before (""
// is the start), at most limit. By the utility.
func (s *Service) Orders(ctx context.Context, by desk.Person, before string, limit int) ([]*Order, error) {
	return nil, ErrState
}

// Payments returns the payments of a settlement that the person may see.
func (s *Service) Payments(ctx context.Context, by desk.Person, settlement string) ([]*Payment, error) {
	return nil, ErrState
}

// File returns the utility's file of a released order for its bank, pain.001. It
// returns [ErrNothing] when the utility pays nothing by it.
func (s *Service) File(ctx context.Context, by desk.Person, order string) ([]byte, error) {
	return nil, ErrState
}

// Instruction returns a partner's file for its bank, pain.001, with what it pays
// for a settlement, once that is released. By the partner, or the utility.
func (s *Service) Instruction(ctx context.Context, by desk.Person, settlement string) ([]byte, error) {
	return nil, ErrState
}

// Confirm reads a camt.053 or camt.054 file and settles what it confirms. By the
// utility. It returns [ErrNotPermitted], or [bank.ErrFile] for a file that is
// refused as a whole.
func (s *Service) Confirm(ctx context.Context, by desk.Person, name string, file io.Reader) (*Reading, error) {
	return nil, ErrState
}

// Readings returns what was read, newest first, at most limit. By the utility.
func (s *Service) Readings(ctx context.Context, by desk.Person, limit int) ([]*Reading, error) {
	return nil, ErrState
}

// Resume finishes releases that were interrupted, and settles what is confirmed. It
// is run often.
func (s *Service) Resume(ctx context.Context) error { return nil }
