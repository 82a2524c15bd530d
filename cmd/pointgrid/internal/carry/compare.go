package carry

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/pointgrid/pointgrid/chaincode"
)

// Comparison is what two states have, and where they differ.
type Comparison struct {
	From, To chaincode.Survey
	// Differences are the first [DifferencesMax] keys that differ; More is how many
	// further ones there are.
	Differences []string
	More        int
}

// DifferencesMax bounds the differences that are named.
const DifferencesMax = 20

// Equal reports whether the states are equal, key by key, and each is sound.
func (c *Comparison) Equal() bool {
	return len(c.Differences) == 0 && c.From == c.To && c.From.HubSum == 0
}

func (c *Comparison) differs(what, key string) {
	if len(c.Differences) == DifferencesMax {
		c.More++
		return
	}
	c.Differences = append(c.Differences, fmt.Sprintf("key %s %s", key, what))
}

// State is what can be gone through key by key.
type State interface {
	State(ctx context.Context, visit func(key string, value []byte) error) error
}

// entry is a key with its value.
type entry struct {
	key   string
	value []byte
}

// Compare compares all that two ledgers have. Only the history itself, which says
// that one came from the other, is left out.
func Compare(ctx context.Context, from, to State) (Comparison, error) {
	var c Comparison
	next, stop := iter.Pull2(entries(ctx, to))
	defer stop()
	theirs, err := c.advance(next)
	if err != nil {
		return c, err
	}
	err = from.State(ctx, func(key string, value []byte) (err error) {
		if err := c.From.Add(key, value); err != nil {
			return err
		}
		for theirs != nil && theirs.key < key {
			c.differs("is on the network only", theirs.key)
			if theirs, err = c.advance(next); err != nil {
				return err
			}
		}
		switch {
		case theirs == nil || theirs.key != key:
			c.differs("is not on the network", key)
			return nil
		case !bytes.Equal(theirs.value, value):
			c.differs("has another value on the network", key)
		}
		theirs, err = c.advance(next)
		return err
	})
	for err == nil && theirs != nil {
		c.differs("is on the network only", theirs.key)
		theirs, err = c.advance(next)
	}
	return c, err
}

// advance returns the next entry of the network, nil at the end.
func (c *Comparison) advance(next func() (entry, error, bool)) (*entry, error) {
	for {
		e, err, ok := next()
		if err != nil || !ok {
			return nil, err
		}
		if chaincode.IsHistory(e.key) {
			continue
		}
		return &e, c.To.Add(e.key, e.value)
	}
}

// entries turns visits into a sequence.
func entries(ctx context.Context, s State) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		stopped := false
		err := s.State(ctx, func(key string, value []byte) error {
			if stopped = !yield(entry{key, value}, nil); stopped {
				return context.Canceled
			}
			return nil
		})
		if err != nil && !stopped {
			yield(entry{}, cmp.Or(ctx.Err(), err))
		}
	}
}
