package lane

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
)

// rerouted is how often a command is routed again that reached the wrong lane. The
// number of lanes rises so seldom that once is enough.
const rerouted = 3

// Spread is [ledger.Ledger.Submit] for a ledger with several lanes: it brings each
// command to its lane. Commands of one lane are given together, those of several at
// the same time, and a command that concerns no account after all before it and
// before all after it.
func Spread(ctx context.Context, l ledger.Laned, caller ledger.Identity, commands []ledger.Command) ([]ledger.Result, error) {
	s := &spread{ledger: l, caller: caller, commands: commands, results: make([]ledger.Result, len(commands))}
	rest := make([]int, len(commands))
	for i := range rest {
		rest[i] = i
	}
	if err := s.give(ctx, rest); err != nil {
		return nil, s.verdict(err)
	}
	return Reroute(ctx, l, caller, commands, s.results)
}

// Reroute brings commands that reached the wrong lane, because the number of lanes
// had risen, to the right one. It returns the results with theirs.
func Reroute(ctx context.Context, l ledger.Laned, caller ledger.Identity, commands []ledger.Command, results []ledger.Result) ([]ledger.Result, error) {
	s := &spread{ledger: l, caller: caller, commands: commands, results: results, given: true}
	rest := s.wrong()
	for try := 0; len(rest) > 0 && try < rerouted; try++ {
		if _, err := l.Lanes(ctx); err != nil { // makes the next routing right
			return nil, s.verdict(err)
		}
		if err := s.give(ctx, rest); err != nil {
			return nil, s.verdict(err)
		}
		rest = s.wrong()
	}
	return s.results, nil
}

// spread is commands on their way to several lanes.
type spread struct {
	ledger   ledger.Laned
	caller   ledger.Identity
	commands []ledger.Command

	mu      sync.Mutex // guards what follows
	results []ledger.Result
	given   bool // some commands were
}

// verdict says what a failure means for all commands together.
func (s *spread) verdict(err error) error {
	if s.given && !errors.Is(err, ledger.ErrOutcomeUnknown) {
		return fmt.Errorf("%w: some of %d commands were executed, then: %w", ledger.ErrOutcomeUnknown, len(s.commands), err)
	}
	return err
}

// wrong returns the commands that reached the wrong lane.
func (s *spread) wrong() (rest []int) {
	for i := range s.results {
		if s.results[i].Code == ledger.CodeWrongLane {
			rest = append(rest, i)
		}
	}
	return rest
}

// give gives commands by their places.
func (s *spread) give(ctx context.Context, places []int) error {
	for _, stage := range s.stages(places) {
		commands := make([]ledger.Command, len(stage))
		for i, place := range stage {
			commands[i] = s.commands[place]
		}
		numbers, err := s.ledger.Route(ctx, commands...)
		if err != nil {
			return err
		}
		byLane := map[uint32][]int{}
		for i, number := range numbers {
			byLane[number] = append(byLane[number], stage[i])
		}
		if err := s.atOnce(ctx, byLane); err != nil {
			return err
		}
	}
	return nil
}

// stages divides commands into those that may be given at the same time.
func (s *spread) stages(places []int) (stages [][]int) {
	var was bool
	for i, place := range places {
		_, is := ledger.AccountOf(s.commands[place].Body)
		if i == 0 || is != was {
			stages = append(stages, nil)
		}
		was = is
		stages[len(stages)-1] = append(stages[len(stages)-1], place)
	}
	return stages
}

// atOnce gives each lane its commands.
func (s *spread) atOnce(ctx context.Context, byLane map[uint32][]int) error {
	errs := make(chan error, len(byLane))
	for number, places := range byLane { // at the same time, so in no order
		go func() { errs <- s.one(ctx, number, places) }()
	}
	var all error
	for range byLane {
		all = errors.Join(all, <-errs)
	}
	return all
}

func (s *spread) one(ctx context.Context, number uint32, places []int) error {
	commands := make([]ledger.Command, len(places))
	for i, place := range places {
		commands[i] = s.commands[place]
	}
	results, err := s.ledger.SubmitLane(ctx, number, s.caller, commands...)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given = true
	for i, place := range places {
		s.results[place] = results[i]
	}
	return nil
}
