package reconcile

import (
	"context"
	"errors"
	"io"
)

// head is the next record of a run.
type head struct {
	prefix uint64
	record Record
	reader runReader
	done   bool
}

// merge reads runs side by side, each with one block in memory.
func merge(ctx context.Context, o order, s *spill, runs []run, visit func(*Record) error) error {
	heads := make([]head, len(runs))
	for i := range heads {
		h := &heads[i]
		h.reader = runReader{file: s.file, rest: runs[i], block: make([]byte, blockBytes)}
		if err := h.advance(o); err != nil {
			return err
		}
	}
	t := newTournament(o, heads)
	for n := 0; ; n++ {
		h := &heads[t.winner]
		if h.done {
			return nil
		}
		if err := visit(&h.record); err != nil {
			return err
		}
		if err := h.advance(o); err != nil {
			return err
		}
		t.replay()
		if n%tickRecords == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (h *head) advance(o order) error {
	err := h.reader.read(&h.record)
	if errors.Is(err, io.EOF) {
		h.done = true
		return nil
	}
	h.prefix = o.prefix(&h.record)
	return err
}

// tournament is a tree of losers: the winner's successor plays only those whom
// the winner beat.
type tournament struct {
	order  order
	heads  []head
	losers []int
	winner int
}

func newTournament(o order, heads []head) *tournament {
	t := &tournament{order: o, heads: heads, losers: make([]int, len(heads))}
	t.winner = t.play(1)
	return t
}

// play fills the tree below a node and returns the winner. Leaves are the nodes
// from len(heads) on.
func (t *tournament) play(node int) int {
	if node >= len(t.heads) {
		return node - len(t.heads)
	}
	a, b := t.play(2*node), t.play(2*node+1)
	if t.before(b, a) {
		a, b = b, a
	}
	t.losers[node] = b
	return a
}

// replay lets the winner's new head find its place.
func (t *tournament) replay() {
	w := t.winner
	for node := (w + len(t.heads)) / 2; node > 0; node /= 2 {
		if l := t.losers[node]; t.before(l, w) {
			t.losers[node], w = w, l
		}
	}
	t.winner = w
}

func (t *tournament) before(i, j int) bool {
	a, b := &t.heads[i], &t.heads[j]
	switch {
	case a.done || b.done:
		return !a.done
	case a.prefix != b.prefix:
		return a.prefix < b.prefix
	}
	return t.order.compare(&a.record, &b.record) < 0
}
