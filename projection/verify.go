package projection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// Ledger is what a projection is compared with.
type Ledger interface {
	ledger.Ledger
	ledger.Blocks
}

// Verify compares a projection with the ledger: every row with the block it
// comes from, the sums of the rows with every position and house account, and
// the lots with the rows and with every member's balance. It returns [ErrMoved]
// when the ledger has transfers that the projection has not, also when they were
// written meanwhile.
func Verify(ctx context.Context, l Ledger, s Store) (Report, error) {
	at, err := s.Checkpoint(ctx)
	if err != nil {
		return Report{}, err
	}
	v := &verification{ledger: l, store: s, at: at, report: Report{Blocks: at.Height}, tally: newTally(), cursors: map[uint32]*cursor{}}
	for _, check := range []func(context.Context) error{v.rows, v.strangers, v.positions, v.lots, v.balances, v.still} {
		if err := check(ctx); err != nil {
			return v.report, err
		}
	}
	return v.report, nil
}

type verification struct {
	ledger  Ledger
	store   Store
	at      Checkpoint
	report  Report
	tally   tally
	cursors map[uint32]*cursor // by lane
	print   fingerprint        // of the lots that the rows on the ledger make
}

// rows compares every transfer in the blocks with its row.
func (v *verification) rows(ctx context.Context) error {
	err := v.blocks(ctx, 0, v.at.Height, func(b ledger.Block) error {
		for i := range b.Batches {
			for n := range b.Batches[i].Transfers {
				if err := v.row(ctx, rowOf(b.Number, &b.Batches[i], n)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for lane, c := range v.cursors {
		if err := v.rest(ctx, lane, c); err != nil {
			return err
		}
	}
	return nil
}

// blocks visits the blocks from one to before another.
func (v *verification) blocks(ctx context.Context, from, until uint64, visit func(ledger.Block) error) error {
	if from >= until {
		return nil
	}
	enough := errors.New("enough")
	err := v.ledger.FollowBlocks(ctx, from, func(b ledger.Block) error {
		if err := visit(b); err != nil {
			return err
		}
		if b.Number+1 >= until {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

// row compares one row. Those before it in the store should not be there.
func (v *verification) row(ctx context.Context, want Row) error {
	v.report.Transfers++
	if err := changes(&want.Transfer, v.print.add); err != nil {
		return err
	}
	c, ok := v.cursors[want.Locator.Lane]
	if !ok {
		c = &cursor{from: ledger.Locator{Lane: want.Locator.Lane}}
		v.cursors[want.Locator.Lane] = c
	}
	for {
		got, err := c.peek(ctx, v.store)
		switch {
		case err != nil:
			return err
		case got == nil || compareLocators(got.Locator, want.Locator) > 0:
			v.report.differ(name(&want), "missing", text(&want))
			return nil
		case got.Locator == want.Locator:
			c.advance()
			if text(got) != text(&want) {
				v.report.differ(name(&want), text(got), text(&want))
			}
			return v.tally.add(&got.Transfer)
		}
		v.report.differ(name(got), text(got), "missing")
		c.advance()
	}
}

// rest reports the rows of a lane that are left over.
func (v *verification) rest(ctx context.Context, lane uint32, c *cursor) error {
	for {
		got, err := c.peek(ctx, v.store)
		if err != nil || got == nil || got.Locator.Lane != lane {
			return err
		}
		v.report.differ(name(got), text(got), "missing")
		c.advance()
	}
}

// strangers reports rows of lanes that the ledger does not have.
func (v *verification) strangers(ctx context.Context) error {
	for lane := uint32(0); ; lane++ {
		rows, err := v.store.Rows(ctx, ledger.Locator{Lane: lane}, 1)
		if err != nil || len(rows) == 0 {
			return err
		}
		if lane = rows[0].Locator.Lane; v.cursors[lane] == nil {
			v.report.differ(name(&rows[0]), text(&rows[0]), "missing, with its whole lane")
		}
		if lane == 1<<32-1 {
			return nil
		}
	}
}

// still checks that the ledger has no transfers besides those compared.
func (v *verification) still(ctx context.Context) error {
	height, err := v.ledger.Height(ctx)
	if err != nil {
		return err
	}
	return v.blocks(ctx, v.at.Height, height, func(b ledger.Block) error {
		if len(b.Batches) > 0 {
			return fmt.Errorf("%w: it has %d blocks, and block %d of the ledger has transfers", ErrMoved, v.at.Height, b.Number)
		}
		return nil
	})
}

func name(r *Row) string {
	return fmt.Sprintf("transfer %d of batch %d, lane %d", r.Locator.Index, r.Locator.Batch, r.Locator.Lane)
}

// text is a row for comparing and for people.
func text(r *Row) string {
	b, err := json.Marshal(&r.Transfer)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("in block %d: %s", r.Block, b)
}

// cursor reads rows page by page.
type cursor struct {
	from ledger.Locator
	page []Row
	end  bool
}

// peek returns the next row, or nil after the last.
func (c *cursor) peek(ctx context.Context, s Store) (*Row, error) {
	if len(c.page) == 0 && !c.end {
		page, err := s.Rows(ctx, c.from, pageSize)
		if err != nil {
			return nil, err
		}
		if c.page, c.end = page, len(page) < pageSize; len(page) > 0 {
			c.from = page[len(page)-1].Locator
			c.from.Index++
		}
	}
	if len(c.page) == 0 {
		return nil, nil
	}
	return &c.page[0], nil
}

func (c *cursor) advance() { c.page = c.page[1:] }
