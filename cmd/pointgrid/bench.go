package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/bench"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

type benchCommand struct {
	Conversions benchConversions `cmd:"" help:"Conversions through REST, finished and on disk, with load generator, gateway and partners as processes of their own."`
	Costs       benchCosts       `cmd:"" help:"What one conversion costs the gateway: CPU by stage, SQL statements, fsyncs, bytes, allocations, waiting for locks."`
	Faults      benchFaults      `cmd:"" help:"Real parts fail under load: processes are killed, the database, disks, networks and clocks misbehave. Afterwards every law is checked; see docs/faults.md."`
	File        benchFile        `cmd:"" help:"A file of conversions, from its first byte sent to its last result read, with client and gateway as processes of their own."`
	Growth      benchGrowth      `cmd:"" help:"The embedded ledger with ever more accounts, and after many transfers: rate, CPU, memory, disk."`
	Overload    benchOverload    `cmd:"" help:"What a gateway can carry, and what becomes of requests when several times as much is asked of it."`
	Pages       benchPages       `cmd:"" help:"Members' pages visited at a rate, each visit at a moment of its own, with load generator and gateway as processes of their own."`
	Rewards     benchRewards     `cmd:"" help:"Events that earn points, in bulk through REST, on the ledger and on disk, with load generator and gateway as processes of their own."`
	Settlement  benchSettlement  `cmd:"" help:"Netting and three-way reconciliation of a window, with breaks of every type planted, all of which must be found."`
	Soak        benchSoak        `cmd:"" help:"A share of what a gateway can carry for a long time: latency and memory by the minute."`
	Webhooks    benchWebhooks    `cmd:"" help:"Conversions that a receiver is told of by webhooks, alone and beside a receiver that never answers."`
}

// benchSite is where the gateway of a bench keeps what it has.
type benchSite struct {
	Database string `help:"Empty PostgreSQL database for the gateway's operational state, as postgres://…; SQLite when not given." env:"POINTGRID_DATABASE_URL"`
	Dir      string `help:"Empty folder for ledger, database, books and files; a temporary one when not given." type:"path"`
}

type benchWebhooks struct {
	Clients  int           `help:"Callers that convert at the same time." default:"64"`
	Members  int           `help:"Members, each with links to every company." default:"2000"`
	Duration time.Duration `help:"Length of each measurement." default:"10s"`
	Warmup   time.Duration `help:"What runs before each measurement and does not count." default:"1s"`
	benchSite
}

func (b *benchWebhooks) Run(ctx context.Context) error {
	return inFolder(b.Dir, func(dir string) error {
		return (&bench.Webhooks{Out: os.Stdout, Dir: dir, Members: b.Members, Clients: b.Clients, Warmup: b.Warmup, Duration: b.Duration,
			Now: time.Now, Database: b.Database}).Run(ctx)
	})
}

type benchPages struct {
	Rate     int           `help:"Pages in each second." default:"200"`
	Products int           `help:"Products in the mall, beside those of every sandbox." default:"1000"`
	Members  int           `help:"Members, of whom up to 5000 are linked with every company and visit the pages." default:"100000"`
	Duration time.Duration `help:"Length of the measurement." default:"30s"`
	Warmup   time.Duration `help:"What runs before it and does not count." default:"5s"`
	benchSite
}

func (b *benchPages) Run(ctx context.Context) error {
	if b.Rate < 1 || b.Products < 1 || b.Members < 1 {
		return fmt.Errorf("--rate is %d, --products %d, --members %d; each must be at least 1", b.Rate, b.Products, b.Members)
	}
	return inFolder(b.Dir, func(dir string) error {
		return (&bench.Pages{Out: os.Stdout, Dir: dir, Members: b.Members, Products: b.Products, Rate: b.Rate, Warmup: b.Warmup,
			Duration: b.Duration, Now: time.Now, Database: b.Database}).Run(ctx)
	})
}

