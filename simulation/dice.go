package simulation

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// dice are thrown for one thing that happens. What they show depends on the seed, on
// what happens and on how often it happened before, never on what else goes on: two
// goroutines that arrive in another order throw the same.
type dice struct{ *rand.Rand }

func throw(seed uint64, name string, n uint64) dice {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails
	return dice{rand.New(rand.NewPCG(seed*0x9e3779b97f4a7c15+n, h.Sum64()))}
}

// one reports true once in so many times; never for 0.
func (d dice) one(in int) bool { return in > 0 && d.IntN(in) == 0 }

// between draws a duration, to the nanosecond, so that no two things happen at the same
// instant by design.
func (d dice) between(least, most time.Duration) time.Duration {
	return least + time.Duration(d.Int64N(int64(most-least)+1))
}

// Read implements [io.Reader].
func (d dice) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(d.Uint32())
	}
	return len(b), nil
}
