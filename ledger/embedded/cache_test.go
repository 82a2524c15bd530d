package embedded

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestTheCacheIsNeverStaleAndNeverTooLarge compares the cache with the truth
// under random reads and commits.
func TestTheCacheIsNeverStaleAndNeverTooLarge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const max = 4000
		c, truth := newCache(max), map[string]string{}
		steps := rapid.IntRange(1, 400).Draw(t, "steps")
		for step := range steps {
			key := fmt.Sprint(rapid.IntRange(0, 40).Draw(t, "key"))
			if rapid.Bool().Draw(t, "commit") {
				w := write{key: key}
				if delete(truth, key); rapid.IntRange(0, 4).Draw(t, "delete") > 0 {
					truth[key] = fmt.Sprint(step)
					w.value = []byte(truth[key])
				}
				c.update(w)
				continue
			}
			v, known := c.get(key)
			want, present := truth[key]
			if known && (string(v) != want || (v != nil) != present) {
				t.Fatalf("key %s is %q in the cache, %q in truth", key, v, want)
			}
			if !known && present {
				c.add(key, []byte(want))
			} else if !known {
				c.add(key, nil)
			}
			if held := cost(c.young) + cost(c.old); held > max+200 {
				t.Fatalf("the cache holds %d bytes, at most %d", held, max)
			}
		}
	})
}

func cost(m map[string]*cached) (n int) {
	for k, e := range m {
		n += len(k) + len(e.value) + entryCost
	}
	return n
}

func TestWhatIsUsedStaysInTheCache(t *testing.T) {
	c := newCache(100 * 200)
	c.add("hot", []byte("value"))
	for i := range 10_000 {
		c.add(fmt.Sprintf("cold-%d", i), make([]byte, 50))
		if _, ok := c.get("hot"); !ok {
			t.Fatalf("gone after %d others", i)
		}
	}
}
