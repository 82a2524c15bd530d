package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/web/api"
)

// prove shows what several gateways promise together: the business day ends once, each
// transfer lies in one window, and what a company may owe is bounded to the last
// conversion, in whichever lanes and at whichever gateways they are made.
func (b *Conversions) prove(ctx context.Context, stage *sandbox.Stage, finished map[string]int64) error {
	if err := b.spread(ctx, stage); err != nil {
		return err
	}
	company := kinds[b.Modes[0]].company
	for _, part := range []func(context.Context, *sandbox.Stage, *Load) (int64, error){b.night, b.cap} {
		load, err := b.load(stage, b.Modes[0], min(b.Clients[0], proofClients))
		if err != nil {
			return err
		}
		load.Batch, load.Patient = 0, true
		n, err := part(ctx, stage, load)
		if err != nil {
			return err
		}
		finished[company] += n
		day, err := b.day(ctx, stage, company)
		if err != nil {
			return err
		}
		if n := day.closed.count + day.open.count; n != finished[company] {
			return fmt.Errorf("%s: %d conversions were answered 201, the windows have %d", company, finished[company], n)
		}
	}
	return b.visits(ctx, stage)
}

const (
	// proofClients bounds the callers of what is proved at the end, of which each waits
	// for all before it when lanes contend for the last of a cap.
	proofClients = 64
	// nightAhead is how long before the cut-off the clock is set, so that every gateway
	// has it and conversions are under way when the window closes.
	nightAhead = 4 * time.Second
	// nightLoad is how long conversions are made at a time, until the window has closed.
	nightLoad = 3 * time.Second
	// nightWithin is how long after that the settlements may take.
	nightWithin = 30 * time.Second
)

// night lets the business day end while conversions go on in every lane, and looks
// whether it was settled, once for each company, whichever gateway leads.
func (b *Conversions) night(ctx context.Context, stage *sandbox.Stage, load *Load) (int64, error) {
	company := kinds[b.Modes[0]].company
	if err := b.evening(ctx, stage, load); err != nil {
		return 0, err
	}
	load.Warmup, load.Duration = 0, nightLoad
	var finished int64
	var day day
	closed := func() (bool, error) {
		o, err := generate(ctx, load)
		if err == nil && len(o.Others) > 0 {
			err = fmt.Errorf("around the cut-off, answers other than 201: %v; first: %.2000s", o.Others, o.FirstBody)
		}
		if err != nil {
			return false, err
		}
		finished += o.Finished
		day, err = b.day(ctx, stage, company)
		return day.closed.count > 0 && day.open.count > 0, err
	}
	if err := until(ctx, nightWithin, closed); err != nil {
		return 0, fmt.Errorf("the window is not closed under load: %w", err)
	}
	companies := len(sandbox.Companies())
	err := until(ctx, nightWithin, func() (settled bool, err error) {
		day, err = b.day(ctx, stage, company)
		return len(day.settlements) >= companies && !slices.Contains(day.settlements, "closed"), err
	})
	if err != nil || len(day.settlements) != companies {
		return 0, fmt.Errorf("the night left settlements that are %v, want one for each of %d companies: %w", day.settlements, companies, err)
	}
	fmt.Fprintf(b.Out, "the night ran once, under load: %d settlements; %d conversions of %s in the window, %d in the next\n",
		companies, day.closed.count, company, day.open.count)
	return finished, nil
}