type benchRewards struct {
	Clients  []int         `help:"Callers that send at the same time; each number is measured." default:"1,4,8"`
	Batch    int           `help:"Events in each request, 1 to 1000." default:"500"`
	Members  int           `help:"Members who earn." default:"10000"`
	Duration time.Duration `help:"Length of each measurement." default:"10s"`
	Warmup   time.Duration `help:"What runs before each measurement and does not count." default:"2s"`
	benchSite
}

func (b *benchRewards) Run(ctx context.Context) error {
	if b.Batch < 1 || b.Batch > 1000 || b.Members < 1 {
		return fmt.Errorf("--batch is %d, must be 1 to 1000; --members is %d, must be at least 1", b.Batch, b.Members)
	}
	return inFolder(b.Dir, func(dir string) error {
		return (&bench.Rewards{Out: os.Stdout, Dir: dir, Members: b.Members, Clients: b.Clients, Batch: b.Batch, Warmup: b.Warmup,
			Duration: b.Duration, Now: time.Now, Database: b.Database}).Run(ctx)
	})
}

type benchFile struct {
	Lines   int64  `help:"Lines, 1 to 1000000, all of which can be converted." default:"1000000"`
	Format  string `help:"How they are written." enum:"csv,ndjson" default:"csv"`
	Ledger  string `help:"Where the ledger is: embedded in the gateway, or fabric, a network with a peer for every company." enum:"embedded,fabric" default:"embedded"`
	Members int    `help:"Members, each with links to every company." default:"10000"`
	benchSite
}

func (b *benchFile) Run(ctx context.Context) error {
	if b.Lines < 1 || b.Lines > 1_000_000 || b.Members < 1 {
		return fmt.Errorf("--lines is %d, must be 1 to 1000000; --members is %d, must be at least 1", b.Lines, b.Members)
	}
	return inFolder(b.Dir, func(dir string) error {
		return (&bench.File{Out: os.Stdout, Dir: dir, Members: b.Members, Lines: b.Lines, Format: b.Format, Now: time.Now,
			Fabric: b.Ledger == config.Fabric, Database: b.Database}).Run(ctx)
	})
}

type benchConversions struct {
	Clients  []int         `help:"Numbers of callers that convert at the same time." default:"1,16,64,256"`
	Batch    int           `help:"Conversions in each request, 2 to 1000, through POST /v1/conversions/batch; 0 is one by itself, through POST /v1/conversions." default:"0"`
	Mode     []string      `help:"Who moves the partner's side: callback (the gateway calls the partner) or push (the partner has moved it)." enum:"push,callback" default:"push,callback"`
	Ledger   string        `help:"Where the ledger is: embedded in the gateway, or fabric, a network with a peer for every company; that one is also measured with one conversion per transaction." enum:"embedded,fabric" default:"embedded"`
	Gateways int           `help:"Gateways that share the ledger, which must be on fabric, and the database; callers are spread over them." default:"1"`
	Lanes    uint32        `help:"Lanes of the ledger, which the gateways share out; more than one only on fabric. 0 leaves the one that a ledger begins with." default:"0"`
	Fault    string        `help:"What befalls the owner of a lane during each measurement: kill (SIGKILL), or pause (SIGSTOP for longer than its lease, then SIGCONT). Needs two gateways." enum:",kill,pause" default:""`
	Members  int           `help:"Members, each with links to every company." default:"10000"`
	Duration time.Duration `help:"Length of each measurement." default:"10s"`
	Warmup   time.Duration `help:"What runs before each measurement and does not count." default:"2s"`
	benchSite
}

