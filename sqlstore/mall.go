package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/mall"
)

var _ mall.Store = (*Store)(nil)

const (
	insertCategory = `INSERT INTO mall_categories (id, shelf, version, detail) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	updateCategory = `UPDATE mall_categories SET shelf = $1, version = $2, detail = $3 WHERE id = $4 AND version = $5`
	// An entry is added only where its subject has come to its number; where another
	// was faster its entry is there already.
	insertCategoryChange = insertChange + ` FROM mall_categories WHERE id = $7 AND version = $8 ON CONFLICT DO NOTHING`
	selectCategories     = `SELECT id, shelf, version, detail FROM mall_categories ORDER BY shelf, id`

	insertChange  = `INSERT INTO mall_changes (subject, what, number, made_by, at, detail) SELECT $1, $2, $3, $4, $5, $6`
	selectChanges = `SELECT subject, what, number, made_by, at, detail FROM mall_changes WHERE subject = $1 ORDER BY at, what, number`

	// Terms change before their product, while it is at the version before.
	deleteTerms = `DELETE FROM mall_terms WHERE product = $1 AND EXISTS (SELECT 1 FROM mall_products WHERE id = $2 AND version = $3)`
	updateTerm  = `INSERT INTO mall_terms (term, product) SELECT $1, $2 FROM mall_products WHERE id = $3 AND version = $4 ON CONFLICT DO NOTHING`
	insertTerm  = `INSERT INTO mall_terms (term, product) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM mall_products WHERE id = $3) ON CONFLICT DO NOTHING`

	insertProduct = `INSERT INTO mall_products (id, category, kind, shelf, listed, exclusive, sale_from, sale_until, version, detail)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE TRUE ON CONFLICT DO NOTHING`
	insertMallStock = `INSERT INTO mall_stocks (product, available, reserved, consumed, version) SELECT $1, 0, 0, 0, 0 WHERE TRUE ON CONFLICT DO NOTHING`
	updateProduct   = `UPDATE mall_products SET category = $1, kind = $2, shelf = $3, listed = $4, exclusive = $5, sale_from = $6, sale_until = $7,
		version = $8, detail = $9 WHERE id = $10 AND version = $11`
	insertProductChange = insertChange + ` FROM mall_products WHERE id = $7 AND version = $8 ON CONFLICT DO NOTHING`

	productColumns = `id, version, detail`
	selectProduct  = `SELECT ` + productColumns + ` FROM mall_products WHERE id = $1`
)

func changeArgs(e *mall.Change) []any {
	return []any{e.Subject, e.What, e.Number, e.By, e.At, e.Detail}
}

// SaveCategory implements [mall.Store].
func (s *Store) SaveCategory(ctx context.Context, c *mall.Category, e *mall.Change) error {
	detail, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("sqlstore: category %s: %w", c.ID, err)
	}
	if e.Number != c.Version {
		return mall.ErrChanged
	}
	change := stmt(insertCategory, c.ID, c.Shelf, c.Version, string(detail))
	if c.Version > 1 {
		change = stmt(updateCategory, c.Shelf, c.Version, string(detail), c.ID, c.Version-1)
	}
	done, err := s.writer.do(ctx, change, stmt(insertCategoryChange, append(changeArgs(e), c.ID, c.Version)...))
	if err == nil && done[0].affected == 0 {
		return mall.ErrChanged
	}
	return err
}

// Categories implements [mall.Store].
func (s *Store) Categories(ctx context.Context) ([]*mall.Category, error) {
	return list(ctx, s.reader, scanCategory, selectCategories)
}

func scanCategory(row scanner) (*mall.Category, error) {
	var c mall.Category
	var id, detail string
	var shelf, version natural
	if err := row.Scan(&id, &shelf, &version, &detail); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(detail), &c); err != nil {
		return nil, fmt.Errorf("sqlstore: category %s: %w", id, err)
	}
	if c.ID != id || c.Shelf != int64(shelf) || c.Version != int64(version) {
		return nil, fmt.Errorf("sqlstore: category %s: its columns are not what its detail says", id)
	}
	return &c, nil
}

// SaveProduct implements [mall.Store].
func (s *Store) SaveProduct(ctx context.Context, p *mall.Product, e *mall.Change) error {
	all, err := productStatements(p, e)
	if err != nil {
		return err
	}
	done, err := s.writer.do(ctx, all...)
	if err == nil && done[len(all)-2].affected == 0 {
		return mall.ErrChanged
	}
	return err
}

// productStatements store a product; the last but one is the product itself.
func productStatements(p *mall.Product, e *mall.Change) ([]statement, error) {
	detail, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: product %s: %w", p.ID, err)
	}
	if e.Number != p.Version {
		return nil, mall.ErrChanged
	}
	args := []any{p.Category, string(p.Kind), p.Shelf, flag(p.Listed), flag(p.Exclusive), p.SaleFrom, p.SaleUntil, p.Version, string(detail)}
	all := termStatements(p)
	if p.Version == 1 {
		all = append(all, stmt(insertMallStock, p.ID), stmt(insertProduct, append([]any{p.ID}, args...)...))
	} else {
		all = append(all, stmt(updateProduct, append(args, p.ID, p.Version-1)...))
	}
	return append(all, stmt(insertProductChange, append(changeArgs(e), p.ID, p.Version)...)), nil
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func termStatements(p *mall.Product) (all []statement) {
	if p.Version > 1 {
		all = append(all, stmt(deleteTerms, p.ID, p.ID, p.Version-1))
	}
	for _, term := range p.Terms() {
		if p.Version > 1 {
			all = append(all, stmt(updateTerm, []byte(term), p.ID, p.ID, p.Version-1))
		} else {
			all = append(all, stmt(insertTerm, []byte(term), p.ID, p.ID))
		}
	}
	return all
}

// Product implements [mall.Store].
func (s *Store) Product(ctx context.Context, id string) (*mall.Product, error) {
	return one(ctx, s.reader, scanProduct, mall.ErrNotFound, selectProduct, id)
}

func scanProduct(row scanner) (*mall.Product, error) {
	var p mall.Product
	var id, detail string
	var version natural
	if err := row.Scan(&id, &version, &detail); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(detail), &p); err != nil {
		return nil, fmt.Errorf("sqlstore: product %s: %w", id, err)
	}
	if p.ID != id || p.Version != int64(version) {
		return nil, fmt.Errorf("sqlstore: product %s: its columns are not what its detail says", id)
	}
	return &p, nil
}

// Products implements [mall.Store].
func (s *Store) Products(ctx context.Context, f mall.ProductFilter) ([]*mall.Product, error) {
	if f.Limit < 1 || f.Limit > listMax {
		return nil, fmt.Errorf("sqlstore: limit is %d, must be 1 to %d", f.Limit, listMax)
	}
	var q selection
	query := q.products(f)
	return list(ctx, s.reader, scanProduct, query, q.args...)
}

func (q *selection) products(f mall.ProductFilter) string {
	var terms []string
	if f.Category != "" {
		terms = append(terms, "category = "+q.arg(f.Category))
	}
	if f.Kind != "" {
		terms = append(terms, "kind = "+q.arg(string(f.Kind)))
	}
	if f.OnSaleAt != 0 {
		terms = append(terms, "listed = 1 AND sale_from <= "+q.arg(f.OnSaleAt)+" AND (sale_until = 0 OR sale_until > "+q.arg(f.OnSaleAt)+")")
	}
	if f.Access != mall.AnyAccess {
		terms = append(terms, "exclusive = "+q.arg(flag(f.Access == mall.ExclusiveOnly)))
	}
	for _, w := range f.Wanted {
		// No text in UTF-8 has a byte 0xff, so what begins with w lies below w and one.
		terms = append(terms, "id IN (SELECT product FROM mall_terms WHERE term >= "+q.arg([]byte(w))+" AND term < "+q.arg(append([]byte(w), 0xff))+")")
	}
	if f.AfterID != "" {
		terms = append(terms, "(shelf > "+q.arg(f.AfterShelf)+" OR shelf = "+q.arg(f.AfterShelf)+" AND id > "+q.arg(f.AfterID)+")")
	}
	where := ""
	if len(terms) > 0 {
		where = " WHERE " + strings.Join(terms, " AND ")
	}
	return `SELECT ` + productColumns + ` FROM mall_products` + where + ` ORDER BY shelf, id LIMIT ` + q.arg(int64(f.Limit))
}

// MallChanges implements [mall.Store].
func (s *Store) MallChanges(ctx context.Context, subject string) ([]*mall.Change, error) {
	return list(ctx, s.reader, func(row scanner) (*mall.Change, error) {
		var e mall.Change
		return &e, row.Scan(&e.Subject, &e.What, (*natural)(&e.Number), &e.By, (*natural)(&e.At), &e.Detail)
	}, selectChanges, subject)
}
