package insight

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// Event is what is known of the event that a transfer names.
type Event struct {
	ID      string
	Issue   ledger.ID // root of its commands on the ledger
	Day     ledger.Date
	Kind    string
	Channel string
	Segment string
	Tier    string // of the member when it was received
	Rule    string // code
	Fen     int64
}

// Order is what is known of an order of the mall. Points and Fen are of one unit.
type Order struct {
	ID                         ledger.ID
	Product, Category, Partner string
	Tier, Channel              string
	Points, Fen                int64
}

// Records are what other packages keep. Each method leaves out what is not there.
type Records interface {
	// Movements returns transfers of a lane, from a place on, in their order.
	Movements(ctx context.Context, from ledger.Locator, limit int) ([]ledger.Entry, error)
	InsightEvents(ctx context.Context, ids []string) ([]Event, error)
	InsightOrders(ctx context.Context, ids []ledger.ID) ([]Order, error)
	// InsightPurchases returns by which order conversions were made that a client, the
	// mall, asked for.
	InsightPurchases(ctx context.Context, client string, conversions []ledger.ID) (map[ledger.ID]ledger.ID, error)
	// InsightStages counts the quotes, conversions and reversals with IDs from one to
	// before another. Their day is 0.
	InsightStages(ctx context.Context, from, until ledger.ID) ([]Stage, error)
}

// Profile is what is known of a member, by the account.
type Profile struct {
	Account       ledger.Account
	Segment, Tier string
}

// Presence says that a member took part in a month with a segment and a tier.
type Presence struct {
	Month         ledger.Month
	Account       ledger.Account
	Segment, Tier string
	Earned, Spent bool
}

// Everybody stands for all segments, or all tiers, of a [Head].
const Everybody = "*"

// Head counts the members who took part in a month. Each is counted once, however
// often they did.
type Head struct {
	Month                   ledger.Month
	Segment, Tier           string // or [Everybody]
	Members, Earned, Bought int64
}

// Group is what was counted together.
type Group struct {
	Flows     []Flow // to be added
	Heads     []Head // to be added
	Presences []Presence
	Profiles  []Profile
	Next      ledger.Locator // where its lane goes on
}

// Store keeps sums. Its methods may be called from many goroutines; one at a time
// changes it.
type Store interface {
	// InsightPlace returns where a lane goes on; its beginning at first.
	InsightPlace(ctx context.Context, lane uint32) (ledger.Locator, error)
	// SaveInsight adds a group, all or nothing.
	SaveInsight(ctx context.Context, g *Group) error
	// InsightProfiles returns those of the accounts that are there, in no order.
	InsightProfiles(ctx context.Context, accounts []ledger.Account) ([]Profile, error)
	// InsightPresences returns those of the accounts in a month, in no order.
	InsightPresences(ctx context.Context, month ledger.Month, accounts []ledger.Account) ([]Presence, error)

	// InsightFlows adds up the days from and to, both included, by all but the day, in no
	// order.
	InsightFlows(ctx context.Context, from, to ledger.Date) ([]Flow, error)
	// InsightDays adds up the same by day and side, in the order of days.
	InsightDays(ctx context.Context, from, to ledger.Date) ([]Flow, error)
	// InsightMonths adds up by month and side, in no order; the day is any of the month's.
	// A month may be there in parts.
	InsightMonths(ctx context.Context, from, to ledger.Date) ([]Flow, error)
	// InsightHeads returns those of the months from and to, both included, in no order.
	InsightHeads(ctx context.Context, from, to ledger.Month) ([]Head, error)

	// SaveStages puts the stages of a day in the place of those that were there.
	SaveStages(ctx context.Context, day ledger.Date, all []Stage) error
	// StagesThrough returns the last day that has been counted, 0 for none.
	StagesThrough(ctx context.Context) (ledger.Date, error)
	// StagesUnfinished returns the days on which some conversion has not ended, ascending.
	StagesUnfinished(ctx context.Context) ([]ledger.Date, error)
	// Stages adds up the days from and to, both included, by all but the day, in no order.
	Stages(ctx context.Context, from, to ledger.Date) ([]Stage, error)
}
