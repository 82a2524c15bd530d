package console

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/web/page"
)

// picked is a case that was selected, at the version at which it was seen.
type picked struct {
	id      string
	version int64
}

func pickedOf(values []string) (all []picked) {
	for _, text := range values[:min(len(values), selectedMax)] {
		id, number, _ := strings.Cut(text, ":")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			all = append(all, picked{id, n})
		}
	}
	return all
}

// changeSelected does the same to all cases that were selected. Each is a step of
// its own: one that somebody else changed meanwhile stays as it is, and is
// counted.
func (c *Console) changeSelected(v *visit) error {
	form := v.r.PostForm
	back := page.LocalPath(form.Get("to"), "/breaks")
	if !strings.HasPrefix(back, "/breaks") {
		back = "/breaks"
	}
	step := c.stepOnSelected(v, form.Get("do"), strings.TrimSpace(form.Get("reason")))
	selected := pickedOf(form["case"])
	switch {
	case step == nil:
		return errNotFound // no form of ours has it
	case len(selected) == 0:
		return c.done(v, back, "flash.none_selected")
	case needsReason(form.Get("do")) && strings.TrimSpace(form.Get("reason")) == "":
		return c.done(v, back, "flash.reason_missing")
	}
	done, left := 0, 0
	for _, p := range selected {
		switch err := step(p); {
		case err == nil:
			done++
		case deskRefusal(err) != nil || errors.Is(err, desk.ErrNotFound):
			left++
		default:
			return err
		}
	}
	if left > 0 {
		return c.done(v, back, "flash.selected_some", "done", strconv.Itoa(done), "left", strconv.Itoa(left))
	}
	return c.done(v, back, "flash.selected_done", "done", strconv.Itoa(done))
}

func needsReason(do string) bool {
	return do == string(desk.Accept) || do == string(desk.Return) || do == string(desk.MoveOn)
}

// stepOnSelected is what a button of the list does to one case; nil when the
// user has no such button.
func (c *Console) stepOnSelected(v *visit, do, reason string) func(picked) error {
	ctx := v.r.Context()
	switch {
	case do == "take":
		return func(p picked) error {
			_, err := c.o.Desk.Assign(ctx, v.person, p.id, p.version, v.person, ledger.Date(0))
			return err
		}
	case needsReason(do) && v.User.Has(makers...):
		return func(p picked) error {
			_, err := c.o.Desk.Propose(ctx, v.person, p.id, p.version, desk.Proposal{Action: desk.Action(do), Reason: reason})
			return err
		}
	case do == "approve" && v.User.Has(checkers...):
		return func(p picked) error {
			_, err := c.o.Desk.Approve(ctx, v.person, p.id, p.version)
			return err
		}
	}
	return nil
}

// deskRefusal tells what a person can mend from what is our failure.
func deskRefusal(err error) *refusal {
	var refused *desk.LedgerRefusal
	if errors.As(err, &refused) {
		return &refusal{"ledger", refused.Message}
	}
	if errors.Is(err, ledger.ErrNoIdentity) {
		return &refusal{"no_identity_here", ""}
	}
	for code, sentinel := range map[string]error{"changed": desk.ErrChanged, "same_person": desk.ErrSamePerson, "limit": desk.ErrLimit,
		"state": desk.ErrState, "invalid": desk.ErrInvalid} {
		if errors.Is(err, sentinel) {
			_, detail, _ := strings.Cut(err.Error(), ": ")
			return &refusal{code, detail}
		}
	}
	return nil
}
