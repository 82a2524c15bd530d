package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
)

// Ledger returns the ledger as a gateway of the cluster uses it: each command goes
// to the owner of its lane, this gateway or another, and reads are answered here.
//
// Besides what [ledger.Ledger] says, Submit returns [ledger.ErrBusy] when a lane had
// no owner that could be reached for as long as the patience lasts, and
// [ledger.ErrOutcomeUnknown] when that is so after the commands were given to one
// that did not answer. Before that they are given to the next owner: the same
// commands again are the same to the ledger.
//
// It has [ledger.Blocks] when the ledger that it is made of has.
func (m *Member) Ledger() ledger.Ledger {
	r := &routed{Laned: m.o.Ledger, m: m}
	if blocks, ok := m.o.Ledger.(ledger.Blocks); ok {
		return &routedBlocks{r, blocks}
	}
	return r
}

type routed struct {
	ledger.Laned
	m *Member
}

type routedBlocks struct {
	*routed
	ledger.Blocks
}

// wrongLanesMax is how often commands are routed again because the number of lanes
// has risen.
const wrongLanesMax = 3

// Submit implements [ledger.Ledger].
func (r *routed) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	sound, results := screen(commands)
	if len(sound) == 0 {
		return results, ctx.Err()
	}
	got, err := r.submit(ctx, caller, sound)
	if err != nil || results == nil {
		return got, err
	}
	for i := range results {
		if results[i].Code == "" {
			results[i], got = got[0], got[1:]
		}
	}
	return results, nil
}

// screen answers malformed commands, which cannot be sent, as the contract would.
// Results are nil when all are sound.
func screen(commands []ledger.Command) (sound []ledger.Command, results []ledger.Result) {
	for i := range commands {
		err := commands[i].Validate()
		if err != nil && results == nil {
			results, sound = make([]ledger.Result, len(commands)), append(sound, commands[:i]...)
		}
		switch {
		case err != nil:
			results[i] = ledger.Result{Code: ledger.CodeInvalid, Message: err.Error()}
		case results != nil:
			sound = append(sound, commands[i])
		}
	}
	if results == nil {
		sound = commands
	}
	return sound, results
}

// submit gives sound commands to their lanes, again when the number of lanes has
// risen meanwhile.
func (r *routed) submit(ctx context.Context, caller ledger.Identity, commands []ledger.Command) ([]ledger.Result, error) {
	results, err := r.route(ctx, caller, commands)
	for again := 0; err == nil && again < wrongLanesMax; again++ {
		var wrong []int
		for i := range results {
			if results[i].Code == ledger.CodeWrongLane {
				wrong = append(wrong, i)
			}
		}
		if len(wrong) == 0 {
			break
		}
		err = r.reroute(ctx, caller, commands, results, wrong)
	}
	return results, err
}

// reroute gives those commands again that were brought to the wrong lane.
func (r *routed) reroute(ctx context.Context, caller ledger.Identity, commands []ledger.Command, results []ledger.Result, wrong []int) error {
	some := make([]ledger.Command, len(wrong))
	for n, i := range wrong {
		some[n] = commands[i]
	}
	again, err := r.route(ctx, caller, some)
	if err != nil {
		return partly(len(wrong) < len(commands), err)
	}
	for n, i := range wrong {
		results[i] = again[n]
	}
	return nil
}

// partly is the error of a call of which another part was carried out.
func partly(other bool, err error) error {
	if !other || errors.Is(err, ledger.ErrOutcomeUnknown) {
		return err
	}
	return fmt.Errorf("%w: some commands were executed, others not: %v", ledger.ErrOutcomeUnknown, err)
}

// route brings each command to its lane, lanes side by side, those of one lane in
// order.
func (r *routed) route(ctx context.Context, caller ledger.Identity, commands []ledger.Command) ([]ledger.Result, error) {
	lanes, err := r.Route(ctx, commands...)
	if err != nil {
		return nil, err
	}
	parts := split(lanes)
	if len(parts) == 1 {
		return r.m.submitLane(ctx, lanes[0], caller, commands)
	}
	results, errs := make([]ledger.Result, len(commands)), make([]error, len(parts))
	var all sync.WaitGroup
	for n, p := range parts {
		all.Go(func() {
			some := make([]ledger.Command, len(p.of))
			for k, i := range p.of {
				some[k] = commands[i]
			}
			var got []ledger.Result
			got, errs[n] = r.m.submitLane(ctx, p.lane, caller, some)
			for k := range got {
				results[p.of[k]] = got[k]
			}
		})
	}
	all.Wait()
	done := false
	for _, err := range errs {
		done = done || err == nil
	}
	for _, err := range errs {
		if err != nil {
			return nil, partly(done, err)
		}
	}
	return results, nil
}

// part are the commands of a call, by their place in it, that go to one lane.
type part struct {
	lane uint32
	of   []int
}

func split(lanes []uint32) (parts []part) {
	at := map[uint32]int{}
	for i, lane := range lanes {
		n, ok := at[lane]
		if !ok {
			n = len(parts)
			at[lane], parts = n, append(parts, part{lane: lane})
		}
		parts[n].of = append(parts[n].of, i)
	}
	return parts
}

// submitLane gives commands to a lane's owner, a batch's worth at a time.
func (m *Member) submitLane(ctx context.Context, lane uint32, caller ledger.Identity, commands []ledger.Command) ([]ledger.Result, error) {
	if m.waiting.Add(int64(len(commands))) > int64(m.o.QueueMax) && len(commands) < m.o.QueueMax {
		m.waiting.Add(-int64(len(commands)))
		return nil, fmt.Errorf("%w: more than %d commands are under way from this gateway", ledger.ErrBusy, m.o.QueueMax)
	}
	defer m.waiting.Add(-int64(len(commands)))
	var results []ledger.Result
	for len(commands) > 0 {
		n := min(len(commands), ledger.BatchMax)
		g := &giving{m: m, order: order{lane: lane, caller: caller, commands: commands[:n]}}
		got, err := g.run(ctx)
		if err != nil {
			return nil, partly(len(results) > 0, err)
		}
		if results == nil && n == len(commands) {
			return got, nil
		}
		results, commands = append(results, got...), commands[n:]
	}
	return results, nil
}
