package exchangetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
)

func linkOneToOne(t *testing.T, s exchange.Store) {
	ctx := context.Background()
	l := link(1, "sky", "M-1", "SKY-1")
	wantAllSet(t, l, "EndedAt")
	suite.Must(t, s.CreateLink(ctx, l))
	got, err := s.Link(ctx, l.ID)
	suite.Must(t, err)
	suite.WantEqual(t, "by ID", got, l)
	got, err = s.LinkOf(ctx, "sky", "M-1")
	suite.Must(t, err)
	suite.WantEqual(t, "by member", got, l)

	suite.WantErr(t, "the member again", s.CreateLink(ctx, link(2, "sky", "M-1", "SKY-2")), exchange.ErrLinked)
	suite.WantErr(t, "the membership again", s.CreateLink(ctx, link(3, "sky", "M-2", "SKY-1")), exchange.ErrLinked)
	_, err = s.Link(ctx, id(2))
	suite.WantErr(t, "the refused one", err, exchange.ErrNotFound)
	suite.Must(t, s.CreateLink(ctx, link(4, "retail", "M-1", "SKY-1")))
	suite.Must(t, s.CreateLink(ctx, link(5, "sky", "SKY-1", "M-1")))
}

func linkEnded(t *testing.T, s exchange.Store) {
	ctx := context.Background()
	l := link(1, "sky", "M-1", "SKY-1")
	suite.Must(t, s.CreateLink(ctx, l))
	suite.Must(t, s.EndLink(ctx, l.ID, 1_770_000_003_000))
	suite.WantErr(t, "ending it again", s.EndLink(ctx, l.ID, 1_770_000_004_000), exchange.ErrNotFound)
	l.EndedAt = 1_770_000_003_000
	got, err := s.Link(ctx, l.ID)
	suite.Must(t, err)
	suite.WantEqual(t, "the ended one", got, l)
	_, err = s.LinkOf(ctx, "sky", "M-1")
	suite.WantErr(t, "by member", err, exchange.ErrNotFound)
	suite.Must(t, s.CreateLink(ctx, link(2, "sky", "M-1", "SKY-9")))
	suite.Must(t, s.CreateLink(ctx, link(3, "sky", "M-9", "SKY-1")))
}

func linkPages(t *testing.T, s exchange.Store) {
	ctx := context.Background()
	for n := 1; n <= 9; n++ {
		partner := []string{"sky", "retail"}[n%2]
		suite.Must(t, s.CreateLink(ctx, link(n, partner, fmt.Sprintf("M-%d", n), fmt.Sprintf("X-%d", n))))
	}
	suite.Must(t, s.EndLink(ctx, id(4), 9))
	suite.WantEqual(t, "of sky", linkIDs(t, s, "sky"), []ledger.ID{id(2), id(6), id(8)})
	suite.WantEqual(t, "of all", linkIDs(t, s, ""), []ledger.ID{id(1), id(2), id(3), id(5), id(6), id(7), id(8), id(9)})
	suite.WantEqual(t, "of nobody", linkIDs(t, s, "nobody"), []ledger.ID(nil))
}

func linkIDs(t *testing.T, s exchange.Store, partner string) (ids []ledger.ID) {
	t.Helper()
	var after ledger.ID
	for {
		page, err := s.Links(context.Background(), partner, after, 2)
		suite.Must(t, err)
		if len(page) == 0 {
			return ids
		}
		for _, l := range page {
			ids = append(ids, l.ID)
		}
		after = page[len(page)-1].ID
	}
}

func racingLinks(t *testing.T, s exchange.Store) {
	var wg sync.WaitGroup
	var stored atomic.Int32
	for n := 1; n <= 16; n++ {
		wg.Go(func() {
			err := s.CreateLink(context.Background(), link(n, "sky", fmt.Sprintf("M-%d", n), "SKY-1"))
			if err == nil {
				stored.Add(1)
			} else if !errors.Is(err, exchange.ErrLinked) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if stored.Load() != 1 {
		t.Errorf("%d links of one membership, want 1", stored.Load())
	}
}
