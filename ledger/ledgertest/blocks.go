package ledgertest

import (
	"errors"
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

// testBlocks follows a home that keeps blocks; [ledger.Blocks] is beside the
// port, and [Memory] does not have it.
func testBlocks(s *suite) {
	blocks, ok := s.Ledger.(ledger.Blocks)
	if !ok {
		s.Skip("this home keeps no blocks; give it the methods of ledger.Blocks")
	}
	before, err := blocks.Height(s.ctx)
	s.check(err)
	first, later := s.issued(3), []ledger.Entry(nil)
	got := s.follow(blocks, before, len(first)+2, func(come int) {
		if come == len(first) {
			later = s.issued(2)
		}
	})
	if want := append(first, later...); !reflect.DeepEqual(got, want) {
		s.Errorf("blocks tell %+v, want %+v", got, want)
	}
	stop := errors.New("stop")
	if err := blocks.FollowBlocks(s.ctx, 0, func(ledger.Block) error { return stop }); !errors.Is(err, stop) {
		s.Errorf("following returned %v, want the visitor's error", err)
	}
}

// issued gives a member points, one transaction each.
func (s *suite) issued(n int) (all []ledger.Entry) {
	a := s.member()
	for i := range n {
		body := &ledger.Issue{Account: a, Amount: int64(i + 1), Expiry: s.window().Month()}
		all = append(all, s.submit(s.Utility, s.command(body))[0].Entry)
	}
	return all
}

// follow follows blocks until they have told of so many transfers; after each,
// come is called with how many that were.
func (s *suite) follow(blocks ledger.Blocks, from uint64, n int, come func(int)) (all []ledger.Entry) {
	enough := errors.New("enough")
	err := blocks.FollowBlocks(s.ctx, from, func(b ledger.Block) error {
		if b.Number != from {
			s.Errorf("block %d comes where block %d was due", b.Number, from)
		}
		from++
		for _, batch := range b.Batches {
			for i, t := range batch.Transfers {
				at := ledger.Locator{Lane: batch.Header.Lane, Batch: batch.Header.Number, Index: uint32(i)}
				all = append(all, ledger.Entry{Transfer: t, Locator: at})
				come(len(all))
			}
		}
		if len(all) >= n {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		s.Fatalf("following ended with %v", err)
	}
	return all
}