// evening sets the clock to just before the cut-off, and waits until every gateway has it.
func (b *Conversions) evening(ctx context.Context, stage *sandbox.Stage, load *Load) error {
	alliance := config.Default().Alliance
	cutOff, err := calendar.Parse(alliance.TimeZone, alliance.CutOff)
	if err != nil {
		return err
	}
	now, err := b.clock(ctx, stage)
	if err != nil {
		return err
	}
	to := cutOff.Start(cutOff.Date(now) + 1).Add(-nightAhead)
	if to.Before(now) {
		return nil // it is evening
	}
	utility, err := stage.Client(sandbox.UtilityClient)
	if err != nil {
		return err
	}
	if _, err = utility.Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/sandbox/clock", Body: map[string]any{"to": to}}, nil); err != nil {
		return err
	}
	company, err := stage.Client(load.Caller)
	if err != nil {
		return err
	}
	token, err := company.Token(ctx)
	if err != nil {
		return err
	}
	for _, node := range stage.Nodes {
		if err := until(ctx, nightAhead, func() (bool, error) {
			now, err := quotedAt(ctx, node, token, load)
			return !now.Before(to), err
		}); err != nil {
			return fmt.Errorf("a gateway does not take up the sandbox's clock: %w", err)
		}
	}
	return nil
}

