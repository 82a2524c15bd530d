package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/backsim"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/rewards"
)

// travel is a clock that is behind the machine's, by as much as one likes.
type travel struct {
	now func() time.Time
	ago atomic.Int64
}

func newTravel(now func() time.Time, ago time.Duration) *travel {
	t := &travel{now: now}
	t.ago.Store(int64(ago))
	return t
}

// Now is the clock's time.
func (t *travel) Now() time.Time { return t.now().Add(-time.Duration(t.ago.Load())) }

// to moves the clock to an instant.
func (t *travel) to(at time.Time) { t.ago.Store(int64(t.now().Sub(at))) }

// past is what members did before the alliance opened its first window that is
// settled. All of it lies in that one window, the first, with the times at which it
// happened: what the utility brought along. Each stride ends with an hour in which
// the events since the last are reported and orders made.
type past struct {
	seeding *Seeding
	clock   *travel
	rewards *rewards.Service
	mall    *mall.Mall
	life    Life
	opening time.Time
	day     func(time.Time) ledger.Date
	days    int // before the opening
	strides int
	serial  int
}

// strideDays are the days on which strides end: every day at last, and before that
// as many as are left, evenly.
func strideDays(first, last ledger.Date, strides int) (all []ledger.Date) {
	const daily = 30
	days := int(last - first)
	if days < 1 {
		return nil
	}
	near := min(daily, strides/2, days)
	far := strides - near
	for i := 1; i <= far; i++ {
		all = append(all, first+ledger.Date((days-near)*i/far))
	}
	for i := 1; i <= near; i++ {
		all = append(all, last-ledger.Date(near-i))
	}
	return all
}

// run goes through the past with the service by which members earn.
func (p *past) run(ctx context.Context) error {
	if err := p.rewards.Start(ctx); err != nil {
		return err
	}
	defer p.rewards.Close()
	p.clock.to(p.opening.Add(-time.Duration(p.days) * day))
	if err := p.report(ctx, p.lapsed()); err != nil {
		return err
	}
	return p.live(ctx)
}

// live goes through the past, and leaves the clock at the opening.
func (p *past) live(ctx context.Context) error {
	first, last := p.day(p.clock.Now()), p.day(p.opening)-1
	before := first - 1
	for _, day := range strideDays(first, last, p.strides) {
		var events []rewards.Event
		var purchases []Purchase
		for d := before + 1; d <= day; d++ {
			events = append(append(events, p.life.Events(d)...), p.storyEvents(d)...)
			purchases = append(append(purchases, p.life.Purchases(d, d > last-2)...), p.storyPurchases(d)...)
		}
		p.clock.to(day.In(p.life.Zone).Add(21 * time.Hour))
		if err := p.report(ctx, events); err != nil {
			return fmt.Errorf("events until %s: %w", day, err)
		}
		if err := p.buy(ctx, purchases); err != nil {
			return fmt.Errorf("orders until %s: %w", day, err)
		}
		before = day
	}
	p.clock.to(p.opening)
	return p.endStories(ctx)
}

// reportMax is how many events are reported at once.
const reportMax = 1000

// report gives points. One event in fifty is cancelled.
func (p *past) report(ctx context.Context, events []rewards.Event) error {
	for len(events) > 0 {
		batch := events[:min(reportMax, len(events))]
		events = events[len(batch):]
		for i, o := range p.rewards.Take(ctx, batch) {
			if o.Err != nil {
				return fmt.Errorf("event %s: %w", batch[i].ID, o.Err)
			}
		}
		for i := range batch {
			if p.serial++; p.serial%50 != 0 || inStory(numberOf(batch[i].Member)) {
				continue
			}
			if o := p.rewards.Cancel(ctx, batch[i].ID, "payment returned by the bank"); o.Err != nil {
				return fmt.Errorf("cancel event %s: %w", batch[i].ID, o.Err)
			}
		}
	}
	return nil
}

func numberOf(member string) (n int) {
	_, _ = fmt.Sscanf(member, "M-%d", &n) // what is no number is nobody
	return n
}

// buy makes orders side by side, as many customers would.
func (p *past) buy(ctx context.Context, all []Purchase) error {
	errs := make(chan error, len(all))
	for i := range all {
		p.serial++
		key := fmt.Sprintf("past-%d", p.serial)
		go func() { errs <- p.order(ctx, key, &all[i]) }()
	}
	var failed []error
	for range all {
		failed = append(failed, <-errs)
	}
	return errors.Join(failed...)
}

