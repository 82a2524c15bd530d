package rewards

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// nightPage is how many members the nightly work looks at together.
const nightPage = 500

// RunNight does, once for each business day, what is due at its beginning: reviews
// tiers, expires lots, announces what expires soon. When it was interrupted it goes
// on where it was; when it was done it does nothing.
func (s *Service) RunNight(ctx context.Context) error {
	today := s.o.Day(s.o.Now())
	n, err := s.o.Store.RewardNight(ctx)
	if err != nil {
		return err
	}
	if n.Date > today || n.Date == today && n.Done {
		return nil
	}
	if n.Date != today {
		n = Night{Date: today}
	}
	if err := s.reviewTiers(ctx, &n); err != nil {
		return fmt.Errorf("rewards: review of tiers for %s: %w", today, err)
	}
	if err := s.expiry(ctx, today); err != nil {
		return fmt.Errorf("rewards: expiry for %s: %w", today, err)
	}
	n.Done = true
	return s.o.Store.SaveRewardNight(ctx, n, nil)
}

// reviewTiers adds up what everybody earned within twelve months, page by page.
func (s *Service) reviewTiers(ctx context.Context, n *Night) error {
	for {
		more, err := s.reviewPage(ctx, n)
		if err != nil || !more {
			return err
		}
	}
}

func (s *Service) reviewPage(ctx context.Context, n *Night) (more bool, err error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	page, err := s.o.Store.EverybodyStanding(ctx, n.After, nightPage)
	if err != nil || len(page) == 0 {
		return false, err
	}
	members := make([]string, len(page))
	byMember := make(map[string]*Standing, len(page))
	for i, v := range page {
		members[i], byMember[v.Member] = v.Member, v
		v.Earned, v.AsOf = 0, n.Date
	}
	earned, err := s.o.Store.RewardsEarnedSince(ctx, members, twelveMonths(n.Date))
	if err != nil {
		return false, err
	}
	for member, points := range earned {
		byMember[member].Earned = points
	}
	if err := s.review(ctx, page, n.Date); err != nil {
		return false, err
	}
	n.After = page[len(page)-1].Member
	return true, s.o.Store.SaveRewardNight(ctx, *n, page)
}

// review gives each of a page the tier that is due, and notes what it takes the place
// of. Who is being erased has no account any more, and leaves no note.
func (s *Service) review(ctx context.Context, page []*Standing, today ledger.Date) error {
	was := map[string]string{}
	var changed []string
	for _, v := range page {
		tier := v.Tier
		if s.o.Ladder.review(v, today, s.o.GraceDays); v.Tier != tier {
			was[v.Member], changed = tier, append(changed, v.Member)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	accounts, err := s.o.Members.Accounts(ctx, changed)
	if err != nil {
		return err
	}
	at := s.o.Now().UnixMilli()
	for _, v := range page {
		if account, known := accounts[v.Member]; known && was[v.Member] != "" {
			v.Changed = &TierChange{Account: account, At: at, Was: was[v.Member]}
		}
	}
	return nil
}

// announceDays are how long before its end an expiry is announced.
var announceDays = [2]int{30, 7}

// expiry goes through all accounts of the ledger, whoever gave them points.
func (s *Service) expiry(ctx context.Context, today ledger.Date) error {
	alliance, err := s.o.Ledger.Alliance(ctx)
	if err != nil {
		return err
	}
	e := expiring{Service: s, today: today, month: alliance.Window.Month()}
	err = s.o.Ledger.Balances(ctx, alliance.Hub, func(b ledger.Balance) error {
		var account ledger.Account
		if b.Amount == 0 || account.UnmarshalText([]byte(b.Account)) != nil || account.IsZero() {
			return nil // a house account, or nothing to expire
		}
		e.accounts = append(e.accounts, account)
		if len(e.accounts) < nightPage {
			return nil
		}
		return e.page(ctx)
	})
	if err != nil {
		return err
	}
	return e.page(ctx)
}

type expiring struct {
	*Service
	today    ledger.Date
	month    ledger.Month // of the open window: what expired before it is gone
	accounts []ledger.Account
	serial   uint64
}

// page expires and announces the lots of some accounts.
func (e *expiring) page(ctx context.Context) error {
	var commands []ledger.Command
	var announcements []Announcement
	for _, account := range e.accounts {
		state, err := e.o.Ledger.Account(ctx, account)
		if err != nil {
			return err
		}
		for _, lot := range state.Lots {
			if lot.Expiry < e.month && !state.Frozen {
				commands = append(commands, e.command(account, lot.Expiry))
			}
			if days := due(lot.Expiry, e.today); days > 0 {
				announcements = append(announcements, Announcement{Account: account, Expiry: lot.Expiry, Days: days,
					Amount: lot.Amount, CreatedAt: e.o.Now().UnixMilli()})
			}
		}
	}
	e.accounts = e.accounts[:0]
	if len(announcements) > 0 {
		if err := e.o.Store.AnnounceExpiry(ctx, announcements); err != nil {
			return err
		}
	}
	return e.expire(ctx, commands)
}

// due is which announcement of a month's end is due at a day, 0 for none. One that
// was missed, because no night was run, is made late rather than never.
func due(expiry ledger.Month, today ledger.Date) (days int) {
	left := int(lastDay(expiry) - today)
	for _, d := range announceDays {
		if left >= 0 && left <= d {
			days = d
		}
	}
	return days
}

// lastDay is the last day of a month.
func lastDay(m ledger.Month) ledger.Date {
	first, err := ledger.ParseDate((m + 1).String() + "-01")
	if err != nil {
		return ledger.DateMax
	}
	return first - 1
}

// command expires a lot. Its ID is a new one each time: a lot that was expired is
// not there again to be expired twice, while one that a void gave back is.
func (e *expiring) command(account ledger.Account, m ledger.Month) ledger.Command {
	e.serial++
	at := e.o.Now()
	id := commandOf(fmt.Sprintf("expire/%s/%s/%d/%d", account, m, at.UnixNano(), e.serial), at.UnixMilli())
	return ledger.Command{ID: id, Body: &ledger.Expire{Account: account, Month: m}}
}

func (e *expiring) expire(ctx context.Context, commands []ledger.Command) error {
	if len(commands) == 0 {
		return nil
	}
	results, err := e.o.Ledger.Submit(ctx, e.o.Identity, commands...)
	if err != nil {
		return err // run again, it finds what is still there
	}
	var errs []error
	for i := range results {
		switch r := &results[i]; r.Code {
		case ledger.CodeOK, ledger.CodeNothingToExpire, ledger.CodeAccountFrozen:
		default:
			errs = append(errs, fmt.Errorf("%s: %s", r.Code, r.Message))
		}
	}
	return errors.Join(errs...)
}

// Announcements returns what was announced to a member with a sequence above after.
func (s *Service) Announcements(ctx context.Context, member string, after int64, limit int) ([]Announcement, error) {
	accounts, err := s.o.Members.Accounts(ctx, []string{member})
	if err != nil {
		return nil, err
	}
	account, known := accounts[member]
	if !known {
		return nil, nil
	}
	return s.o.Store.ExpiryAnnouncements(ctx, account, after, limit)
}
