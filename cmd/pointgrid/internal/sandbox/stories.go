package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

// storyEvents are those of the personas on a day, counted back from the opening.
func (p *past) storyEvents(day ledger.Date) []rewards.Event {
	back := p.day(p.opening) - day
	prepay := func(member int, fen int64, channel rewards.Channel) []rewards.Event {
		return []rewards.Event{{ID: fmt.Sprintf("STORY-%d-%s", member, day), Member: Member(member), Contract: ContractAccount(Member(member)), Kind: rewards.Prepayment,
			Channel: channel, Segment: segment(member), OccurredAt: day.In(p.life.Zone).Add(9 * time.Hour).UnixMilli(), Amount: fen}}
	}
	var all []rewards.Event
	if back%20 == 5 { // of the platinum member, up to the cap of a day
		all = append(all, prepay(1, 2_500_00, "app")...)
	}
	if back == 30 && p.life.Members >= debtor {
		all = append(all, prepay(debtor, 2_000_00, "counter")...)
	}
	if back == 40 && p.life.Members >= frozen {
		all = append(all, prepay(frozen, 500_00, "bank")...)
	}
	if back == 1 && p.life.Members >= newcomer {
		all = append(all, prepay(newcomer, 200_00, "mini_program")...)
	}
	return all
}

// storyPurchases are the personas' orders on a day.
func (p *past) storyPurchases(day ledger.Date) []Purchase {
	back := int(p.day(p.opening) - day)
	of := func(product string, cash bool, fate Fate) Purchase {
		return Purchase{Member: 1, Product: product, Quantity: 1, Channel: "app", Cash: cash, Fate: fate}
	}
	first := map[int]Purchase{
		120: of("bill-50", false, Sent), 100: of("led-bulbs", false, Sent), 80: of("energy-audit", true, Sent), 60: of("kettle", true, Returned),
		45: of("cinema", false, Sent), 32: of("smart-plug", false, Cancelled), 20: of("priority-maintenance", false, Sent), 8: of("supermarket-20", false, Sent), 1: of("green-power-100", true, Waits),
	}
	var all []Purchase
	if b, ok := first[back]; ok {
		all = append(all, b)
	}
	if back == 25 && p.life.Members >= debtor {
		all = append(all, Purchase{Member: debtor, Product: "supermarket-20", Quantity: 1, Channel: "app"})
	}
	return all
}

// lapsed is an event of almost a year ago, which counts for the tier of a member
// until shortly before the sandbox opens.
func (p *past) lapsed() []rewards.Event {
	day := ledger.DateOf(p.day(p.seeding.Opens).In(time.UTC).AddDate(-1, 0, -4))
	var all []rewards.Event
	for i := range 2 { // more than the cap of one day
		on := day - ledger.Date(i)
		all = append(all, rewards.Event{ID: fmt.Sprintf("STORY-4-%d", i), Member: Member(4), Contract: ContractAccount(Member(4)), Kind: rewards.Prepayment, Channel: "app",
			Segment: segment(4), OccurredAt: on.In(p.life.Zone).Add(9 * time.Hour).UnixMilli(), Amount: 2_500_00})
	}
	return all
}

// formerly is why some members have points that expire soon.
const formerly = "points of the former programme"

// endStories lets happen what the personas are remembered for.
func (p *past) endStories(ctx context.Context) error {
	s := p.seeding
	month := p.day(s.Opens).Month()
	for i, amount := range []int64{1_800, 2_600} {
		if err := s.expiring(ctx, 3, amount, month+ledger.Month(i)); err != nil {
			return err
		}
	}
	for n := Reserved + 1; n <= min(Reserved+8, s.Members); n++ {
		if err := s.expiring(ctx, n, int64(100*(n-Reserved)), month); err != nil {
			return err
		}
	}
	if p.life.Members >= debtor {
		id := fmt.Sprintf("STORY-%d-%s", debtor, p.day(p.opening)-30)
		if o := p.rewards.Cancel(ctx, id, "payment returned by the bank"); o.Err != nil {
			return fmt.Errorf("cancel event %s: %w", id, o.Err)
		}
	}
	if p.life.Members < frozen {
		return nil
	}
	account, err := s.Registry.Account(ctx, Member(frozen))
	if err != nil {
		return err
	}
	return s.submit(ctx, s.utility(), &ledger.Freeze{Account: account, Frozen: true, Reason: "reported stolen"})
}

// expiring gives a member points that expire with a month.
func (s *Seeding) expiring(ctx context.Context, member int, points int64, month ledger.Month) error {
	account, err := s.Registry.Account(ctx, Member(member))
	if err != nil {
		return err
	}
	return s.submit(ctx, s.utility(), &ledger.Issue{Account: account, Amount: points, Expiry: month, Reason: formerly})
}

func (s *Seeding) utility() ledger.Identity { return ledger.Identity{MSP: s.MSP, Subject: "sandbox"} }