// orderPatience bounds how long an order may take. What waits to be sent off comes
// back at once.
const orderPatience = 10 * time.Second

func (p *past) order(ctx context.Context, key string, b *Purchase) error {
	shown, err := p.mall.Show(ctx, mall.Viewer{Member: Member(b.Member), Channel: b.Channel}, b.Product)
	if errors.Is(err, mall.ErrNotFound) {
		return nil // it is on the exclusive shelf, and the member is not
	}
	if err != nil || len(shown.Offers) == 0 {
		return err
	}
	price := shown.Offers[0]
	if last := shown.Offers[len(shown.Offers)-1]; b.Cash {
		price = last
	}
	bill, address := asks(b.Product)
	r := mall.Request{Idempotency: mall.Idempotency{Key: key, Hash: sha256.Sum256([]byte(key))}, Client: UtilityClient, Member: Member(b.Member), Product: b.Product,
		Quantity: b.Quantity, Points: price.Points, Fen: price.Fen, Channel: b.Channel}
	if bill {
		r.ContractAccount = ContractAccount(r.Member)
	}
	if address {
		r.Address = AddressOf(b.Member)
	}
	o, _, err := p.mall.Place(ctx, r, orderPatience)
	var refusal *mall.Refusal
	if errors.As(err, &refusal) {
		return nil // somebody has too little, or it is sold out; that happens
	}
	if err != nil {
		return err
	}
	return p.carryOut(ctx, key, b, o)
}

// carryOut sends an order off, cancels it, or takes it back. What nobody had sent off
// then has been since.
func (p *past) carryOut(ctx context.Context, key string, b *Purchase, o *mall.Order) (err error) {
	if o.Step != mall.StepDispatch {
		return nil
	}
	if b.Fate == Cancelled {
		_, err = p.mall.Cancel(ctx, o.ID)
		return err
	}
	_, err = p.mall.Dispatch(ctx, o.ID, "SF-"+key)
	if err == nil && b.Fate == Returned {
		_, _, err = p.mall.GiveBack(ctx, mall.ReturnRequest{Idempotency: mall.Idempotency{Key: key + "-back", Hash: sha256.Sum256([]byte(key))}, Client: UtilityClient, Order: o.ID,
			Quantity: b.Quantity, Reason: "不合适 / not what I wanted", Restock: true}, orderPatience)
	}
	return err
}

// AddressOf is where a member of a sandbox has goods sent.
func AddressOf(member int) *mall.Address {
	street := []string{"解放路", "文三路", "中山北路", "凤起路", "体育场路"}[member%5]
	return &mall.Address{Name: fmt.Sprintf("会员%d", member), Phone: fmt.Sprintf("1380000%04d", member%10_000), Region: "浙江省 杭州市 西湖区", Street: fmt.Sprintf("%s %d 号", street, 1+member%200)}
}

// standings tells the mall how members stand.
type standings struct{ rewards *rewards.Service }

// StandingOf implements [mall.Tiers].
func (s standings) StandingOf(ctx context.Context, member string) (mall.Standing, error) {
	way, err := s.rewards.Way(ctx, member)
	if errors.Is(err, rewards.ErrNotFound) {
		return mall.Standing{}, nil
	}
	return mall.Standing{Tier: way.Tier, Exclusive: way.Now.Shelf, Fast: way.Now.Fast}, err
}

// openMall opens the mall of a sandbox whose gateway does not run. The back office
// must be closed after it.
func (s *Site) openMall(l ledger.Ledger, store mall.Store, tiers mall.Tiers, known *members.Registry, zone *time.Location, now func() time.Time) (*mall.Mall, *backsim.System, error) {
	codeKey, err := s.Home().CodeKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	back, err := backsim.Open(s.BackOfficeBooks(), ownsContract)
	if err != nil {
		return nil, nil, err
	}
	m, err := mall.New(mall.Options{Ledger: l, Identity: ledger.Identity{MSP: s.base().Alliance.MSP, Subject: "sandbox"}, Store: store, Billing: back, Payments: back, Tiers: tiers,
		Members: known, CodeKey: codeKey, Zone: zone, Now: now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, errors.Join(err, back.Close())
	}
	return m, back, nil
}
