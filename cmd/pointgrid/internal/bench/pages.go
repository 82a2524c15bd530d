package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// Pages measures the members' pages while they are visited at a rate.
type Pages struct {
	Out      io.Writer
	Dir      string // an empty folder
	Members  int
	Products int
	Rate     int // pages per second
	Warmup   time.Duration
	Duration time.Duration
	Now      func() time.Time
	// Database is an empty PostgreSQL database; empty is SQLite.
	Database string
}

// Run visits the pages and prints a table. It returns an error if any page was
// answered otherwise than with 200.
func (b *Pages) Run(ctx context.Context) error {
	fmt.Fprintf(b.Out, "preparing %d members and %d products …\n", b.Members, b.Products)
	site := &sandbox.Site{Dir: b.Dir, DatabaseURL: b.Database}
	linked := min(b.Members, linkedMax)
	crowd, err := site.Crowd(ctx, sandbox.CrowdOptions{Amounts: sandbox.Amounts{Members: b.Members, Linked: linked},
		Products: b.Products, Sessions: linked}, b.Now)
	if err != nil {
		return err
	}
	stage, err := sandbox.StartStage(ctx, site, sandbox.StageOptions{Members: b.Members, Linked: linked, Now: b.Now})
	if err != nil {
		return err
	}
	defer stage.Close()
	return b.measure(ctx, stage, &PageLoad{URL: stage.URL, Cookie: crowd.Cookie, Sessions: crowd.Sessions, Pages: visited(crowd.Products),
		Rate: b.Rate, Warmup: b.Warmup, Duration: b.Duration})
}

// linkedMax is how many members are linked with every company and visit the pages.
const linkedMax = 5000

// visited are the pages as members visit them: mostly what they have and what there
// is to have.
func visited(products []string) []Page {
	product := make([]string, len(products))
	for i, id := range products {
		product[i] = "/mall/products/" + id
	}
	return []Page{
		{Name: "home", Paths: []string{"/mall"}, Weight: 25},
		{Name: "shelves", Paths: []string{"/mall/shelves", "/mall/shelves?category=home"}, Weight: 25},
		{Name: "search", Paths: []string{"/mall/shelves?q=LED", "/mall/shelves?q=%E8%8A%82%E8%83%BD"}, Weight: 10},
		{Name: "product", Paths: product, Weight: 20},
		{Name: "points", Paths: []string{"/mall/points"}, Weight: 8},
		{Name: "orders", Paths: []string{"/mall/orders"}, Weight: 6},
		{Name: "convert", Paths: []string{"/mall/convert"}, Weight: 6},
	}
}

func (b *Pages) measure(ctx context.Context, stage *sandbox.Stage, load *PageLoad) error {
	before, err := stage.Gateway.Usage()
	if err != nil {
		return err
	}
	var outcomes []PageOutcome
	if err := child(ctx, PageLoadCommand, load, &outcomes); err != nil {
		return err
	}
	after, err := stage.Gateway.Usage()
	if err != nil {
		return err
	}
	fmt.Fprintf(b.Out, "%s %s/%s, %d CPUs, %d pages/s for %s; gateway, load generator and all else share them\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.Rate, b.Duration)
	table := tabwriter.NewWriter(b.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "page\tvisits\tp50 ms\tp99 ms\tmax ms\tlargest KiB\tother answers\t")
	for _, o := range outcomes {
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\t%d\t\n", o.Name, o.Count, millis(o.P50), millis(o.P99), millis(o.Max), kibi(o.Bytes), sum(o.Others))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	all := outcomes[len(outcomes)-1]
	// What warmed up was served, too; the rate says how much that was.
	served := all.Count + int64(b.Rate)*int64(b.Warmup/time.Second)
	fmt.Fprintf(b.Out, "gateway: about %d µs CPU a page, at most %d MiB\n", each(before, after, served), after.PeakRSS>>20)
	if bad := slices.IndexFunc(outcomes, func(o PageOutcome) bool { return len(o.Others) > 0 }); bad >= 0 {
		return fmt.Errorf("page %s: %v; first: %.2000s", outcomes[bad].Name, outcomes[bad].Others, outcomes[bad].First)
	}
	return nil
}

// kibi writes bytes as KiB with one decimal place.
func kibi(bytes int64) string {
	return strconv.FormatInt(bytes>>10, 10) + "." + strconv.FormatInt(bytes%1024*10/1024, 10)
}
