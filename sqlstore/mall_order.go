package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

const mallOrderColumns = `id, client, request_key, request_hash, member, product, category, kind, partner, quantity, points, fen,
	returned, status, step, stock, wake_at, escalated_at, month, revision, fast, detail`

const (
	// An order that reserves stock is new for the rest of its transaction, in which
	// the stock follows it; so it takes it once, whatever was there before.
	insertMallOrder = `INSERT INTO mall_orders (` + mallOrderColumns + `)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22
		FROM mall_stocks WHERE product = $23 AND available >= $24
		AND EXISTS (SELECT 1 FROM mall_products WHERE id = $25 AND version = $26) ON CONFLICT DO NOTHING`
	reserveStock = `UPDATE mall_stocks SET available = available - $1, reserved = reserved + $2
		WHERE product = $3 AND EXISTS (SELECT 1 FROM mall_orders WHERE id = $4 AND stock = 'new')`
	markReserved = `UPDATE mall_orders SET stock = 'reserved' WHERE id = $1 AND stock = 'new'`

	// The stock of an order moves before the order does, while it is at the revision
	// before.
	consumeStock = `UPDATE mall_stocks SET reserved = reserved - $1, consumed = consumed + $2
		WHERE product = $3 AND EXISTS (SELECT 1 FROM mall_orders WHERE id = $4 AND revision = $5 AND stock = 'reserved')`
	releaseStock = `UPDATE mall_stocks SET reserved = reserved - $1, available = available + $2
		WHERE product = $3 AND EXISTS (SELECT 1 FROM mall_orders WHERE id = $4 AND revision = $5 AND stock = 'reserved')`
	updateMallOrder = `UPDATE mall_orders SET status = $1, step = $2, stock = $3, wake_at = $4, escalated_at = $5, month = $6,
		revision = $7, detail = $8 WHERE id = $9 AND revision = $10`

	selectMallOrder       = `SELECT ` + mallOrderColumns + ` FROM mall_orders WHERE id = $1`
	selectMallOrderByKey  = `SELECT ` + mallOrderColumns + ` FROM mall_orders WHERE client = $1 AND request_key = $2`
	selectUnfinishedOrder = `SELECT ` + mallOrderColumns + ` FROM mall_orders
		WHERE step <> 'done' AND wake_at <= $1 AND id > $2 ORDER BY id LIMIT $3`
	selectSales = `SELECT month, product, category, kind, partner, COUNT(*), CAST(SUM(quantity) AS BIGINT), CAST(SUM(points * quantity) AS BIGINT),
		CAST(SUM(fen * quantity) AS BIGINT), CAST(SUM(points * returned) AS BIGINT), CAST(SUM(fen * returned) AS BIGINT)
		FROM mall_orders WHERE month <> 0 AND month = $1 AND status IN ('fulfilled', 'refunded')
		GROUP BY month, product, category, kind, partner ORDER BY product, category`
	selectMonths = `SELECT DISTINCT month FROM mall_orders WHERE month <> 0 AND month BETWEEN $1 AND $2 ORDER BY month`
)

// CreateMallOrder implements [mall.Store].
func (s *Store) CreateMallOrder(ctx context.Context, o *mall.Order) (*mall.Order, error) {
	detail, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: order %s: %w", o.ID, err)
	}
	need, stock := int64(0), string(o.Stock)
	if o.Stock == mall.Reserved {
		need, stock = o.Quantity, "new"
	}
	all := []statement{stmt(insertMallOrder, o.ID[:], o.Client, o.Request.Key, o.Request.Hash[:], o.Member, o.Product, o.Category, string(o.Kind),
		o.Partner, o.Quantity, o.Points, o.Fen, o.Returned, string(o.Status), string(o.Step), stock, o.WakeAt, o.EscalatedAt, int64(o.Month),
		o.Revision, flag(o.Fast), string(detail), o.Product, need, o.Product, o.Version)}
	if need > 0 {
		all = append(all, stmt(reserveStock, need, need, o.Product, o.ID[:]), stmt(markReserved, o.ID[:]))
	}
	done, err := s.writer.do(ctx, all...)
	if err != nil || done[0].affected == 1 {
		return nil, err
	}
	return s.whyNoOrder(ctx, o)
}

