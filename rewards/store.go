package rewards

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
)

// Members knows who the utility's customers are; [members.Registry] does.
type Members interface {
	// Register takes in who is not there yet, and returns all of them in order.
	Register(ctx context.Context, numbers []string) ([]members.Member, error)
	// Accounts returns the accounts of those of the numbers that are known.
	Accounts(ctx context.Context, numbers []string) (map[string]ledger.Account, error)
	// Numbers returns the numbers of those of the accounts that are somebody's.
	Numbers(ctx context.Context, accounts []ledger.Account) (map[ledger.Account]string, error)
	// Number returns the number of the member who has an account, or
	// [members.ErrNotFound].
	Number(ctx context.Context, account ledger.Account) (string, error)
}

// Earned is what a member earned by rules of a code with events of one business
// day.
type Earned struct {
	Member string
	Day    ledger.Date
	Code   string
	Points int64
}

// Place is where a page of records went to, in the order of business day, member
// and event ID.
type Place struct {
	Day    ledger.Date
	Member string
	ID     string
}

// Announcement tells that points of an account expire.
type Announcement struct {
	Sequence  int64 // ascending, for readers that go on where they were; set by the store
	Account   ledger.Account
	Expiry    ledger.Month
	Days      int   // how long before the end of the month
	Amount    int64 // points that expired then, as they stood
	CreatedAt int64 // milliseconds since 1970
}

// Night is how far the nightly work of a business day has come.
type Night struct {
	Date  ledger.Date
	After string // last member whose tier was reviewed
	Done  bool
}

// Totals are sums over the events of one business day, channel, segment and rule.
type Totals struct {
	Day       ledger.Date
	Channel   Channel
	Segment   string
	Kind      Kind
	Code      string // of the rule, empty for none
	Events    int64
	Amount    int64 // fen
	Points    int64 // of events that count
	Cancelled int64 // events
}

// Store keeps events, rules, standings and announcements. Its methods may be
// called from many goroutines; SaveRewards and SettleRewards are called by one at a time.
type Store interface {
	// RewardRecords returns those of the events that are there, in no order.
	RewardRecords(ctx context.Context, ids []string) ([]*Record, error)
	// SaveRewards stores records, new or changed, all or nothing.
	SaveRewards(ctx context.Context, records []*Record) error
	// SettleRewards stores, of records that are there, what the ledger said (state,
	// filled, code, detail, taken and debt), and standings of members who are there, all
	// or nothing.
	SettleRewards(ctx context.Context, records []*Record, standings []*Standing) error
	// UnfinishedRewards returns records whose state is unfinished, in order of ID.
	UnfinishedRewards(ctx context.Context, after string, limit int) ([]*Record, error)
	// RewardsEarned adds up the points that count of the members' events of the days from and
	// to, both included, by member, day and code.
	RewardsEarned(ctx context.Context, members []string, from, to ledger.Date) ([]Earned, error)
	// RewardsEarnedSince adds up the points of the members' events of a day or later that are
	// issued, or not yet taken back; a member without any may be missing.
	RewardsEarnedSince(ctx context.Context, members []string, from ledger.Date) (map[string]int64, error)
	// RewardHistory returns a member's records, latest business day first and then by ID
	// descending; before is where the page before ended, nil for the first page.
	RewardHistory(ctx context.Context, member string, before *Place, limit int) ([]*Record, error)
	// PastRewards returns records of the days from and to, both included, in order of
	// [Place]; after is where the page before ended, nil for the first page.
	PastRewards(ctx context.Context, from, to ledger.Date, after *Place, limit int) ([]*Record, error)
	// RewardTotals returns the totals of the days from and to, both included, in order.
	RewardTotals(ctx context.Context, from, to ledger.Date) ([]Totals, error)

	// AddStandings stores a standing for each of the members who has none yet.
	AddStandings(ctx context.Context, numbers []string, s Standing) error
	// Standings returns those of the members who are there, in no order.
	Standings(ctx context.Context, members []string) ([]*Standing, error)
	// TierChanges returns the changes of the accounts' tiers after a time, those of an
	// account in the order of time. A standing brings one with it; of several of an
	// account in one millisecond the first counts.
	TierChanges(ctx context.Context, accounts []ledger.Account, after int64) ([]TierChange, error)
	// EverybodyStanding returns standings in ascending order of member, after a member.
	EverybodyStanding(ctx context.Context, after string, limit int) ([]*Standing, error)

	// AddRewardRule stores a new rule, or returns [ErrChanged] when its version is there.
	AddRewardRule(ctx context.Context, r *Rule) error
	// DecideRewardRule stores the decision about a proposed rule, or returns [ErrChanged].
	DecideRewardRule(ctx context.Context, r *Rule) error
	// RewardRules returns all rules in order of code and version.
	RewardRules(ctx context.Context) ([]Rule, error)

	// AnnounceExpiry stores those announcements that are not there yet; account, expiry and
	// days identify them.
	AnnounceExpiry(ctx context.Context, all []Announcement) error
	// ExpiryAnnouncements returns those with a larger sequence, ascending; with an account
	// that is not zero, of it alone.
	ExpiryAnnouncements(ctx context.Context, account ledger.Account, after int64, limit int) ([]Announcement, error)

	// RewardNight returns how far the nightly work has come, zero before the first.
	RewardNight(ctx context.Context) (Night, error)
	SaveRewardNight(ctx context.Context, n Night, standings []*Standing) error
}