func (b *benchConversions) Run(ctx context.Context) error {
	if b.Batch < 0 || b.Batch > exchange.ManyMax {
		return fmt.Errorf("--batch is %d, must be 0 to %d", b.Batch, exchange.ManyMax)
	}
	if b.Gateways < 1 || b.Gateways > gatewaysMax {
		return fmt.Errorf("--gateways is %d, must be 1 to %d", b.Gateways, gatewaysMax)
	}
	if b.Lanes > ledger.LanesMax {
		return fmt.Errorf("--lanes is %d, must be 0 to %d", b.Lanes, ledger.LanesMax)
	}
	return inFolder(b.Dir, func(dir string) error {
		return (&bench.Conversions{Out: os.Stdout, Dir: dir, Members: b.Members, Clients: b.Clients, Modes: b.Mode, Batch: b.Batch, Gateways: b.Gateways, Lanes: b.Lanes, Fault: b.Fault,
			Warmup: b.Warmup, Duration: b.Duration, Now: time.Now, Fabric: b.Ledger == config.Fabric, Database: b.Database}).Run(ctx)
	})
}

// gatewaysMax bounds what one machine is asked to run.
const gatewaysMax = 16

type benchOverload struct {
	Clients  int           `help:"Callers that convert in turn; what they get is what the gateway can carry." default:"64"`
	Times    int           `help:"As much is asked for, at least 1." default:"10"`
	Batch    int           `help:"Conversions in each request, 2 to 1000; 0 is one by itself." default:"0"`
	Members  int           `help:"Members, each with links to every company." default:"10000"`
	Duration time.Duration `help:"Length of each measurement." default:"15s"`
	benchSite
}

func (b *benchOverload) Run(ctx context.Context) error {
	if b.Clients < 1 || b.Times < 1 || b.Batch < 0 || b.Batch > exchange.ManyMax {
		return fmt.Errorf("--clients is %d and --times %d, each must be at least 1; --batch is %d, must be 0 to %d", b.Clients, b.Times, b.Batch, exchange.ManyMax)
	}
	return inFolder(b.Dir, func(dir string) error {
		return (&bench.Overload{Out: os.Stdout, Dir: dir, Members: b.Members, Clients: b.Clients, Batch: b.Batch, Times: b.Times, Duration: b.Duration,
			Now: time.Now, Database: b.Database}).Run(ctx)
	})
}

type benchSoak struct {
	Clients  int           `help:"Callers that convert in turn; what they get is what the gateway can carry." default:"64"`
	Share    int           `help:"Percent of that which are asked for, 1 to 100." default:"70"`
	Members  int           `help:"Members, each with links to every company." default:"10000"`
	Duration time.Duration `help:"How long." default:"30m"`
	Slice    time.Duration `help:"Length of each row." default:"1m"`
	benchSite
}

func (b *benchSoak) Run(ctx context.Context) error {
	if b.Clients < 1 || b.Share < 1 || b.Share > 100 || b.Slice < time.Second || b.Duration < b.Slice {
		return fmt.Errorf("--clients is %d, must be at least 1; --share is %d, must be 1 to 100; --slice is %s, must be 1s to --duration", b.Clients, b.Share, b.Slice)
	}
	return inFolder(b.Dir, func(dir string) error {
		return (&bench.Soak{Out: os.Stdout, Dir: dir, Members: b.Members, Clients: b.Clients, Share: b.Share, Duration: b.Duration, Slice: b.Slice,
			Now: time.Now, Database: b.Database}).Run(ctx)
	})
}

type benchGrowth struct {
	Accounts  []int64       `help:"Accounts with points, ascending; each number is measured. A hundred million need about 30 GB." default:"1000000,10000000"`
	Transfers int64         `help:"Conversions to make before the last row." default:"10000000"`
	Duration  time.Duration `help:"Length of each measurement." default:"10s"`
	Dir       string        `help:"Folder for the ledger; a temporary one when not given. An earlier run's is gone on with." type:"path"`
}

