package members

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Run carries on what was begun until the context ends.
func (e *Privacy) Run(ctx context.Context) {
	tick := time.NewTicker(e.o.RetryEvery)
	defer tick.Stop()
	for {
		if err := e.Resume(ctx); err != nil && ctx.Err() == nil {
			e.o.Logger.Error("erasures go on later", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-e.wake:
		case <-tick.C:
		}
	}
}

// Resume takes every erasure as far as it can go now.
func (e *Privacy) Resume(ctx context.Context) error {
	all, err := e.o.Registry.o.Store.UnfinishedErasures(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, x := range all {
		if err := e.carryOn(ctx, x); err != nil {
			errs = append(errs, fmt.Errorf("members: erasure %s at %s: %w", x.ID, x.Step, err))
		}
	}
	return errors.Join(errs...)
}

// carryOn takes one erasure step by step, each of which is stored before the next, until
// it has ended or must wait.
func (e *Privacy) carryOn(ctx context.Context, x *Erasure) error {
	free := e.turn(x.Account)
	defer free()
	for !x.Step.Ended() {
		if x.Step == StepClear && !e.quiet(x) {
			return nil
		}
		next, err := e.take(ctx, x)
		var waits *Obstacle
		if errors.As(err, &waits) && x.Step == StepClear {
			return e.waits(ctx, x, waits)
		}
		if err != nil {
			return err
		}
		x = next
	}
	return nil
}

// waits notes what an erasure that cannot go back waits for.
func (e *Privacy) waits(ctx context.Context, x *Erasure, o *Obstacle) error {
	if x.Code == o.Code {
		return nil
	}
	next := *x
	next.Code, next.Detail = o.Code, o.Detail
	next.Revision++
	return e.o.Registry.o.Store.SaveErasure(ctx, &next)
}

// quiet reports whether requests that were under way at the beginning have ended.
func (e *Privacy) quiet(x *Erasure) bool {
	return e.o.Registry.o.Now().Sub(time.UnixMilli(x.RequestedAt)) >= e.o.Quiet
}

// take does what the step says, and returns the erasure as it was stored afterwards.
func (e *Privacy) take(ctx context.Context, x *Erasure) (*Erasure, error) {
	next := *x
	err := e.step(ctx, &next)
	if err != nil {
		return nil, err
	}
	next.Revision++
	if next.Step.Ended() {
		next.FinishedAt = e.o.Registry.o.Now().UnixMilli()
	}
	return &next, e.store(ctx, &next)
}

func (e *Privacy) store(ctx context.Context, x *Erasure) error {
	store := e.o.Registry.o.Store
	if !x.Step.Ended() {
		return store.SaveErasure(ctx, x)
	}
	m, err := store.MemberWith(ctx, x.Account)
	if err != nil {
		return err
	}
	if x.Step == StepDone {
		err = store.EndErasure(ctx, x)
	} else {
		err = store.SaveErasure(ctx, x)
	}
	if err == nil {
		e.o.Registry.open(m.Number)
	}
	return err
}

func (e *Privacy) step(ctx context.Context, x *Erasure) error {
	switch x.Step {
	case StepHold:
		return e.holdPoints(ctx, x)
	case StepFreeze:
		return e.freezeAccount(ctx, x)
	case StepPost:
		return e.commands(ctx, x, StepClear, x.post())
	case StepClear:
		return e.clear(ctx, x)
	case StepForget:
		x.Step, x.Code, x.Detail = StepDone, "", ""
		return nil
	case StepThaw:
		if err := e.commands(ctx, x, StepVoid, x.freeze(false)); err != nil || x.Points > 0 {
			return err
		}
		x.Step = StepWithdrawn
		return nil
	case StepVoid:
		return e.commands(ctx, x, StepWithdrawn, x.void())
	}
	return fmt.Errorf("step %q is unknown", x.Step)
}

// commands gives what must succeed, and goes on.
func (e *Privacy) commands(ctx context.Context, x *Erasure, next Step, all ...ledger.Command) error {
	results, err := e.o.Ledger.Submit(ctx, e.o.Identity, all...)
	if err != nil {
		return err
	}
	for i := range results {
		if results[i].Code != ledger.CodeOK {
			return fmt.Errorf("the ledger refuses a %s: %s: %s", all[i].Body.Kind(), results[i].Code, results[i].Message)
		}
	}
	x.Step = next
	return nil
}

// holdPoints expires what has passed, and sets aside what is left. It looks at nothing
// first: the account may have the hold already, from before a crash.
func (e *Privacy) holdPoints(ctx context.Context, x *Erasure) error {
	state, err := e.state(ctx, x.Account)
	if err != nil {
		return err
	}
	_, passed, err := e.lots(ctx, &state)
	if err != nil {
		return err
	}
	var all []ledger.Command
	for _, m := range passed {
		all = append(all, ledger.Command{ID: x.expiryID(m), Body: &ledger.Expire{Account: x.Account, Month: m}})
	}
	if x.Points > 0 {
		all = append(all, x.hold())
	}
	x.Step = StepFreeze
	if len(all) == 0 {
		return nil
	}
	results, err := e.o.Ledger.Submit(ctx, e.o.Identity, all...)
	if err != nil {
		return err
	}
	if last := &results[len(results)-1]; x.Points > 0 && last.Code != ledger.CodeOK {
		x.Step, x.Code, x.Detail = StepWithdrawn, CodeMoved, fmt.Sprintf("the points could not be held: %s: %s", last.Code, last.Message)
	}
	return nil
}

// expiryID is the ID of the command that expires a month.
func (x *Erasure) expiryID(m ledger.Month) ledger.ID {
	var random [10]byte
	sum := sha256.Sum256(fmt.Appendf(nil, "pointgrid/erasure/v1\x00%s\x00%s", x.ID, m))
	copy(random[:], sum[:])
	return ledger.NewID(time.UnixMilli(x.ID.Milli()), random).Root()
}

// freezeAccount shuts the account, and looks whether something came or went before.
// Because it is frozen, what is seen then stays.
func (e *Privacy) freezeAccount(ctx context.Context, x *Erasure) error {
	next := StepPost
	if x.Points == 0 {
		next = StepClear
	}
	if err := e.commands(ctx, x, next, x.freeze(true)); err != nil {
		return err
	}
	state, err := e.state(ctx, x.Account)
	if err != nil {
		return err
	}
	held := int64(0)
	for _, h := range state.Holds {
		held += h.Amount
	}
	if state.Available() != 0 || held != x.Points {
		x.Step, x.Code, x.Detail = StepThaw, CodeMoved, "points came or went while they were being forfeited; ask again with what is left"
	}
	return nil
}

// clear has every place forget the number. What was under way when the account was
// frozen must have ended.
func (e *Privacy) clear(ctx context.Context, x *Erasure) error {
	m, err := e.o.Registry.o.Store.MemberWith(ctx, x.Account)
	if err != nil {
		return err
	}
	if err := e.obstacles(ctx, m); err != nil {
		return err
	}
	person := &Person{Member: *m, Token: x.Token}
	for i := range e.o.Places {
		if ask := e.o.Places[i].Aliases; ask != nil {
			found, err := ask(ctx, m)
			if err != nil {
				return fmt.Errorf("%s: %w", e.o.Places[i].Name, err)
			}
			person.Aliases = append(person.Aliases, found...)
		}
	}
	for i := range e.o.Places {
		if erase := e.o.Places[i].Erase; erase != nil {
			if err := erase(ctx, person); err != nil {
				return fmt.Errorf("%s: %w", e.o.Places[i].Name, err)
			}
		}
	}
	x.Step = StepForget
	return nil
}
