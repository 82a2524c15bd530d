package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/settlement/calendar"
)

const (
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
	if err == nil && len(day.settlements) != companies {
		err = errors.New("the night ran more than once")
	}
	if err != nil {
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
