package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// Webhooks measures what being told of conversions costs them, and how fast a
// receiver is told, alone and beside one that never answers.
type Webhooks struct {
	Out      io.Writer
	Dir      string // an empty folder
	Members  int
	Clients  int
	Warmup   time.Duration
	Duration time.Duration // of each measurement
	Now      func() time.Time
	// Database is an empty PostgreSQL database; empty is SQLite.
	Database string
}

// webhookRow is who is told in one measurement.
type webhookRow struct {
	name       string
	told, dead bool
}

var webhookRows = []webhookRow{
	{name: "nobody"},
	{name: "a fast receiver", told: true},
	{name: "a fast one and a dead one", told: true, dead: true},
}

// Run measures each row and prints a table. It returns an error unless every
// conversion that was answered 201 arrived, signed, and with numbers without a
// gap.
func (b *Webhooks) Run(ctx context.Context) error {
	fmt.Fprintf(b.Out, "preparing %d members …\n", b.Members)
	stage, err := sandbox.StartStage(ctx, &sandbox.Site{Dir: b.Dir, DatabaseURL: b.Database},
		sandbox.StageOptions{Members: b.Members, Linked: b.Members, Now: b.Now})
	if err != nil {
		return err
	}
	defer stage.Close()
	table := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(b.Out, "%s %s/%s, %d CPUs, %s per row, %d clients, push; gateway, receiver, load generator and all else share them\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.Duration, b.Clients)
	fmt.Fprintln(table, "told\tconversions/s\tp50 ms\tp99 ms\tdeliveries\tdeliveries/s\tlast one after ms\tgateway CPU µs each\t")
	for _, r := range webhookRows {
		if err := b.row(ctx, stage, table, r); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return table.Flush()
}

func (b *Webhooks) row(ctx context.Context, stage *sandbox.Stage, table io.Writer, r webhookRow) error {
	company := kinds["push"].company
	caller, err := stage.Client(company)
	if err != nil {
		return err
	}
	box := &mailbox{}
	if r.told {
		if box, err = openMailbox(ctx, caller, b.Now); err != nil {
			return err
		}
		defer box.close()
	}
	if r.dead {
		remove, err := deadEndpoint(ctx, caller)
		if err != nil {
			return err
		}
		defer remove()
	}
	return b.measure(ctx, stage, table, r, box)
}

func (b *Webhooks) measure(ctx context.Context, stage *sandbox.Stage, table io.Writer, r webhookRow, box *mailbox) error {
	conversions := Conversions{Members: b.Members, Warmup: b.Warmup, Duration: b.Duration}
	load, err := conversions.load(stage, "push", b.Clients)
	if err != nil {
		return err
	}
	before, err := stage.Gateway.Usage()
	if err != nil {
		return err
	}
	o, err := generate(ctx, load)
	if err != nil {
		return err
	}
	if len(o.Others) > 0 {
		return fmt.Errorf("answers other than 201: %v; first: %s", o.Others, o.FirstBody)
	}
	ended := b.Now()
	if r.told {
		if err := box.await(ctx, o.Finished); err != nil {
			return err
		}
	}
	rest := b.Now().Sub(ended)
	after, err := stage.Gateway.Usage()
	if err != nil {
		return err
	}
	n, span := box.figures()
	fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%d\t%d\t%d\t%d\t\n", r.name, o.Counted*int64(time.Second)/max(int64(o.Elapsed), 1),
		millis(o.P50), millis(o.P99), n, n*int64(time.Second)/max(int64(span), 1), rest.Milliseconds(),
		(after.CPU-before.CPU).Microseconds()/max(o.Finished, 1))
	return nil
}

// deadEndpoint makes one that accepts connections and answers nothing.
func deadEndpoint(ctx context.Context, caller *client.Client) (remove func(), err error) {
	l, err := blackHole()
	if err != nil {
		return nil, err
	}
	e, err := caller.CreateWebhookEndpoint(ctx, client.WebhookEndpoint{URL: "http://" + l.Addr().String(), Events: []string{"conversion.*"}}, "")
	if err != nil {
		_ = l.Close() // the other error is the one that matters
		return nil, err
	}
	return func() {
		_ = caller.DeleteWebhookEndpoint(ctx, e.ID) // the sandbox ends with the bench
		_ = l.Close()
	}, nil
}
