package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

const (
	stockColumns = `product, available, reserved, consumed, version`
	selectStock  = `SELECT ` + stockColumns + ` FROM mall_stocks WHERE product = $1`
	addStock     = `UPDATE mall_stocks SET available = available + $1, version = $2 WHERE product = $3 AND version = $4 AND available + $5 >= 0`
	// An entry is added only where the stock has come to its number.
	insertStockChange = insertChange + ` FROM mall_stocks WHERE product = $7 AND version = $8 ON CONFLICT DO NOTHING`

	// Codes come before the stock changes, while it is at the version before; then it
	// counts them.
	insertCode = `INSERT INTO mall_codes (fingerprint, product, batch, place, sealed)
		SELECT $1, $2, $3, $4, $5 FROM mall_stocks WHERE product = $6 AND version = $7 ON CONFLICT DO NOTHING`
	countCodes = `UPDATE mall_stocks SET available = available + (SELECT COUNT(*) FROM mall_codes WHERE product = $1 AND batch = $2),
		version = $3 WHERE product = $4 AND version = $5`
	giveCodes = `UPDATE mall_codes SET order_id = $1
		WHERE fingerprint IN (SELECT fingerprint FROM mall_codes WHERE product = $2 AND order_id IS NULL ORDER BY batch, place LIMIT $3)
		AND NOT EXISTS (SELECT 1 FROM mall_codes WHERE order_id = $4)
		AND (SELECT COUNT(*) FROM (SELECT 1 FROM mall_codes WHERE product = $5 AND order_id IS NULL LIMIT $6) AS free) = $7`
	selectCodes = `SELECT fingerprint, sealed FROM mall_codes WHERE order_id = $1 ORDER BY batch, place`
)

func scanStock(row scanner) (*mall.Stock, error) {
	var k mall.Stock
	return &k, row.Scan(&k.Product, (*natural)(&k.Available), (*natural)(&k.Reserved), (*natural)(&k.Consumed), (*natural)(&k.Version))
}

// Stock implements [mall.Store].
func (s *Store) Stock(ctx context.Context, product string) (*mall.Stock, error) {
	return one(ctx, s.reader, scanStock, mall.ErrNotFound, selectStock, product)
}

// stocksMax is how many stocks one query reads: a page of products.
const stocksMax = listMax

// Stocks implements [mall.Store].
func (s *Store) Stocks(ctx context.Context, products []string) ([]*mall.Stock, error) {
	if len(products) == 0 || len(products) > stocksMax {
		return nil, fmt.Errorf("sqlstore: %d stocks are asked for, must be 1 to %d", len(products), stocksMax)
	}
	// The number of texts of a query is bounded: they are prepared and kept.
	room := 1
	for room < len(products) {
		room *= 4
	}
	var q selection
	in := make([]string, room)
	for i := range in {
		in[i] = q.arg(products[min(i, len(products)-1)])
	}
	return list(ctx, s.reader, scanStock, `SELECT `+stockColumns+` FROM mall_stocks WHERE product IN (`+strings.Join(in, ", ")+`)`, q.args...)
}

// AddStock implements [mall.Store].
func (s *Store) AddStock(ctx context.Context, delta int64, e *mall.Change) error {
	done, err := s.writer.do(ctx, stmt(addStock, delta, e.Number, e.Subject, e.Number-1, delta),
		stmt(insertStockChange, append(changeArgs(e), e.Subject, e.Number)...))
	if err != nil || done[0].affected == 1 {
		return err
	}
	return s.whyNoStock(ctx, e.Subject)
}

func (s *Store) whyNoStock(ctx context.Context, product string) error {
	if _, err := s.Stock(ctx, product); err != nil {
		return err
	}
	return mall.ErrChanged
}

// AddCodes implements [mall.Store].
func (s *Store) AddCodes(ctx context.Context, codes []mall.SealedCode, e *mall.Change) (added int64, err error) {
	all := make([]statement, 0, len(codes)+2)
	for i, c := range codes {
		all = append(all, stmt(insertCode, c.Fingerprint[:], e.Subject, e.Number, int64(i), c.Sealed, e.Subject, e.Number-1))
	}
	all = append(all, stmt(countCodes, e.Subject, e.Number, e.Number, e.Subject, e.Number-1),
		stmt(insertStockChange, append(changeArgs(e), e.Subject, e.Number)...))
	done, err := s.writer.do(ctx, all...)
	if err != nil {
		return 0, err
	}
	if done[len(codes)].affected == 0 {
		return 0, s.whyNoStock(ctx, e.Subject)
	}
	for _, st := range done[:len(codes)] {
		added += st.affected
	}
	return added, nil
}

// GiveCodes implements [mall.Store].
func (s *Store) GiveCodes(ctx context.Context, order ledger.ID, product string, n int64) error {
	given, err := s.writer.one(ctx, giveCodes, order[:], product, n, order[:], product, n, n)
	if err != nil || given > 0 {
		return err
	}
	has, err := s.Codes(ctx, order)
	if err == nil && len(has) == 0 {
		return mall.ErrSoldOut
	}
	return err
}

// Codes implements [mall.Store].
func (s *Store) Codes(ctx context.Context, order ledger.ID) ([]mall.SealedCode, error) {
	return values(list(ctx, s.reader, scanCode, selectCodes, order[:]))
}

func scanCode(row scanner) (*mall.SealedCode, error) {
	var c mall.SealedCode
	var fingerprint ledger.Hash
	if err := row.Scan((*hashColumn)(&fingerprint), &c.Sealed); err != nil {
		return nil, err
	}
	if c.Fingerprint = fingerprint; len(c.Sealed) == 0 {
		return nil, errors.New("sqlstore: a code is empty")
	}
	return &c, nil
}
