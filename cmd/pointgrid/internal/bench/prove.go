package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
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

// proofClients bounds the callers of what is proved at the end, of which each waits
// for all before it when lanes contend for the last of a cap.
const proofClients = 64

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