// quotedAt returns what time it is for a gateway, which dates its quotes.
func quotedAt(ctx context.Context, node *sandbox.Node, token string, load *Load) (time.Time, error) {
	body := fmt.Sprintf(`{"source":%q,"destination":%q,"amount":%q}`, load.Source, load.Destination, load.Amount)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, node.URL+"/v1/quotes", strings.NewReader(body))
	if err != nil {
		return time.Time{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	var quote struct {
		At time.Time `json:"created_at"`
	}
	err = read(r, func(r io.Reader) error { return json.NewDecoder(r).Decode(&quote) })
	return quote.At, err
}

func (b *Conversions) clock(ctx context.Context, stage *sandbox.Stage) (time.Time, error) {
	var c struct{ Now time.Time }
	utility, err := stage.Client(sandbox.UtilityClient)
	if err == nil {
		_, err = utility.Do(ctx, client.Request{Method: http.MethodGet, Path: "/v1/sandbox/clock"}, &c)
	}
	return c.Now, err
}

// tally is what conversions in come to.
type tally struct {
	count int64
	net   decimal.Decimal // yuan that are owed
}

// day is a company's windows, the open one and all before, and the states of everybody's
// settlements.
type day struct {
	open, closed tally
	settlements  []string
}

// position is a position as the API shows it.
type position struct {
	Partner string
	In      struct{ Count int64 }
	Net     decimal.Decimal
}

func (p *position) addTo(t *tally) {
	t.count, t.net = t.count+p.In.Count, t.net.Add(p.Net)
}

func (b *Conversions) day(ctx context.Context, stage *sandbox.Stage, company string) (d day, err error) {
	utility, err := stage.Client(sandbox.UtilityClient)
	if err != nil {
		return d, err
	}
	var open struct{ Positions []position }
	if _, err := utility.Do(ctx, client.Request{Method: http.MethodGet, Path: "/v1/positions"}, &open); err != nil {
		return d, err
	}
	var all struct {
		Settlements []struct {
			State    string
			Position position
		}
	}
	if _, err := utility.Do(ctx, client.Request{Method: http.MethodGet, Path: "/v1/settlements"}, &all); err != nil {
		return d, err
	}
	for _, p := range open.Positions {
		if p.Partner == company {
			p.addTo(&d.open)
		}
	}
	for _, s := range all.Settlements {
		if d.settlements = append(d.settlements, s.State); s.Position.Partner == company {
			s.Position.addTo(&d.closed)
		}
	}
	return d, nil
}

const (
	// capRoom is how many conversions the cap leaves room for.
	capRoom = 60
	// capAhead is when the agreement with the cap comes into force: by then each gateway
	// has seen it.
	capAhead = 4 * time.Second
	// capLoad is how long conversions are made, many more than there is room for.
	capLoad = 4 * time.Second
)

// cap has the companies agree on how much may be owed, a little more than is, and makes
// more conversions than that leaves room for: as many as fit are carried out, and each
// of the others is refused for that reason.
func (b *Conversions) cap(ctx context.Context, stage *sandbox.Stage, load *Load) (int64, error) {
	company := kinds[b.Modes[0]].company
	before, err := b.day(ctx, stage, company)
	if err != nil {
		return 0, err
	}
	owed, count := before.open.net.Add(before.closed.net), before.open.count+before.closed.count
	each := owed.Div(decimal.NewFromInt(count))
	limit := owed.Add(each.Mul(decimal.NewFromInt(2*capRoom + 1)).Div(decimal.NewFromInt(2)))
	if err := b.agree(ctx, stage, company, limit); err != nil {
		return 0, fmt.Errorf("agree on a cap: %w", err)
	}
	load.Warmup, load.Duration, load.Final = 0, capLoad, http.StatusUnprocessableEntity
	o, err := generate(ctx, load)
	if err != nil {
		return 0, err
	}
	refused := o.Others[strconv.Itoa(load.Final)]
	if o.Finished != capRoom || refused == 0 || sum(o.Others) != refused || !strings.Contains(o.FirstBody, string(ledger.CodeExposureCap)) {
		return 0, fmt.Errorf("with room for %d conversions below the cap, %d were answered 201, others %v; first: %.2000s", capRoom, o.Finished, o.Others, o.FirstBody)
	}
	after, err := b.day(ctx, stage, company)
	if err != nil {
		return 0, err
	}
	if now := after.open.net.Add(after.closed.net); !now.Equal(owed.Add(each.Mul(decimal.NewFromInt(capRoom)))) {
		return 0, fmt.Errorf("%s owes %s yuan after %d conversions of %s each, and %s before", company, now, capRoom, each, owed)
	}
	fmt.Fprintf(b.Out, "the cap was used up and not exceeded: with room for %d conversions %d were carried out and %d refused, in %d lanes\n",
		capRoom, o.Finished, refused, max(b.Lanes, 1))
	return o.Finished, nil
}

// agree puts a new version of a company's agreement for conversions in into force, which
// differs by its cap in yuan.
func (b *Conversions) agree(ctx context.Context, stage *sandbox.Stage, company string, limit decimal.Decimal) error {
	utility, err := stage.Client(sandbox.UtilityClient)
	if err != nil {
		return err
	}
	theirs, err := stage.Client(company)
	if err != nil {
		return err
	}
	now, err := b.clock(ctx, stage)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(sandbox.CompanyOf(company).Terms, func(t ledger.Terms) bool { return t.Direction == ledger.In })
	terms := sandbox.CompanyOf(company).Terms[at]
	terms.Version, terms.From = terms.Version+1, now.Add(capAhead).UnixMilli()
	terms.ExposureCap = limit.Shift(6).IntPart()
	var made struct{ ID, Hash string }
	if _, err := utility.Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/agreements", Body: api.RenderTerms(&terms)}, &made); err != nil {
		return err
	}
	accept := client.Request{Method: http.MethodPost, Path: "/v1/agreements/" + made.ID + "/accept", Body: map[string]string{"hash": made.Hash}}
	if _, err := theirs.Do(ctx, accept, nil); err != nil {
		return err
	}
	return until(ctx, 2*capAhead, func() (bool, error) {
		now, err := b.clock(ctx, stage)
		return now.UnixMilli() > terms.From, err
	})
}

// visits looks whether every gateway had commands carried out in another's lanes.
func (b *Conversions) visits(ctx context.Context, stage *sandbox.Stage) error {
	all := map[string]float64{}
	for _, node := range stage.Nodes {
		n, err := travelled(ctx, node)
		if err != nil {
			return err
		}
		all[node.URL] = n
	}
	counts := slices.Collect(maps.Values(all))
	slices.Sort(counts)
	fmt.Fprintf(b.Out, "each gateway had others carry commands out in their lanes: %.0f calls\n", counts)
	if b.Lanes >= uint32(b.Gateways) && counts[0] == 0 {
		return errors.New("a gateway had no command carried out in another's lane, though each has lanes of its own")
	}
	return nil
}
