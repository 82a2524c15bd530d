package limit_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/web/limit"
)

// failing is a test, or one run of a property.
type failing interface{ Fatal(...any) }

func newLimiter(t failing, quota int64, window time.Duration, callers int) (*limit.Limiter, *testclock.Clock) {
	c := testclock.At(time.Unix(1_770_000_000, 0))
	l, err := limit.New(limit.Policy{Name: "convert", Quota: quota, Window: window}, callers, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	return l, c
}

func TestABucketEmptiesAndFillsUpAgain(t *testing.T) {
	l, c := newLimiter(t, 10, 10*time.Second, 0)
	for n := range 10 {
		if d := l.Take("sky", 1); !d.Allowed || d.Remaining != int64(9-n) || d.Reset != time.Duration(n+1)*time.Second {
			t.Fatalf("request %d: %+v", n, d)
		}
	}
	if d := l.Take("sky", 1); d.Allowed || d.Remaining != 0 || d.RetryAfter != time.Second {
		t.Errorf("the eleventh: %+v", d)
	}
	if d := l.Take("shop", 4); !d.Allowed || d.Remaining != 6 {
		t.Errorf("another caller: %+v", d)
	}
	c.Advance(3 * time.Second)
	if d := l.Take("sky", 4); d.Allowed || d.Remaining != 3 || d.RetryAfter != time.Second {
		t.Errorf("four after three seconds: %+v", d)
	}
	if d := l.Take("sky", 3); !d.Allowed || d.Remaining != 0 {
		t.Errorf("three after three seconds: %+v", d)
	}
	c.Advance(time.Hour)
	if d := l.Take("sky", 0); !d.Allowed || d.Remaining != 10 {
		t.Errorf("after an hour: %+v", d)
	}
	if d := l.Take("sky", 11); d.Allowed || d.RetryAfter != 0 {
		t.Errorf("more than the quota: %+v", d)
	}
}

// In no stretch of time is more allowed than the quota and what was filled up
// meanwhile; and whoever waits as long as it is told to is allowed.
func TestNoMoreIsAllowedThanThePolicySays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quota := rapid.Int64Range(1, 5000).Draw(t, "quota")
		window := time.Duration(rapid.IntRange(1, 60).Draw(t, "window")) * time.Second
		l, c := newLimiter(t, quota, window, 0)
		begin, taken := c.Now(), int64(0)
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			cost := rapid.Int64Range(1, quota).Draw(t, "cost")
			d := l.Take("sky", cost)
			if !d.Allowed {
				if d.RetryAfter <= 0 {
					t.Fatalf("refused without a time: %+v", d)
				}
				if rapid.Bool().Draw(t, "obeys") {
					c.Advance(d.RetryAfter)
					if d = l.Take("sky", cost); !d.Allowed {
						t.Fatalf("refused after it had waited: %+v", d)
					}
				}
			}
			if d.Allowed {
				taken += cost
			}
			filled := int64(float64(quota) * float64(c.Now().Sub(begin)) / float64(window))
			if taken > quota+filled+1 {
				t.Fatalf("%d were allowed, the quota is %d and %d were filled up", taken, quota, filled)
			}
			if d.Remaining < 0 || d.Remaining > quota || d.Reset < 0 || d.Reset > window {
				t.Fatalf("told %+v", d)
			}
			c.Advance(time.Duration(rapid.Int64Range(0, int64(window)/8).Draw(t, "pause")))
		}
	})
}

func TestTheFieldsAreThoseOfTheDraft(t *testing.T) {
	l, _ := newLimiter(t, 100, time.Minute, 0)
	h := http.Header{}
	l.Tell(h, l.Take("sky", 1))
	if h.Get("RateLimit") != `"convert";r=99;t=1` || h.Get("RateLimit-Policy") != `"convert";q=100;w=60` {
		t.Errorf("told %v", h)
	}
}

func TestMemoryIsBoundedAndFullBucketsGoFirst(t *testing.T) {
	small, _ := newLimiter(t, 10, 10*time.Second, 64)
	for n := range 10_000 {
		small.Take("attacker-"+strconv.Itoa(n), 10)
	}
	if n := small.Callers(); n > 64 {
		t.Errorf("remembers %d callers", n)
	}
	l, c := newLimiter(t, 3600, time.Hour, 256)
	l.Take("sky", 3600)
	for n := range 1000 {
		l.Take("idle-"+strconv.Itoa(n), 1)
		c.Advance(time.Second) // its bucket is full again
	}
	if d := l.Take("sky", 3600); d.Allowed {
		t.Error("a caller with an empty bucket was forgotten before those with full ones")
	}
}

func TestCallersAreCountedTogetherWhateverTheyDoAtOnce(t *testing.T) {
	l, _ := newLimiter(t, 1000, time.Minute, 0)
	var wg sync.WaitGroup
	var mu sync.Mutex
	allowed := 0
	for range 8 {
		wg.Go(func() {
			mine := 0
			for range 500 {
				if l.Take("sky", 1).Allowed {
					mine++
				}
			}
			mu.Lock()
			allowed += mine
			mu.Unlock()
		})
	}
	wg.Wait()
	if allowed != 1000 {
		t.Errorf("%d were allowed, the quota is 1000", allowed)
	}
}

func TestAPolicyIsRefused(t *testing.T) {
	for _, p := range []limit.Policy{
		{Name: "", Quota: 1, Window: time.Second}, {Name: "n", Quota: 0, Window: time.Second}, {Name: "n", Quota: 1 << 60, Window: time.Second},
		{Name: "n", Quota: 1, Window: time.Millisecond}, {Name: "n", Quota: 1, Window: 2 * time.Hour}, {Name: "n", Quota: 1, Window: 1500 * time.Millisecond},
	} {
		if _, err := limit.New(p, 0, time.Now); err == nil {
			t.Errorf("%+v is a policy", p)
		}
	}
}

func BenchmarkTakeAndTell(b *testing.B) {
	l, err := limit.New(limit.Policy{Name: "convert", Quota: 1_000_000_000, Window: time.Minute}, 0, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		h := http.Header{}
		for pb.Next() {
			l.Tell(h, l.Take("sky-app", 1))
		}
	})
}

func TestLimitersThatShareGrantTheQuotaTogether(t *testing.T) {
	a, c := newLimiter(t, 100, 10*time.Second, 0)
	b, _ := newLimiter(t, 100, 10*time.Second, 0)
	allowed := func() (n int) {
		for _, l := range []*limit.Limiter{a, b} {
			l.Share(2)
			for l.Take("sky", 1).Allowed {
				n++
			}
		}
		return n
	}
	if n := allowed(); n != 100 {
		t.Errorf("two together allow %d, want 100", n)
	}
	c.Advance(10 * time.Second)
	if d := a.Take("sky", 80); !d.Allowed || d.Remaining != 0 {
		t.Errorf("more than the part of one, of a full bucket: %+v", d)
	}
	a.Share(1)
	c.Advance(10 * time.Second)
	if d := a.Take("sky", 80); !d.Allowed || d.Remaining != 20 {
		t.Errorf("once it is alone: %+v", d)
	}
}
