package fabric

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
)

// routed is a command's body with the companies that it concerns, so that the
// lane can tell which commands may share a batch.
type routed struct {
	ledger.Body
	group string
}

// groupSeparator cannot be part of an MSP ID.
const groupSeparator = "\n"

func groupOf(c ledger.Command) string {
	if r, ok := c.Body.(*routed); ok {
		return r.group
	}
	return ""
}

// members returns the companies of a group.
func members(group string) []string {
	if group == "" {
		return nil
	}
	return strings.Split(group, groupSeparator)
}

// source is what routes asks the ledger.
type source interface {
	Alliance(ctx context.Context) (ledger.Alliance, error)
	Partners(ctx context.Context) ([]ledger.Partner, error)
	find(ctx context.Context, ids []ledger.ID) ([]*ledger.Entry, error)
}

// routes knows which companies a command concerns: the utility and the partners
// whose points it moves. A command that names a hold, a conversion or an
// agreement concerns whoever that concerned.
type routes struct {
	home   string
	source source

	mu       sync.RWMutex
	utility  string
	lanes    uint32            // at least 1
	partners map[string]string // MSP ID by partner code
	// young and old remember whom holds and agreements concern: what is new, or
	// asked for, is in young; when that is full, old is dropped.
	young, old map[ledger.ID]string
}

// rememberMax is the number of holds and agreements in one generation.
const rememberMax = 1 << 16

func newRoutes(home string, s source) *routes {
	return &routes{home: home, source: s, lanes: 1, partners: map[string]string{}, young: map[ledger.ID]string{}, old: map[ledger.ID]string{}}
}

// refresh reads who takes part. An empty ledger has nobody yet.
func (r *routes) refresh(ctx context.Context) error {
	a, err := r.source.Alliance(ctx)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	all, err := r.source.Partners(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.utility, r.lanes = a.MSP, max(a.Lanes, 1)
	for _, p := range all {
		r.partners[p.Code] = p.MSP
	}
	return nil
}

// count returns the number of lanes.
func (r *routes) count() uint32 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.lanes
}

// partner returns a partner's company; empty for a partner that there is not.
func (r *routes) partner(code string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.partners[code]
}

// utilityOr returns the utility's company, or the given one before the ledger
// has a utility.
func (r *routes) utilityOr(msp string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.utility == "" {
		return msp
	}
	return r.utility
}

// route returns the commands with their groups.
func (r *routes) route(ctx context.Context, caller ledger.Identity, commands []ledger.Command) ([]ledger.Command, error) {
	if err := r.learn(ctx, commands); err != nil {
		return nil, err
	}
	out := make([]ledger.Command, len(commands))
	bodies := make([]routed, len(commands))
	own := map[ledger.ID]string{} // of holds and agreements among the commands
	utility := r.utilityOr(caller.MSP)
	for i, c := range commands {
		if c.Body.Kind().Alone() {
			out[i] = c // alone in its batch; the lane knows it by its type
			continue
		}
		partners := r.partnersOf(c.Body, own)
		if c.Body.Kind() == ledger.KindHold || c.Body.Kind() == ledger.KindProposeAgreement {
			own[c.ID] = partners
		}
		bodies[i] = routed{c.Body, join(utility, partners)}
		out[i] = c
		out[i].Body = &bodies[i]
	}
	return out, nil
}

// join makes a group of the utility and others, which are joined already.
func join(utility, partners string) string {
	if partners == "" {
		return utility
	}
	return utility + groupSeparator + partners
}

// partnersOf returns the partners' companies that a command concerns, joined.
func (r *routes) partnersOf(body ledger.Body, own map[ledger.ID]string) string {
	if codes, ok := legs(body); ok {
		if len(codes) == 1 {
			return r.partner(codes[0])
		}
		return r.companiesOf(codes...)
	}
	id, ok := refers(body)
	if !ok {
		return ""
	}
	if partners, ok := own[id]; ok {
		return partners
	}
	partners, _ := r.recall(id)
	return partners
}

// legs returns the partner codes that a command names itself.
func legs(body ledger.Body) ([]string, bool) {
	switch c := body.(type) {
	case *ledger.ConvertIn:
		return []string{c.Leg.Partner}, true
	case *ledger.ConvertOut:
		return []string{c.Leg.Partner}, true
	case *ledger.CrossConvert:
		return []string{c.Source.Partner, c.Destination.Partner}, true
	case *ledger.ProposeAgreement:
		return []string{c.Terms.Partner}, true
	case *ledger.Hold:
		if c.Leg != nil {
			return []string{c.Leg.Partner}, true
		}
	case *ledger.AdvanceSettlement:
		return []string{c.Partner}, true
	case *ledger.ProposeAdjustment:
		return []string{c.Partner}, true
	case *ledger.AcceptAdjustment:
		return []string{c.Partner}, true
	case *ledger.RejectAdjustment:
		return []string{c.Partner}, true
	}
	return nil, false
}

// refers returns the ID of the earlier command that a command builds on.
func refers(body ledger.Body) (ledger.ID, bool) {
	switch c := body.(type) {
	case *ledger.Post:
		return c.Hold, true
	case *ledger.Void:
		return c.Hold, true
	case *ledger.Reverse:
		return c.Original, true
	case *ledger.AcceptAgreement:
		return c.Agreement, true
	case *ledger.RejectAgreement:
		return c.Agreement, true
	}
	return ledger.ID{}, false
}

// companiesOf returns the companies of partners, joined in ascending order; a
// partner that there is not has none.
func (r *routes) companiesOf(codes ...string) string {
	var msps []string
	for _, code := range codes {
		if msp := r.partner(code); msp != "" {
			msps = append(msps, msp)
		}
	}
	if len(msps) == 2 && msps[0] >= msps[1] {
		msps = union(msps[:1], msps[1:])
	}
	return strings.Join(msps, groupSeparator)
}

// learn makes sure that what the commands refer to is known: partners that were
// registered elsewhere, and holds, conversions and agreements from before.
func (r *routes) learn(ctx context.Context, commands []ledger.Command) error {
	unknown := false
	var ids []ledger.ID
	for _, c := range commands {
		codes, _ := legs(c.Body)
		for _, code := range codes {
			unknown = unknown || r.partner(code) == ""
		}
		if id, ok := refers(c.Body); ok {
			if _, known := r.recall(id); !known {
				ids = append(ids, id)
			}
		}
	}
	if unknown {
		if err := r.refresh(ctx); err != nil {
			return fmt.Errorf("%w: %w", ledger.ErrBusy, err)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	entries, err := r.source.find(ctx, ids)
	if err != nil {
		return fmt.Errorf("%w: %w", ledger.ErrBusy, err)
	}
	for _, e := range entries {
		if e != nil {
			r.note(&e.Transfer)
		}
	}
	return nil
}
