package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/api"
)

const (
	// capRoom is how many conversions the cap leaves room for.
	capRoom = 60
	// capAhead is when the agreement with the cap comes into force: by then each gateway
	// has seen it.
	capAhead = 4 * time.Second
	// capLoad is how long conversions are made at a time, until there is no room.
	capLoad = 3 * time.Second
	// capWithin is when there must be none.
	capWithin = time.Minute
)

// cap has the companies agree on how much may be owed, a little more than is, and makes
// more conversions than that leaves room for: as many as fit are carried out, and each
// of the others is refused for that reason.
func (b *Conversions) cap(ctx context.Context, stage *sandbox.Stage, load *Load) (int64, error) {
	company := kinds[b.Modes[0]].company
	before, err := b.day(ctx, stage, company)
	if err != nil {
		return 0, err
	}
	owed, count := before.open.net.Add(before.closed.net), before.open.count+before.closed.count
	each := owed.Div(decimal.NewFromInt(count))
	limit := owed.Add(each.Mul(decimal.NewFromInt(2*capRoom + 1)).Div(decimal.NewFromInt(2)))
	if err := b.agree(ctx, stage, company, limit); err != nil {
		return 0, fmt.Errorf("agree on a cap: %w", err)
	}
	load.Warmup, load.Duration, load.Final = 0, capLoad, http.StatusUnprocessableEntity
	var finished, refused int64
	err = until(ctx, capWithin, func() (bool, error) {
		o, err := generate(ctx, load)
		if err != nil {
			return false, err
		}
		n := o.Others[strconv.Itoa(load.Final)]
		finished, refused = finished+o.Finished, refused+n
		if sum(o.Others) != n || n > 0 && !strings.Contains(o.FirstBody, string(ledger.CodeExposureCap)) {
			return false, fmt.Errorf("below and at the cap, answers other than 201: %v; first: %.2000s", o.Others, o.FirstBody)
		}
		return refused > 0, nil
	})
	if err == nil && finished != capRoom {
		err = errors.New("room is left, or was exceeded")
	}
	if err != nil {
		return 0, fmt.Errorf("with room for %d conversions below the cap, %d were answered 201 and %d refused: %w", capRoom, finished, refused, err)
	}
	after, err := b.day(ctx, stage, company)
	if err != nil {
		return 0, err
	}
	if now := after.open.net.Add(after.closed.net); !now.Equal(owed.Add(each.Mul(decimal.NewFromInt(capRoom)))) {
		return 0, fmt.Errorf("%s owes %s yuan after %d conversions of %s each, and %s before", company, now, capRoom, each, owed)
	}
	fmt.Fprintf(b.Out, "the cap was used up and not exceeded: with room for %d conversions %d were carried out and %d refused, in %d lanes\n",
		capRoom, finished, refused, max(b.Lanes, 1))
	return finished, nil
}

// agree puts a new version of a company's agreement for conversions in into force, which
// differs by its cap in yuan.
func (b *Conversions) agree(ctx context.Context, stage *sandbox.Stage, company string, limit decimal.Decimal) error {
	utility, err := stage.Client(sandbox.UtilityClient)
	if err != nil {
		return err
	}
	theirs, err := stage.Client(company)
	if err != nil {
		return err
	}
	now, err := b.clock(ctx, stage)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(sandbox.CompanyOf(company).Terms, func(t ledger.Terms) bool { return t.Direction == ledger.In })
	terms := sandbox.CompanyOf(company).Terms[at]
	terms.Version, terms.From = terms.Version+1, now.Add(capAhead).UnixMilli()
	terms.ExposureCap = limit.Shift(6).IntPart()
	var made struct{ ID, Hash string }
	if _, err := utility.Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/agreements", Body: api.RenderTerms(&terms)}, &made); err != nil {
		return err
	}
	accept := client.Request{Method: http.MethodPost, Path: "/v1/agreements/" + made.ID + "/accept", Body: map[string]string{"hash": made.Hash}}
	if _, err := theirs.Do(ctx, accept, nil); err != nil {
		return err
	}
	return until(ctx, 2*capAhead, func() (bool, error) {
		now, err := b.clock(ctx, stage)
		return now.UnixMilli() > terms.From, err
	})
}
