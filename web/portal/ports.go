package portal

import (
	"context"
	"errors"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/settlement"
)

// Exchange is what the portal reads of conversions and agreements;
// [exchange.Service] is one. It returns [exchange.ErrNotFound] also for what is
// another company's.
type Exchange interface {
	Conversions(ctx context.Context, p exchange.Party, f exchange.Filter) ([]*exchange.Conversion, error)
	Conversion(ctx context.Context, p exchange.Party, id ledger.ID) (*exchange.Conversion, error)
	Reversals(ctx context.Context, p exchange.Party, conversion ledger.ID) ([]*exchange.Reversal, error)
	Receipt(ctx context.Context, p exchange.Party, conversion ledger.ID) (ledger.Receipt, error)
	Agreements(ctx context.Context, p exchange.Party) ([]ledger.Agreement, error)
	Links(ctx context.Context, p exchange.Party, after ledger.ID, limit int) ([]*exchange.Link, error)
	Positions(ctx context.Context, p exchange.Party, window *ledger.Date) ([]ledger.Position, error)
}

// Ledger is what the portal reads of the ledger itself; [ledger.Ledger] is one.
type Ledger interface {
	Alliance(ctx context.Context) (ledger.Alliance, error)
	Partners(ctx context.Context) ([]ledger.Partner, error)
}

// Registry finds companies; [partners.Registry] is one.
type Registry interface {
	Partner(code string) (*partners.Partner, bool)
}

// Settlements finds the nights of a company; [settlement.Store] is one.
type Settlements interface {
	Settlements(ctx context.Context, partner, before string, limit int) ([]*settlement.Settlement, error)
}

// Clock is the clock that a sandbox lives by.
type Clock interface {
	Now() time.Time
	Window(ctx context.Context) (ledger.Date, error)
	AdvanceTo(ctx context.Context, to time.Time) ([]settlement.Settlement, error)
}

// Program is one API client of a company, as far as examples show it.
type Program struct {
	ID    string
	KeyID string // of the key that it signs with; may be empty
	// KeyFile is where the private key lies. Only a sandbox knows; otherwise it is
	// empty and the examples say where to put the name.
	KeyFile string
}

// Directory is the API clients of companies and their keys;
// [partners.Directory] is one. It returns [*partners.CredentialError] for what
// is refused, [partners.ErrNoClient] for what is not there or another company's.
type Directory interface {
	Clients(partner string) []*partners.Client
	Find(by partners.Administrator, id string) (*partners.Client, bool)
	Create(ctx context.Context, by partners.Administrator, n partners.NewClient) (*partners.Client, error)
	Change(ctx context.Context, by partners.Administrator, id string, change partners.ClientChange) (*partners.Client, error)
	AddKey(ctx context.Context, by partners.Administrator, id, text string, notBefore, notAfter time.Time) (*partners.Client, *partners.Key, error)
	RetireKey(ctx context.Context, by partners.Administrator, id, key string, at time.Time, allowLast bool) (*partners.Client, error)
}

// Accesses is the access log; [partners.AccessStore] is one.
type Accesses interface {
	Accesses(ctx context.Context, f partners.AccessFilter) ([]*partners.Access, error)
}

// Hooks is what a company does with its webhook endpoints; [webhooks.Service] is
// one. It returns [*webhooks.Refusal], [webhooks.ErrForbiddenAddress] and
// [webhooks.ErrNotFound], also for what is another company's.
type Hooks interface {
	Endpoints(ctx context.Context, partner string, after ledger.ID, limit int) ([]*webhooks.Endpoint, error)
	Endpoint(ctx context.Context, partner string, id ledger.ID) (*webhooks.Endpoint, error)
	Create(ctx context.Context, partner string, w webhooks.Wish) (*webhooks.Endpoint, error)
	Update(ctx context.Context, partner string, id ledger.ID, c webhooks.Change) (*webhooks.Endpoint, error)
	Delete(ctx context.Context, partner string, id ledger.ID) error
	Secrets(ctx context.Context, partner string, id ledger.ID) ([]webhooks.Revealed, error)
	Rotate(ctx context.Context, partner string, id ledger.ID, scheme webhooks.Scheme, overlap time.Duration) ([]webhooks.Revealed, error)
	Deliveries(ctx context.Context, partner string, f webhooks.Filter) ([]*webhooks.Message, error)
	Delivery(ctx context.Context, partner string, endpoint ledger.ID, sequence int64) (*webhooks.Message, error)
	Resend(ctx context.Context, partner string, endpoint ledger.ID, sequence int64) (*webhooks.Message, error)
	Replay(ctx context.Context, partner string, endpoint ledger.ID, first, last int64) (int64, error)
	Test(ctx context.Context, partner string, endpoint ledger.ID) (*webhooks.Message, error)
}

// ErrNoReport: the company has handed in none.
var ErrNoReport = errors.New("portal: no conformance report")

// Kept is a conformance report as it is kept.
type Kept struct {
	JSON []byte `json:"json"` // at most conformance.ReportBytesMax
	By   string `json:"by"`
	At   int64  `json:"at"` // milliseconds since 1970
}

// Reports keeps the last conformance report of each company.
type Reports interface {
	// Report returns one, or [ErrNoReport].
	Report(ctx context.Context, partner string) (*Kept, error)
	SaveReport(ctx context.Context, partner string, k Kept) error
}
