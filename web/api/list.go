package api

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// item renders a row of a list that goes on by ID, and says its ID.
type item[Row, Item any] func(Row) (Item, ledger.ID)

// listed answers a list without filters: read returns the rows behind an ID.
func listed[Row, Item any](r *request, read func(ctx context.Context, behind ledger.ID, limit int) ([]Row, error), render item[Row, Item], body func(items []Item, next string) any) (reply, error) {
	query, err := r.query("limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	p, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	found, err := read(r.context(), p.afterID(), p.limit)
	if err != nil {
		return reply{}, err
	}
	return turned(r, p, found, render, body), nil
}

// turned is the answer with one page of a list that goes on by ID.
func turned[Row, Item any](r *request, p page, found []Row, render item[Row, Item], body func(items []Item, next string) any) reply {
	items := make([]Item, 0, len(found))
	var id, last ledger.ID
	for _, row := range found {
		var one Item
		one, id = render(row)
		items, last = append(items, one), id
	}
	next, link := r.next(p, len(found), last[:])
	answer := ok(body(items, next))
	answer.link = link
	return answer
}
