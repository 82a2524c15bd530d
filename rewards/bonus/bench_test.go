package bonus_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/rewards/bonus"
)

// BenchmarkFollow measures what following costs beside converting: reading the blocks,
// deciding, and with a bonus also storing and asking the ledger. An operation is one
// conversion; one member in so many has a tier that brings something.
func BenchmarkFollow(b *testing.B) {
	for _, every := range []int{0, 10, 1} {
		name := "nobody has a bonus"
		if every > 0 {
			name = fmt.Sprintf("one in %d has a bonus", every)
		}
		b.Run(name, func(b *testing.B) { follow(b, every) })
	}
}

const benchMembers, benchBatch = 1000, 500

func follow(b *testing.B, every int) {
	w, done := newWorld(b, b.TempDir())
	defer done()
	tiers, err := rewards.New(context.Background(), w.rewardOptions())
	must(b, err)
	var numbers []string
	for n := range benchMembers {
		numbers = append(numbers, fmt.Sprintf("M-%d", n))
	}
	_, err = tiers.Register(context.Background(), numbers)
	must(b, err)
	for n := range benchMembers {
		if every > 0 && n%every == 0 {
			w.rise(n, "gold")
		}
	}
	w.convertMany(b.N)
	o := w.options(w.ledger, w.store)
	o.GroupMax, o.Observe = 256, nil
	f, err := bonus.New(o)
	must(b, err)
	b.ResetTimer()
	must(b, f.CatchUp(context.Background()))
}

// convertMany converts so often, in batches.
func (w *world) convertMany(total int) {
	for total > 0 {
		commands := make([]ledger.Command, min(total, benchBatch))
		for i := range commands {
			w.count++
			var random [10]byte
			binary.BigEndian.PutUint64(random[1:], w.count)
			commands[i] = ledger.Command{ID: ledger.NewID(w.clock.Now(), random).Root(),
				Body: &ledger.ConvertIn{Account: w.member(int(w.count) % benchMembers), Leg: w.terms(w.in["sky"], 1500)}}
		}
		results, err := w.ledger.Submit(context.Background(), utility, commands...)
		must(w, err)
		for i := range results {
			if results[i].Code != ledger.CodeOK {
				w.Fatalf("%s %s", results[i].Code, results[i].Message)
			}
		}
		w.clock.Advance(1e6)
		total -= len(commands)
	}
}
