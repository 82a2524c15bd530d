package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/ledger"
)

// History lets a new sandbox live through some days before it is opened, so that
// its pages show something: members convert, and nights close, as they would by
// themselves. What was interrupted goes on at the next start.
type History struct {
	// Client returns the API client with an ID.
	Client func(id string) (*client.Client, error)
	Now    func() time.Time // the machine's
	// Members are the numbers of those who convert, from the first to the last. All
	// are linked with every company.
	Members [2]int
	// Life is what members earn and buy.
	Life Life
	// Progress is told each day that begins.
	Progress func(window string)
}

// habit is what members of a company do on a day.
type habit struct {
	client, from, to string
	step, least      int64 // smallest units of the source programme
	steps            int64 // so many are added at most
	fewest, more     int   // conversions
	// reference is how a company names what it has debited itself.
	reference string
	back      bool // half of one is taken back
	asks      bool // some ask what they would get, and not all of them go on
	// refused is an amount that the company refuses, for a reason of its own.
	refused int64
}

var habits = []habit{
	{client: "sky", from: "SKY", to: "EPT", step: 30, least: 600, steps: 280, fewest: 4, more: 5, back: true, asks: true, refused: 9_110},
	{client: "sky", from: "EPT", to: "SKY", step: 10, least: 100, steps: 50, fewest: 2, more: 3, asks: true},
	{client: "sky", from: "SKY", to: "MART", step: 30, least: 900, steps: 100, fewest: 0, more: 3},
	{client: "mart", from: "MART", to: "EPT", step: 120, least: 12_000, steps: 400, fewest: 5, more: 6, reference: "LINDI"},
	{client: "mart", from: "EPT", to: "MART", step: 1, least: 50, steps: 400, fewest: 3, more: 4},
	{client: "tel", from: "TEL", to: "EPT", step: 5, least: 200, steps: 500, fewest: 3, more: 5, asks: true, refused: 9_140},
	{client: "tel", from: "EPT", to: "TEL", step: 4, least: 100, steps: 100, fewest: 2, more: 3},
}

// Run lives until the clock shows the machine's time.
func (h *History) Run(ctx context.Context) error {
	for {
		clock, err := h.clock(ctx)
		if err != nil {
			return fmt.Errorf("history: %w", err)
		}
		left := h.Now().Sub(clock.Now)
		if err := h.mornings(ctx, left); err != nil {
			return fmt.Errorf("history: before %s: %w", clock.Window, err)
		}
		if left < time.Second {
			return h.complaints(ctx)
		}
		h.Progress(clock.Window)
		if err := h.day(ctx, clock); err != nil {
			return fmt.Errorf("history of %s: %w", clock.Window, err)
		}
		next := map[string]string{"advance": min(left, day).Truncate(time.Millisecond).String()}
		if err := h.post(ctx, UtilityClient, "/v1/sandbox/clock", next, nil); err != nil {
			return fmt.Errorf("history: night of %s: %w", clock.Window, err)
		}
	}
}

const day = 24 * time.Hour

// moment is what the sandbox's clock shows.
type moment struct {
	Now    time.Time `json:"now"`
	Window string    `json:"window"`
}

func (h *History) clock(ctx context.Context) (m moment, err error) {
	utility, err := h.Client(UtilityClient)
	if err == nil {
		_, err = utility.Do(ctx, client.Request{Method: http.MethodGet, Path: "/v1/sandbox/clock"}, &m)
	}
	return m, err
}

// mornings takes the last night as far as it has come when the sandbox opens, which
// is so much later.
func (h *History) mornings(ctx context.Context, left time.Duration) error {
	var last struct{ Settlements []struct{ Window string } }
	utility, err := h.Client(UtilityClient)
	if err == nil {
		_, err = utility.Do(ctx, client.Request{Method: http.MethodGet, Path: "/v1/settlements?limit=1"}, &last)
	}
	if err != nil || len(last.Settlements) == 0 {
		return err
	}
	return h.morning(ctx, last.Settlements[0].Window, 1+int((left+day/2)/day))
}

