package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/payment"
)

var _ payment.Store = (*Store)(nil)

const (
	// A new order's payments come first, those that are free; then the order, if they
	// all were; and if they were not, they go again.
	insertPayment = `INSERT INTO payments (reference, order_id, settlement, channel, attempt, state, version, detail)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE NOT EXISTS (SELECT 1 FROM payment_orders WHERE id = $9) ON CONFLICT DO NOTHING`
	insertOrder = `INSERT INTO payment_orders (id, state, prepared_at, version, detail)
		SELECT $1, $2, $3, $4, $5 WHERE (SELECT COUNT(*) FROM payments WHERE order_id = $6) = $7 ON CONFLICT DO NOTHING`
	deleteHomeless = `DELETE FROM payments WHERE order_id = $1 AND NOT EXISTS (SELECT 1 FROM payment_orders WHERE id = $2)`

	// The payments of an order change before it, while it is at the version before.
	updatePaymentOf = `UPDATE payments SET state = $1, version = $2, detail = $3 WHERE reference = $4 AND order_id = $5
		AND EXISTS (SELECT 1 FROM payment_orders WHERE id = $6 AND version = $7)`
	updateOrder   = `UPDATE payment_orders SET state = $1, version = $2, detail = $3 WHERE id = $4 AND version = $5`
	updatePayment = `UPDATE payments SET state = $1, version = $2, detail = $3 WHERE reference = $4 AND version = $5`

	selectOrder  = `SELECT id, state, prepared_at, version, detail FROM payment_orders WHERE id = $1`
	selectOrders = `SELECT id, state, prepared_at, version, detail FROM payment_orders
		WHERE prepared_at < $1 OR prepared_at = $2 AND id < $3 ORDER BY prepared_at DESC, id DESC LIMIT $4`
	selectReleasing = `SELECT id, state, prepared_at, version, detail FROM payment_orders WHERE state = 'releasing' ORDER BY prepared_at, id`

	paymentColumns     = `reference, order_id, settlement, channel, attempt, state, version, detail`
	selectPayment      = `SELECT ` + paymentColumns + ` FROM payments WHERE reference = $1`
	selectPaymentsOf   = `SELECT ` + paymentColumns + ` FROM payments WHERE settlement = $1 ORDER BY channel, attempt`
	selectPaymentsWith = `SELECT ` + paymentColumns + ` FROM payments WHERE order_id = $1 ORDER BY settlement, channel, attempt`

	insertReading  = `INSERT INTO bank_readings (digest, at, detail) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	selectReading  = `SELECT digest, at, detail FROM bank_readings WHERE digest = $1`
	selectReadings = `SELECT digest, at, detail FROM bank_readings ORDER BY at DESC, digest LIMIT $1`
)

// CreateOrder implements [payment.Store].
func (s *Store) CreateOrder(ctx context.Context, o *payment.Order) error {
	detail, err := orderDetail(o)
	if err != nil {
		return err
	}
	all := make([]statement, 0, len(o.Payments)+2)
	for i := range o.Payments {
		p := &o.Payments[i]
		text, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("sqlstore: payment %s: %w", p.Reference, err)
		}
		all = append(all, stmt(insertPayment, p.Reference, o.ID, p.Settlement, int64(p.Channel), p.Attempt, string(p.State), p.Version, string(text), o.ID))
	}
	all = append(all, stmt(insertOrder, o.ID, string(o.State), o.PreparedAt, o.Version, detail, o.ID, int64(len(o.Payments))), stmt(deleteHomeless, o.ID, o.ID))
	done, err := s.writer.do(ctx, all...)
	if err == nil && done[len(done)-2].affected == 0 {
		return payment.ErrTaken
	}
	return err
}

// orderDetail is an order without its payments, which have rows of their own.
func orderDetail(o *payment.Order) (string, error) {
	alone := *o
	alone.Payments = nil
	text, err := json.Marshal(&alone)
	if err != nil {
		return "", fmt.Errorf("sqlstore: payment order %s: %w", o.ID, err)
	}
	return string(text), nil
}

// UpdateOrder implements [payment.Store].
func (s *Store) UpdateOrder(ctx context.Context, o *payment.Order) error {
	detail, err := orderDetail(o)
	if err != nil {
		return err
	}
	all := make([]statement, 0, len(o.Payments)+1)
	for i := range o.Payments {
		p := &o.Payments[i]
		text, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("sqlstore: payment %s: %w", p.Reference, err)
		}
		all = append(all, stmt(updatePaymentOf, string(p.State), p.Version, string(text), p.Reference, o.ID, o.ID, o.Version-1))
	}
	done, err := s.writer.do(ctx, append(all, stmt(updateOrder, string(o.State), o.Version, detail, o.ID, o.Version-1))...)
	if err == nil && done[len(done)-1].affected == 0 {
		return payment.ErrChanged
	}
	return err
}

// Order implements [payment.Store].
func (s *Store) Order(ctx context.Context, id string) (*payment.Order, error) {
	o, err := one(ctx, s.reader, scanOrder, payment.ErrNotFound, selectOrder, id)
	if err != nil {
		return nil, err
	}
	return o, s.addPayments(ctx, o)
}

// addPayments reads the payments of orders.
func (s *Store) addPayments(ctx context.Context, all ...*payment.Order) (err error) {
	for _, o := range all {
		if o.Payments, err = values(list(ctx, s.reader, scanPayment, selectPaymentsWith, o.ID)); err != nil {
			return err
		}
		if len(o.Payments) == 0 {
			o.Payments = nil
		}
	}
	return nil
}

// Orders implements [payment.Store].
func (s *Store) Orders(ctx context.Context, before string, limit int) ([]*payment.Order, error) {
	at := int64(math.MaxInt64)
	if before != "" {
		last, err := one(ctx, s.reader, scanOrder, payment.ErrNotFound, selectOrder, before)
		if err != nil {
			return nil, err
		}
		at = last.PreparedAt
	}
	all, err := list(ctx, s.reader, scanOrder, selectOrders, at, at, before, int64(max(limit, 0)))
	if err != nil {
		return nil, err
	}
	return all, s.addPayments(ctx, all...)
}

// Unreleased implements [payment.Store].
func (s *Store) Unreleased(ctx context.Context) ([]*payment.Order, error) {
	all, err := list(ctx, s.reader, scanOrder, selectReleasing)
	if err != nil {
		return nil, err
	}
	return all, s.addPayments(ctx, all...)
}

func scanOrder(row scanner) (*payment.Order, error) {
	var o payment.Order
	var id, state, detail string
	var prepared, version natural
	if err := row.Scan(&id, &state, &prepared, &version, &detail); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(detail), &o); err != nil {
		return nil, fmt.Errorf("sqlstore: payment order %s: %w", id, err)
	}
	if o.ID != id || string(o.State) != state || o.PreparedAt != int64(prepared) || o.Version != int64(version) {
		return nil, fmt.Errorf("sqlstore: payment order %s: its columns are not what its detail says", id)
	}
	return &o, nil
}

// Payment implements [payment.Store].
func (s *Store) Payment(ctx context.Context, reference string) (*payment.Payment, error) {
	return one(ctx, s.reader, scanPayment, payment.ErrNotFound, selectPayment, reference)
}

// PaymentsOf implements [payment.Store].
func (s *Store) PaymentsOf(ctx context.Context, settlement string) ([]*payment.Payment, error) {
	return list(ctx, s.reader, scanPayment, selectPaymentsOf, settlement)
}

func scanPayment(row scanner) (*payment.Payment, error) {
	var p payment.Payment
	var reference, order, settlement, state, detail string
	var channel, attempt, version natural
	if err := row.Scan(&reference, &order, &settlement, &channel, &attempt, &state, &version, &detail); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(detail), &p); err != nil {
		return nil, fmt.Errorf("sqlstore: payment %s: %w", reference, err)
	}
	if p.Reference != reference || p.Order != order || p.Settlement != settlement || int64(p.Channel) != int64(channel) ||
		p.Attempt != int64(attempt) || string(p.State) != state || p.Version != int64(version) {
		return nil, fmt.Errorf("sqlstore: payment %s: its columns are not what its detail says", reference)
	}
	return &p, nil
}

// UpdatePayment implements [payment.Store].
func (s *Store) UpdatePayment(ctx context.Context, p *payment.Payment) error {
	detail, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("sqlstore: payment %s: %w", p.Reference, err)
	}
	n, err := s.writer.one(ctx, updatePayment, string(p.State), p.Version, string(detail), p.Reference, p.Version-1)
	if err == nil && n == 0 {
		return payment.ErrChanged
	}
	return err
}

// SaveReading implements [payment.Store].
func (s *Store) SaveReading(ctx context.Context, r *payment.Reading) error {
	kept := *r
	kept.Replayed = false
	detail, err := json.Marshal(&kept)
	if err != nil {
		return fmt.Errorf("sqlstore: reading %s: %w", r.Digest, err)
	}
	_, err = s.writer.one(ctx, insertReading, r.Digest[:], r.At, string(detail))
	return err
}

// Reading implements [payment.Store].
func (s *Store) Reading(ctx context.Context, digest ledger.Hash) (*payment.Reading, error) {
	return one(ctx, s.reader, scanReading, payment.ErrNotFound, selectReading, digest[:])
}

// Readings implements [payment.Store].
func (s *Store) Readings(ctx context.Context, limit int) ([]*payment.Reading, error) {
	return list(ctx, s.reader, scanReading, selectReadings, int64(max(limit, 0)))
}

func scanReading(row scanner) (*payment.Reading, error) {
	var r payment.Reading
	var digest ledger.Hash
	var at natural
	var detail string
	if err := row.Scan((*hashColumn)(&digest), &at, &detail); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(detail), &r); err != nil {
		return nil, fmt.Errorf("sqlstore: reading %s: %w", digest, err)
	}
	if r.Digest != digest || r.At != int64(at) {
		return nil, errors.New("sqlstore: a reading's columns are not what its detail says")
	}
	return &r, nil
}
