package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/partners"
)

// RunAssertions checks that a store keeps the promise of
// [partners.AssertionStore]. open returns an empty store and cleans up after
// itself.
func RunAssertions(t *testing.T, open func(t *testing.T) partners.AssertionStore) {
	suite.Run(t, open, suite.Promises[partners.AssertionStore]{
		{"an assertion is fresh once", freshOnce},
		{"an assertion is the client's own", assertionOfAnotherClient},
		{"an assertion is remembered until it expires", rememberedUntilExpiry},
		{"of many that use one assertion one is right", racingAssertions},
	})
}

var noon = time.UnixMilli(1_770_000_000_000)

func use(t *testing.T, s partners.AssertionStore, client, id string, expires, now time.Time) bool {
	t.Helper()
	fresh, err := s.UseAssertion(context.Background(), client, id, expires, now)
	suite.Must(t, err)
	return fresh
}

func freshOnce(t *testing.T, s partners.AssertionStore) {
	suite.WantEqual(t, "the first use", use(t, s, "sky-1", "a", noon.Add(time.Minute), noon), true)
	suite.WantEqual(t, "the second use", use(t, s, "sky-1", "a", noon.Add(time.Minute), noon), false)
	suite.WantEqual(t, "another assertion", use(t, s, "sky-1", "b", noon.Add(time.Minute), noon), true)
}

func assertionOfAnotherClient(t *testing.T, s partners.AssertionStore) {
	suite.WantEqual(t, "one client", use(t, s, "sky-1", "a", noon.Add(time.Minute), noon), true)
	suite.WantEqual(t, "another", use(t, s, "sky-2", "a", noon.Add(time.Minute), noon), true)
}

func rememberedUntilExpiry(t *testing.T, s partners.AssertionStore) {
	expires := noon.Add(time.Minute)
	use(t, s, "sky-1", "a", expires, noon)
	for i := range 100 {
		use(t, s, "sky-1", fmt.Sprint(i), expires.Add(time.Hour), expires)
	}
	suite.WantEqual(t, "at the moment of expiry", use(t, s, "sky-1", "a", expires, expires), false)
	for i := range 100 {
		use(t, s, "sky-1", fmt.Sprint("later", i), expires.Add(time.Hour), expires.Add(time.Minute))
	}
	suite.WantEqual(t, "one that expires later", use(t, s, "sky-1", "7", expires.Add(time.Hour), expires.Add(time.Minute)), false)
}

func racingAssertions(t *testing.T, s partners.AssertionStore) {
	var wg sync.WaitGroup
	var fresh atomic.Int32
	for range 32 {
		wg.Go(func() {
			ok, err := s.UseAssertion(context.Background(), "sky-1", "a", noon.Add(time.Minute), noon)
			if err != nil {
				t.Error(err)
			}
			if ok {
				fresh.Add(1)
			}
		})
	}
	wg.Wait()
	suite.WantEqual(t, "fresh", fresh.Load(), int32(1))
}