func (b *benchGrowth) Run(ctx context.Context) error {
	if len(b.Accounts) == 0 || b.Accounts[0] < 1 || !slices.IsSorted(b.Accounts) || b.Transfers < 0 {
		return fmt.Errorf("--accounts is %d, must ascend from at least 1; --transfers is %d, must not be negative", b.Accounts, b.Transfers)
	}
	return inFolder(b.Dir, func(dir string) error {
		return (&bench.Growth{Out: os.Stdout, Dir: dir, Accounts: b.Accounts, Transfers: b.Transfers, Duration: b.Duration}).Run(ctx)
	})
}

type benchCosts struct {
	Clients  int           `help:"Callers that convert at the same time." default:"64"`
	Mode     string        `help:"Who moves the partner's side: callback or push." enum:"push,callback" default:"push"`
	Batch    int           `help:"Conversions in each request, 2 to 1000; 0 is one by itself." default:"0"`
	Ledger   string        `help:"Where the ledger is: embedded in the gateway, or fabric, a network with a peer for every company." enum:"embedded,fabric" default:"embedded"`
	Members  int           `help:"Members, each with links to every company." default:"10000"`
	Duration time.Duration `help:"Length of the measurement, at least 2s." default:"15s"`
	benchSite
}

func (b *benchCosts) Run(ctx context.Context) error {
	if b.Clients < 1 || b.Batch < 0 || b.Batch > exchange.ManyMax || b.Duration < 2*time.Second {
		return fmt.Errorf("--clients is %d, must be at least 1; --batch is %d, must be 0 to %d; --duration is %s, must be at least 2s",
			b.Clients, b.Batch, exchange.ManyMax, b.Duration)
	}
	return inFolder(b.Dir, func(dir string) error {
		return (&bench.Costs{Out: os.Stdout, Dir: dir, Members: b.Members, Clients: b.Clients, Mode: b.Mode, Batch: b.Batch, Duration: b.Duration,
			Now: time.Now, Fabric: b.Ledger == config.Fabric, Database: b.Database}).Run(ctx)
	})
}

type benchSettlement struct {
	Transfers []int64 `help:"Transfers in the window; each number is measured in a process of its own." default:"100000,1000000,10000000"`
	Memory    int64   `help:"MiB that the reconciliation may use for sorting; 0 for its default."`
	Dir       string  `help:"Folder for the spill file, about 270 bytes per transfer; the system's temporary one when not given." type:"path"`
}

func (b *benchSettlement) Run(ctx context.Context) error {
	return inFolder(b.Dir, func(dir string) error {
		return (&bench.Settlement{Out: os.Stdout, Dir: dir, Transfers: b.Transfers, Memory: b.Memory << 20}).Run(ctx)
	})
}

type herdCommand struct{}

func (herdCommand) Run(ctx context.Context) error {
	return bench.RunHerd(ctx, os.Stdin, os.Stdout, time.Now)
}

type settleWindowCommand struct{}

func (settleWindowCommand) Run(ctx context.Context) error {
	return bench.RunWindow(ctx, os.Stdin, os.Stdout, time.Now)
}

type rewardLoadCommand struct{}

func (rewardLoadCommand) Run() error { return bench.RunRewardLoad(os.Stdin, os.Stdout, time.Now) }

type pageLoadCommand struct{}

func (pageLoadCommand) Run() error { return bench.RunPageLoad(os.Stdin, os.Stdout, time.Now) }

type loadCommand struct{}

func (loadCommand) Run() error { return bench.RunLoad(os.Stdin, os.Stdout, time.Now) }

// inFolder does something in the folder named, or in a temporary one.
func inFolder(named string, do func(dir string) error) error {
	dir, remove, err := folder(named)
	if err != nil {
		return err
	}
	defer remove()
	return do(dir)
}

// folder returns the folder that was named, or a new temporary one and how to
// remove it.
func folder(named string) (dir string, remove func(), err error) {
	if named != "" {
		return named, func() {}, os.MkdirAll(named, 0o700)
	}
	dir, err = os.MkdirTemp("", "pointgrid-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}