// whyNoOrder finds what stood in the way of a new order.
func (s *Store) whyNoOrder(ctx context.Context, o *mall.Order) (*mall.Order, error) {
	existing, err := s.MallOrderByKey(ctx, o.Client, o.Request.Key)
	if !errors.Is(err, mall.ErrNotFound) {
		return existing, err
	}
	p, err := s.Product(ctx, o.Product)
	switch {
	case errors.Is(err, mall.ErrNotFound), err == nil && p.Version != o.Version:
		return nil, mall.ErrChanged
	case err != nil:
		return nil, err
	}
	return nil, mall.ErrSoldOut
}

// UpdateMallOrder implements [mall.Store].
func (s *Store) UpdateMallOrder(ctx context.Context, o *mall.Order) error {
	detail, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("sqlstore: order %s: %w", o.ID, err)
	}
	t, err := s.outbox.toldOfOrder(o)
	if err != nil {
		return err
	}
	all := t.statements
	switch o.Stock {
	case mall.Consumed:
		all = append(all, stmt(consumeStock, o.Quantity, o.Quantity, o.Product, o.ID[:], o.Revision-1))
	case mall.Released:
		all = append(all, stmt(releaseStock, o.Quantity, o.Quantity, o.Product, o.ID[:], o.Revision-1))
	}
	done, err := s.writer.do(ctx, append(all, stmt(updateMallOrder, string(o.Status), string(o.Step), string(o.Stock), o.WakeAt, o.EscalatedAt,
		int64(o.Month), o.Revision, string(detail), o.ID[:], o.Revision-1))...)
	if err != nil || done[len(done)-1].affected == 1 {
		if err == nil {
			t.notify()
		}
		return err
	}
	if _, err := s.MallOrder(ctx, o.ID); err != nil {
		return err
	}
	return mall.ErrChanged
}

// MallOrder implements [mall.Store].
func (s *Store) MallOrder(ctx context.Context, id ledger.ID) (*mall.Order, error) {
	return one(ctx, s.reader, scanMallOrder, mall.ErrNotFound, selectMallOrder, id[:])
}

// MallOrderByKey implements [mall.Store].
func (s *Store) MallOrderByKey(ctx context.Context, client, key string) (*mall.Order, error) {
	return one(ctx, s.reader, scanMallOrder, mall.ErrNotFound, selectMallOrderByKey, client, key)
}

// UnfinishedMallOrders implements [mall.Store].
func (s *Store) UnfinishedMallOrders(ctx context.Context, at int64, after ledger.ID, limit int) ([]*mall.Order, error) {
	return list(ctx, s.reader, scanMallOrder, selectUnfinishedOrder, at, after[:], int64(max(limit, 0)))
}

// MallOrders implements [mall.Store].
func (s *Store) MallOrders(ctx context.Context, f mall.OrderFilter) ([]*mall.Order, error) {
	if f.Limit < 1 || f.Limit > listMax {
		return nil, fmt.Errorf("sqlstore: limit is %d, must be 1 to %d", f.Limit, listMax)
	}
	var q selection
	query := q.mallOrders(f)
	return list(ctx, s.reader, scanMallOrder, query, q.args...)
}

func (q *selection) mallOrders(f mall.OrderFilter) string {
	var terms []string
	if f.Member != "" {
		terms = append(terms, "member = "+q.arg(f.Member))
	}
	if f.Status != "" {
		terms = append(terms, "status = "+q.arg(string(f.Status)))
	}
	if f.Waiting {
		terms = append(terms, "step = 'dispatch'")
	}
	if f.Escalated {
		terms = append(terms, "escalated_at <> 0")
	}
	if !f.Waiting && !f.Before.IsZero() {
		terms = append(terms, "id < "+q.arg(f.Before[:]))
	}
	order := "id DESC"
	if f.Waiting {
		order = "fast DESC, id"
	}
	switch {
	case f.Waiting && !f.After.IsZero() && f.AfterFast:
		terms = append(terms, "(fast = 0 OR id > "+q.arg(f.After[:])+")")
	case f.Waiting && !f.After.IsZero():
		terms = append(terms, "fast = 0 AND id > "+q.arg(f.After[:]))
	}
	where := ""
	if len(terms) > 0 {
		where = " WHERE " + strings.Join(terms, " AND ")
	}
	return `SELECT ` + mallOrderColumns + ` FROM mall_orders` + where + ` ORDER BY ` + order + ` LIMIT ` + q.arg(int64(f.Limit))
}

