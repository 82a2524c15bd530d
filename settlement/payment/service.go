package payment

import (
	"context"
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
	settlement.Submitter
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

// of returns a company's account; "" is the utility.
func (p *Parties) of(company string) (bank.Party, bool) {
	if company == "" {
		return p.Utility, p.Utility.Account != ""
	}
	found, ok := p.Partners[company]
	return found, ok && found.Account != ""
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

// unsettledMax bounds how many settlements are looked at; the oldest come first.
const unsettledMax = 10_000

// utility refuses whoever is not a person of the utility.
func utility(by desk.Person) error {
	if by.Company != "" || by.ID == "" {
		return ErrNotPermitted
	}
	return nil
}

// today is the day in the zone of the banks.
func (s *Service) today() ledger.Date { return ledger.DateOf(s.o.Now().In(s.o.Zone)) }

// Order returns an order. By the utility.
func (s *Service) Order(ctx context.Context, by desk.Person, id string) (*Order, error) {
	if err := utility(by); err != nil {
		return nil, err
	}
	return s.o.Store.Order(ctx, id)
}

// Orders returns orders, newest first, that come after the one with ID before (""
// is the start), at most limit. By the utility.
func (s *Service) Orders(ctx context.Context, by desk.Person, before string, limit int) ([]*Order, error) {
	if err := utility(by); err != nil {
		return nil, err
	}
	return s.o.Store.Orders(ctx, before, limit)
}

// Payments returns the payments of a settlement that the person may see.
func (s *Service) Payments(ctx context.Context, by desk.Person, settlement string) ([]*Payment, error) {
	if _, err := s.settlement(ctx, by, settlement); err != nil {
		return nil, err
	}
	return s.o.Store.PaymentsOf(ctx, settlement)
}

// settlement returns one that the person may see.
func (s *Service) settlement(ctx context.Context, by desk.Person, id string) (*settlement.Settlement, error) {
	one, err := s.o.Settlements.Settlement(ctx, id)
	if err == nil && by.Company != "" && one.Partner != by.Company {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return one, nil
}

// Readings returns what was read of the bank, newest first, at most limit. By the
// utility.
func (s *Service) Readings(ctx context.Context, by desk.Person, limit int) ([]*Reading, error) {
	if err := utility(by); err != nil {
		return nil, err
	}
	return s.o.Store.Readings(ctx, limit)
}