// day is the same for every sandbox that has it.
func (h *History) day(ctx context.Context, m moment) error {
	window := m.Window
	date, err := ledger.ParseDate(window)
	if err != nil {
		return err
	}
	// The evening before has been reported by now; this morning has begun.
	if err := errors.Join(h.earn(ctx, date-1, m.Now), h.earn(ctx, date, m.Now)); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	if err := h.buy(ctx, date, h.Now().Sub(m.Now) < 3*day); err != nil {
		return fmt.Errorf("orders: %w", err)
	}
	for n, habit := range habits {
		seed := fnv.New64a()
		fmt.Fprintf(seed, "%s/%d", window, n)
		if err := h.live(ctx, &habit, rand.New(rand.NewPCG(seed.Sum64(), 1)), fmt.Sprintf("history-%s-%d", window, n)); err != nil {
			return fmt.Errorf("%s to %s: %w", habit.from, habit.to, err)
		}
	}
	return nil
}

func (h *History) live(ctx context.Context, b *habit, r *rand.Rand, key string) error {
	c, err := h.Client(b.client)
	if err != nil {
		return err
	}
	var items []client.BatchItem
	add := func(amount int64, quoted string) error {
		wish := map[string]string{"source": b.from, "destination": b.to, "amount": strconv.FormatInt(amount, 10)}
		if quoted != "" {
			wish = map[string]string{"quote_id": quoted}
		}
		wish["link_id"] = LinkID(CompanyOf(b.client), h.Members[0]+r.IntN(h.Members[1]-h.Members[0]+1)).String()
		if b.reference != "" {
			wish["reference"] = fmt.Sprintf("%s-%s-%d", b.reference, key, len(items))
		}
		text, err := json.Marshal(wish)
		items = append(items, client.BatchItem{Key: fmt.Sprintf("%s-%d", key, len(items)), Conversion: text})
		return err
	}
	for n := range b.fewest + r.IntN(b.more) {
		amount, quoted := b.least+b.step*r.Int64N(b.steps), ""
		if b.asks && n%2 == 1 {
			if quoted, err = h.quote(ctx, c, b, amount, fmt.Sprintf("%s-quote-%d", key, n)); err != nil {
				return err
			}
			if n%4 == 3 {
				quoted = "" // it was not what they hoped for, and they take another amount
				amount = b.least
			}
		}
		if err := add(amount, quoted); err != nil {
			return err
		}
	}
	if len(items) == 0 {
		return nil
	}
	sound := len(items)
	if b.refused > 0 && r.IntN(2) == 0 {
		if err := add(b.refused, ""); err != nil {
			return err
		}
	}
	results, err := c.Batch(ctx, items, 30*time.Second)
	if err != nil {
		return err
	}
	for i, result := range results[:sound] {
		if result.Problem != nil {
			return fmt.Errorf("item %d: %w", i, result.Problem)
		}
	}
	return h.takeBack(ctx, c, b, results[0].Conversion, key)
}

// quote asks what an amount is worth; the same key has the same answer.
func (h *History) quote(ctx context.Context, c *client.Client, b *habit, amount int64, key string) (string, error) {
	var quoted struct{ ID string }
	body := map[string]string{"source": b.from, "destination": b.to, "amount": strconv.FormatInt(amount, 10)}
	_, err := c.Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/quotes", Body: body, Key: key}, &quoted)
	return quoted.ID, err
}

// takeBack undoes half of a conversion.
func (h *History) takeBack(ctx context.Context, c *client.Client, b *habit, made json.RawMessage, key string) error {
	if !b.back {
		return nil
	}
	var conversion struct {
		ID     string `json:"id"`
		Amount int64  `json:"amount,string"`
	}
	if err := json.Unmarshal(made, &conversion); err != nil {
		return err
	}
	half := conversion.Amount / (2 * b.step) * b.step
	body := map[string]string{"amount": strconv.FormatInt(half, 10), "reason": "booking cancelled"}
	_, err := c.Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/conversions/" + conversion.ID + "/reversals", Body: body, Key: key + "-back"}, nil)
	return err
}
