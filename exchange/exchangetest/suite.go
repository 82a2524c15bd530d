package exchangetest

import (
	"context"
	"reflect"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/suite"
)

// RunStore checks that a store keeps the promises of [exchange.Store]. open
// returns an empty store and cleans up after itself.
func RunStore(t *testing.T, open func(t *testing.T) exchange.Store) {
	suite.Run(t, open, suite.Promises[exchange.Store]{
		{"a quote comes back as it was", quoteRoundTrip},
		{"a conversion comes back as it was", conversionRoundTrip},
		{"an update changes what can change and nothing else", conversionUpdate},
		{"what is not there is not found", notFound},
		{"what is handed out is a copy", handsOutCopies},
		{"a key used again stores nothing and returns the first", keyUsedAgain},
		{"a key is the client's own", keyOfAnotherClient},
		{"a quote is used once", quoteUsedOnce},
		{"of many with one key or one quote one is stored", racingCreates},
		{"many are created in one write, each by itself", createMany},
		{"many are updated in one write", updateMany},
		{"unfinished conversions are paged in ascending order", unfinishedConversions},
		{"the slots of what is unfinished are known", unfinishedSlots},
		{"a review is decided once, with the locks of its rates", decideReview},
		{"conversions are selected by every field of the filter", filters},
		{"a member's list has what our own clients asked for, and nothing of others", ofAccount},
		{"conversions are paged newest first", pages},
		{"a reversal comes back as it was", reversalRoundTrip},
		{"one reversal at a time", oneReversalAtATime},
		{"a reversal made on an old sum is refused", reversalOnOldSum},
		{"a completed reversal is added once", reversalAddedOnce},
		{"a failed reversal is not added", failedReversalNotAdded},
		{"keys of reversals are apart from those of conversions", keysApart},
		{"unfinished reversals are paged in ascending order", unfinishedReversals},
		{"a link is one to one while it stands", linkOneToOne},
		{"an ended link can be read and made again", linkEnded},
		{"standing links are paged in ascending order", linkPages},
		{"of many links of one membership one is stored", racingLinks},
	})
}

// Create stores one conversion; see CreateConversions of [exchange.Store].
func Create(ctx context.Context, s exchange.Store, c *exchange.Conversion) (existing *exchange.Conversion, err error) {
	made, err := s.CreateConversions(ctx, []*exchange.Conversion{c})
	if err != nil {
		return nil, err
	}
	return made[0].Existing, made[0].Err
}

// create stores a conversion that must be new.
func create(t *testing.T, s exchange.Store, c *exchange.Conversion) {
	t.Helper()
	existing, err := Create(context.Background(), s, c)
	suite.Must(t, err)
	if existing != nil {
		t.Fatalf("conversion %s: %s exists already", c.ID, existing.ID)
	}
}

func createReversal(t *testing.T, s exchange.Store, r *exchange.Reversal) {
	t.Helper()
	existing, err := s.CreateReversal(context.Background(), r)
	suite.Must(t, err)
	if existing != nil {
		t.Fatalf("reversal %s: %s exists already", r.ID, existing.ID)
	}
}

func stored(t *testing.T, s exchange.Store, c *exchange.Conversion) *exchange.Conversion {
	t.Helper()
	got, err := s.Conversion(context.Background(), c.ID)
	suite.Must(t, err)
	return got
}

// unset names the fields of a struct that have the zero value, save those listed.
func unset(v any, but ...string) []string {
	var names []string
	allowed := map[string]bool{}
	for _, n := range but {
		allowed[n] = true
	}
	rv := reflect.Indirect(reflect.ValueOf(v))
	for i := range rv.NumField() {
		if name := rv.Type().Field(i).Name; rv.Field(i).IsZero() && !allowed[name] {
			names = append(names, name)
		}
	}
	return names
}

func wantAllSet(t *testing.T, v any, but ...string) {
	t.Helper()
	if names := unset(v, but...); names != nil {
		t.Fatalf("the sample %T does not set %v, so the test would not miss them", v, names)
	}
}