func scanMallOrder(row scanner) (*mall.Order, error) {
	var o mall.Order
	var id ledger.ID
	var client, key, member, product, category, kind, partner, detail string
	var hash ledger.Hash
	var quantity, points, fen, returned, wake, escalated, month, revision, fast natural
	err := row.Scan((*idColumn)(&id), &client, &key, (*hashColumn)(&hash), &member, &product, &category, &kind, &partner,
		&quantity, &points, &fen, &returned, (*orderStatus)(&o.Status), (*orderStep)(&o.Step), (*heldColumn)(&o.Stock), &wake, &escalated, &month, &revision, &fast, &detail)
	if err != nil {
		return nil, rowError("order", id, err)
	}
	if err := json.Unmarshal([]byte(detail), &o); err != nil {
		return nil, fmt.Errorf("sqlstore: order %s: %w", id, err)
	}
	if o.ID != id || o.Client != client || o.Request.Key != key || o.Member != member || o.Product != product || o.Category != category ||
		string(o.Kind) != kind || o.Partner != partner || o.Quantity != int64(quantity) || o.Points != int64(points) || o.Fen != int64(fen) || returned > quantity || flag(o.Fast) != int64(fast) {
		return nil, fmt.Errorf("sqlstore: order %s: its columns are not what its detail says", id)
	}
	o.Request.Hash, o.Returned, o.WakeAt, o.EscalatedAt = hash, int64(returned), int64(wake), int64(escalated)
	o.Month, o.Revision = ledger.Month(month), int64(revision)
	return &o, nil
}

type orderStatus mall.Status

func (c *orderStatus) Scan(v any) error {
	s, _ := v.(string)
	switch mall.Status(s) {
	case mall.Ordered, mall.Holding, mall.Paid, mall.Cancelling, mall.Fulfilled, mall.Cancelled, mall.Refunded:
		*c = orderStatus(s)
		return nil
	}
	return fmt.Errorf("unknown status %q", v)
}

type orderStep mall.Step

func (c *orderStep) Scan(v any) error {
	s, _ := v.(string)
	switch mall.Step(s) {
	case mall.StepHold, mall.StepAuthorise, mall.StepCapture, mall.StepApply, mall.StepGiveCode, mall.StepConvert, mall.StepDispatch,
		mall.StepPost, mall.StepWithdraw, mall.StepUnpay, mall.StepVoid, mall.StepReverse, mall.StepRepay, mall.StepDone:
		*c = orderStep(s)
		return nil
	}
	return fmt.Errorf("unknown step %q", v)
}

type heldColumn mall.Held

func (c *heldColumn) Scan(v any) error {
	s, ok := v.(string)
	switch h := mall.Held(s); {
	case ok && (h == mall.NoStock || h == mall.Reserved || h == mall.Consumed || h == mall.Released):
		*c = heldColumn(s)
		return nil
	}
	return fmt.Errorf("unknown state of stock %q", v)
}

// Sales implements [mall.Store]. It reads one month at a time.
func (s *Store) Sales(ctx context.Context, from, until ledger.Month, visit func(*mall.Sale) error) error {
	months, err := list(ctx, s.reader, func(row scanner) (*natural, error) {
		var m natural
		return &m, row.Scan(&m)
	}, selectMonths, int64(from), int64(until))
	if err != nil {
		return err
	}
	for _, m := range months {
		sales, err := list(ctx, s.reader, scanSale, selectSales, int64(*m))
		if err != nil {
			return err
		}
		for _, sale := range sales {
			if err := visit(sale); err != nil {
				return err
			}
		}
	}
	return nil
}

func scanSale(row scanner) (*mall.Sale, error) {
	var x mall.Sale
	var month natural
	var kind string
	err := row.Scan(&month, &x.Product, &x.Category, &kind, &x.Partner, (*natural)(&x.Orders), (*natural)(&x.Quantity), (*natural)(&x.Points),
		(*natural)(&x.Fen), (*natural)(&x.ReturnedPoints), (*natural)(&x.ReturnedFen))
	x.Month, x.Kind = ledger.Month(month), mall.Kind(kind)
	return &x, err
}
