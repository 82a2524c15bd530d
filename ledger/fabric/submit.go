package fabric

import (
	"context"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// SubmitLane implements [ledger.Laned]. It returns [ErrNoIdentity] for a company
// for which this process has no key, and [ledger.ErrBusy] at once when a company
// that must endorse has no peer that answers.
func (l *Ledger) SubmitLane(ctx context.Context, number uint32, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if l.closed.Load() {
		return nil, ledger.ErrClosed
	}
	if err := l.admit(caller); err != nil {
		return nil, err
	}
	sound, results := screen(commands)
	if len(sound) == 0 {
		return results, ctx.Err()
	}
	routed, err := l.routes.route(ctx, caller, sound)
	if err != nil {
		return nil, err
	}
	if err := l.reachable(ctx, routed); err != nil {
		return nil, err
	}
	if err := l.adopt(ctx, number); err != nil {
		return nil, err
	}
	got, err := l.lanes.Submit(ctx, number, caller, routed...)
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

// admit refuses callers for whom this process cannot speak.
func (l *Ledger) admit(caller ledger.Identity) error {
	if l.link.signers[caller.MSP] == nil {
		return fmt.Errorf("%w: %q; this process signs for %s", ErrNoIdentity, caller.MSP, strings.Join(l.opts.Identities, ", "))
	}
	if len(caller.Subject) > ledger.ReferenceMax {
		return fmt.Errorf("fabric: subject of the caller has %d bytes, at most %d", len(caller.Subject), ledger.ReferenceMax)
	}
	return nil
}

// reachable turns commands away that concern a company which is not there, so
// that they do not take the place of others in the queue.
func (l *Ledger) reachable(ctx context.Context, commands []ledger.Command) error {
	tail, last := l.tail.Load(), ""
	for _, c := range commands {
		group := groupOf(c)
		if group == last {
			continue
		}
		last = group
		for _, msp := range members(group) {
			company, err := l.company(ctx, msp)
			if err == nil && msp != l.opts.Profile.Home && !company.there(tail) {
				err = &EndorseError{Company: msp, Err: company.lag(tail)}
			}
			if err != nil {
				return fmt.Errorf("%w: %w", ledger.ErrBusy, err)
			}
		}
	}
	return nil
}

// screen answers malformed commands, which cannot be encoded, as the contract
// would. Results are nil when all are sound.
func screen(commands []ledger.Command) (sound []ledger.Command, results []ledger.Result) {
	for i, c := range commands {
		err := c.Validate()
		if err == nil {
			if results != nil {
				sound = append(sound, c)
			}
			continue
		}
		if results == nil {
			results = make([]ledger.Result, len(commands))
			sound = append(sound, commands[:i]...)
		}
		results[i] = ledger.Result{Code: ledger.CodeInvalid, Message: strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	if results == nil {
		return commands, nil
	}
	return sound, results
}
