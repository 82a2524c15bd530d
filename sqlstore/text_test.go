package sqlstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pointgrid/pointgrid/settlement"
)

// PostgreSQL answers a question about such text with an error of its own, which would be
// whoever's fault who can choose an ID.
func TestNothingHasTextThatNoDatabaseKeeps(t *testing.T) {
	onEach(t, nothingHasTextThatNoDatabaseKeeps)
}

func nothingHasTextThatNoDatabaseKeeps(t *testing.T, open openFunc) {
	s := open(t)
	for _, id := range []string{"a\x00b", "\x00", "\xff"} {
		if _, err := s.Settlement(context.Background(), id); !errors.Is(err, settlement.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
		if all, err := s.Settlements(context.Background(), id, "", 10); err != nil || len(all) != 0 {
			t.Errorf("of %q: %v, %v", id, all, err)
		}
	}
}
