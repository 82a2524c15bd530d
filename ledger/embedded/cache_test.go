package embedded

import (
	"bytes"
	"fmt"
	"testing"
	"time"

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

// Whether reads wait for the disk or not, and so are side by side, they bring the same.
func TestReadsSideBySideBringWhatIsThere(t *testing.T) {
	const n = 1000
	for name, timer := range map[string]func() time.Time{"no read waits": nil, "every read waits": slow()} {
		t.Run(name, func(t *testing.T) {
			s, err := openStore(t.TempDir(), storeOptions{cacheBytes: 1 << 20, timer: timer, logger: logTo(&bytes.Buffer{})})
			if err != nil {
				t.Fatal(err)
			}
			var keys []string
			var writes []write
			for i := range n {
				keys = append(keys, fmt.Sprintf("key/%04d", i))
				if i%3 != 0 {
					writes = append(writes, write{keys[i], []byte(keys[i])})
				}
			}
			if err := s.commit(writes, nil, position{height: 1}); err != nil {
				t.Fatal(err)
			}
			for _, again := range []string{"first", "from the cache"} {
				values, err := s.Get(keys...)
				if err != nil || len(values) != n {
					t.Fatalf("%s: %d values, %v", again, len(values), err)
				}
				for i, v := range values {
					if there := v != nil; there != (i%3 != 0) || there && string(v) != keys[i] {
						t.Errorf("%s: %s has %q", again, keys[i], v)
					}
				}
			}
			if err := s.close(false); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// slow is a timer by which everything takes a millisecond.
func slow() func() time.Time {
	now := time.Unix(0, 0)
	return func() time.Time {
		now = now.Add(time.Millisecond)
		return now
	}
}
