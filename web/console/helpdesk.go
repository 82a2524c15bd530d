package console

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/web/signin"
)

// Helpdesk is what the pages for support staff are made of; all are needed.
type Helpdesk struct {
	Support     Support
	Members     Members
	Conversions Conversions
	Orders      Orders
	Ledger      Accounts
	// History is the ledger's transfers of an account; empty without a projection.
	History History
	// Links returns all that a member ever had, oldest first.
	Links func(ctx context.Context, member string) ([]*exchange.Link, error)
}

// Support is where staff help members; [support.Service] is one, and decides what may
// be done and by whom.
type Support interface {
	Disputes(ctx context.Context, f support.Filter) ([]*support.Dispute, error)
	Counts(ctx context.Context) (map[support.State]int64, error)
	Story(ctx context.Context, id ledger.ID) (*support.Dispute, []*support.Entry, error)
	Take(ctx context.Context, p support.Person, id ledger.ID, version int64) (*support.Dispute, error)
	Message(ctx context.Context, p support.Person, id ledger.ID, version int64, to support.To, text string) (*support.Dispute, error)
	Propose(ctx context.Context, p support.Person, id ledger.ID, version int64, proposal support.Proposal) (*support.Dispute, error)
	Approve(ctx context.Context, p support.Person, id ledger.ID, version int64) (*support.Dispute, error)
	Reject(ctx context.Context, p support.Person, id ledger.ID, version int64, reason string) (*support.Dispute, error)
	Do(ctx context.Context, p support.Person, r support.ActRequest) (a *support.Act, replayed bool, err error)
	Acts(ctx context.Context, f support.ActFilter) ([]*support.Act, error)
	ApproveAct(ctx context.Context, p support.Person, id ledger.ID) (*support.Act, error)
	DeclineAct(ctx context.Context, p support.Person, id ledger.ID, reason string) (*support.Act, error)
	Review(ctx context.Context, p support.Person, conversion ledger.ID, release bool, reason string) (*support.Act, error)
}

// Members knows who has which account; [members.Registry] does.
type Members interface {
	Accounts(ctx context.Context, numbers []string) (map[string]ledger.Account, error)
	Number(ctx context.Context, account ledger.Account) (string, error)
}

// Conversions finds conversions; [exchange.Service] does.
type Conversions interface {
	Conversion(ctx context.Context, p exchange.Party, id ledger.ID) (*exchange.Conversion, error)
	Conversions(ctx context.Context, p exchange.Party, f exchange.Filter) ([]*exchange.Conversion, error)
	Reversals(ctx context.Context, p exchange.Party, conversion ledger.ID) ([]*exchange.Reversal, error)
	Held(ctx context.Context, before ledger.ID, limit int) ([]*exchange.Conversion, error)
	Programmes(ctx context.Context) ([]exchange.Programme, error)
}

// Orders finds orders of the mall; [mall.Mall] does.
type Orders interface {
	Order(ctx context.Context, id ledger.ID) (*mall.Order, error)
	Orders(ctx context.Context, f mall.OrderFilter) ([]*mall.Order, error)
}

// Accounts is what is read of members' accounts; [ledger.Ledger] has it.
type Accounts interface {
	Alliance(ctx context.Context) (ledger.Alliance, error)
	Account(ctx context.Context, account ledger.Account) (ledger.AccountState, error)
}

// History is a copy of the ledger's transfers; [projection.Store] is one.
type History interface {
	History(ctx context.Context, account ledger.Account, before *ledger.Locator, limit int) ([]projection.Row, error)
}

// Who helps members, and who else may look on and approve.
var (
	helpers    = []signin.Role{signin.Support}
	supporters = []signin.Role{signin.Support, signin.Checker}
)

func (c *Console) helpdeskLeaves() []leaf {
	if c.o.Helpdesk == nil {
		return nil
	}
	get, post := http.MethodGet, http.MethodPost
	const one = "/support/disputes/{id}"
	return []leaf{
		{get, "/support", c.listDisputes, supporters, 0},
		{get, one, c.showDispute, supporters, 0},
		{post, one + "/take", c.onDispute("take", "flash.dispute_taken", c.takeDispute), helpers, 0},
		{post, one + "/message", c.onDispute("message", "flash.dispute_message", c.messageDispute), helpers, 0},
		{post, one + "/propose", c.onDispute("propose", "flash.dispute_proposed", c.proposeDispute), helpers, 0},
		{post, one + "/approve", c.onDispute("approve", "flash.dispute_approved", c.approveDispute), checkers, 0},
		{post, one + "/reject", c.onDispute("reject", "flash.dispute_rejected", c.rejectDispute), supporters, 0},
		{get, "/support/members", c.askForMember, supporters, 0},
		{post, "/support/members", c.findMember, supporters, 0},
		{get, "/support/members/{account}", c.showMember, supporters, 0},
		{post, "/support/members/{account}/act", c.actOnMember, helpers, 0},
		{get, "/support/approvals", c.listApprovals, supporters, 0},
		{post, "/support/acts/{id}", c.decideAct, supporters, 0},
		{get, "/support/reviews", c.listReviews, supporters, 0},
		{post, "/support/reviews/{id}", c.decideReview, helpers, 0},
		{get, "/support/receipts/{id}", c.downloadProof, supporters, 0},
	}
}

// staff is the user as support knows them.
func (v *visit) staff() support.Person {
	return support.Person{ID: v.User.ID.String(), Checker: v.User.Has(checkers...)}
}

// helped is a refusal that support gave, or nil for other errors.
func helped(err error) *refusal {
	var r *support.Refusal
	switch {
	case errors.As(err, &r):
		return &refusal{"support_" + r.Code, r.Detail}
	case errors.Is(err, support.ErrChanged):
		return &refusal{"changed", ""}
	case errors.Is(err, support.ErrKeyReused):
		return &refusal{"support_sent_twice", ""}
	}
	return nil
}

// staffName is what pages call who did something.
func (c *Console) staffName(v *visit, id string) (string, error) {
	if id == "" {
		return "", nil
	}
	return c.who(v, deskPerson(id))
}

// utilityParty sees the conversions of all.
var utilityParty = exchange.Party{Client: "console"}

// scales are the decimal places of programmes, by code.
func (c *Console) scales(v *visit) (map[string]uint8, error) {
	all, err := c.o.Helpdesk.Conversions.Programmes(v.r.Context())
	scales := map[string]uint8{}
	for _, p := range all {
		scales[p.Code] = p.Scale
	}
	return scales, err
}

// notThere turns the errors of the parts behind into ours.
func notThere(err error) error {
	for _, e := range []error{support.ErrNotFound, exchange.ErrNotFound, mall.ErrNotFound, ledger.ErrNotFound} {
		if errors.Is(err, e) {
			return errNotFound
		}
	}
	return err
}

// filled is a text without what stands around it.
func filled(v *visit, name string) string { return strings.TrimSpace(v.r.PostForm.Get(name)) }

// unknownMember is errNotFound for an account that nobody has.
func (c *Console) unknownMember(err error) error {
	if errors.Is(err, members.ErrNotFound) {
		return errNotFound
	}
	return err
}
