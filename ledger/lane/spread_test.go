package lane_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
)

// several is a ledger with lanes that notes what it is given.
type several struct {
	ledger.Laned
	lanes uint32 // that there are
	known uint32 // by which it routes
	fail  map[uint32]error

	mu    sync.Mutex
	given []uint32 // lanes, in the order in which they were given something
}

func (s *several) Lanes(context.Context) (uint32, error) { s.known = s.lanes; return s.lanes, nil }

func (s *several) Route(_ context.Context, commands ...ledger.Command) ([]uint32, error) {
	numbers := make([]uint32, len(commands))
	for i, c := range commands {
		numbers[i] = ledger.RouteOf(c.Body, s.known)
	}
	return numbers, nil
}

func (s *several) SubmitLane(_ context.Context, number uint32, _ ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given = append(s.given, number)
	if err := s.fail[number]; err != nil {
		return nil, err
	}
	results := echo(commands)
	for i, c := range commands {
		if ledger.RouteOf(c.Body, s.lanes) != number {
			results[i] = ledger.Result{Code: ledger.CodeWrongLane}
		}
	}
	return results, nil
}

// mixed are commands of all lanes, some of which concern no account.
func mixed() (all []ledger.Command) {
	for n := range 40 {
		c := ledger.Command{ID: id(n), Body: &ledger.Issue{Account: ledger.Account{1, byte(n)}}}
		if n%13 == 12 {
			c.Body = &ledger.SuspendPartner{}
		}
		all = append(all, c)
	}
	return all
}

func answered(t *testing.T, commands []ledger.Command, results []ledger.Result, err error) {
	t.Helper()
	if err != nil || len(results) != len(commands) {
		t.Fatalf("%d results for %d commands, %v", len(results), len(commands), err)
	}
	for i, r := range results {
		if r.Code != ledger.CodeOK || r.Entry.Transfer.ID != commands[i].ID {
			t.Errorf("command %d has the result %+v", i, r)
		}
	}
}

func TestCommandsFindTheirLanesAndResultsTheirCommands(t *testing.T) {
	s := &several{lanes: 3, known: 3}
	commands := mixed()
	results, err := lane.Spread(t.Context(), s, utility, commands)
	answered(t, commands, results, err)
	// Three times commands of three lanes, each time followed by one of no account, and
	// what is left.
	for stage, at := 0, 0; at < len(s.given); stage, at = stage+1, at+4 {
		lanes := slices.Sorted(slices.Values(s.given[at:min(at+3, len(s.given))]))
		if stage < 3 && (!slices.Equal(lanes, []uint32{0, 1, 2}) || s.given[at+3] != 0) {
			t.Errorf("lanes were given commands in the order %v", s.given)
		}
	}
}

func TestCommandsAreRoutedAgainWhenTheNumberOfLanesHasRisen(t *testing.T) {
	s := &several{lanes: 3, known: 1}
	commands := mixed()
	results, err := lane.Spread(t.Context(), s, utility, commands)
	answered(t, commands, results, err)
}

func TestAFailureAfterASuccessLeavesTheOutcomeUnknown(t *testing.T) {
	busy := &several{lanes: 3, known: 3, fail: map[uint32]error{1: ledger.ErrBusy}}
	if _, err := lane.Spread(t.Context(), busy, utility, mixed()); !errors.Is(err, ledger.ErrOutcomeUnknown) || errors.Is(err, ledger.ErrBusy) {
		t.Errorf("with one lane that fails it ended with %v", err)
	}
	all := &several{lanes: 3, known: 3, fail: map[uint32]error{0: ledger.ErrBusy, 1: ledger.ErrBusy, 2: ledger.ErrBusy}}
	if _, err := lane.Spread(t.Context(), all, utility, mixed()); errors.Is(err, ledger.ErrOutcomeUnknown) || !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("with lanes that all fail it ended with %v", err)
	}
}
