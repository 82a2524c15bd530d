package exchange_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/mortal"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// history is what happens in one run of the property: requests, faults of the
// partners and the ledger, and deaths of the process.
type history struct {
	*world
	rt      *rapid.T
	members []member
	faulty  atomic.Bool
	tricks  []how
	ledgers []mortal.Trick
	next    atomic.Int64
}

// TestWhateverHappensEverybodyHasWhatTheConversionsSay plays random conversions
// and reversals with random faults and deaths at random writes. Once the faults
// have ended everything must end, and the books must agree.
func TestWhateverHappensEverybodyHasWhatTheConversionsSay(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := &history{world: newWorld(rt, func(o *exchange.Options) {
			o.Deadline, o.RetryFirst, o.RetryMax, o.RescanEvery = time.Minute, 50*time.Microsecond, 200*time.Microsecond, time.Millisecond
		}), rt: rt}
		h.tricks = rapid.SliceOfN(rapid.SampledFrom([]how{behave, behave, behave, behave, behave, loseAnswer, loseCall, delayCall,
			notSent, busy, refuseCall, decline}), 1, 60).Draw(rt, "tricks")
		h.ledgers = rapid.SliceOfN(rapid.SampledFrom([]mortal.Trick{mortal.Behaves, mortal.Behaves, mortal.Behaves, mortal.Busy, mortal.LosesCall,
			mortal.LosesAnswer}), 1, 20).Draw(rt, "ledger")
		for i := range rapid.IntRange(1, 3).Draw(rt, "members") {
			h.members = append(h.members, h.join(i+1))
		}
		h.play()
		h.calm()
		h.audit(h.members...)
	})
}

func (h *history) play() {
	h.faulty.Store(true)
	for _, b := range h.banks {
		b.follow(func(connector.Verb, connector.ID) trick {
			if !h.faulty.Load() {
				return trick{}
			}
			return trick{do: h.tricks[int(h.next.Add(1))%len(h.tricks)], code: connector.DeclineOther}
		})
	}
	for range rapid.IntRange(1, 3).Draw(h.rt, "lives") {
		h.live()
	}
}

// live is one process from its start to its death.
func (h *history) live() {
	h.reborn(&mortal.Life{End: rapid.Int64Range(0, 25).Draw(h.rt, "dies at write"), After: rapid.Bool().Draw(h.rt, "after it")}, func() mortal.Trick {
		if !h.faulty.Load() {
			return mortal.Behaves
		}
		return h.ledgers[int(h.next.Add(1))%len(h.ledgers)]
	})
	h.start()
	for range rapid.IntRange(1, 6).Draw(h.rt, "acts") {
		switch rapid.SampledFrom([]string{"convert", "convert", "convert", "reverse", "wait", "arrive"}).Draw(h.rt, "act") {
		case "convert":
			h.act()
		case "reverse":
			h.reverseOne()
		case "wait":
			h.clock.advance(rapid.SampledFrom([]time.Duration{time.Second, 2 * time.Minute}).Draw(h.rt, "time passes"))
		case "arrive":
			h.arrive()
		}
	}
}

func (h *history) act() {
	way := rapid.SampledFrom(ways).Draw(h.rt, "way")
	m := rapid.SampledFrom(h.members).Draw(h.rt, "member")
	r := h.request(m, way.via, way.source, way.destination, way.from)
	r.Reference = way.reference
	_, _, err := h.Convert(context.Background(), way.party, r, rapid.SampledFrom([]time.Duration{0, time.Millisecond, 5 * time.Millisecond}).Draw(h.rt, "patience"))
	h.granted(err)
	if err == nil && rapid.Bool().Draw(h.rt, "repeat") {
		_, _, err := h.Convert(context.Background(), way.party, r, time.Millisecond)
		h.granted(err)
	}
}

func (h *history) reverseOne() {
	all := h.all()
	if len(all) == 0 {
		return
	}
	c := rapid.SampledFrom(all).Draw(h.rt, "conversion")
	amount := rapid.Int64Range(1, c.From).Draw(h.rt, "amount")
	_, _, err := h.Reverse(context.Background(), c.Party, h.reverseOf(c, amount), time.Millisecond)
	h.granted(err)
}

// granted lets those errors pass that such a world must give.
func (h *history) granted(err error) {
	h.t.Helper()
	var refusal *exchange.Refusal
	var full *exchange.Busy
	if err != nil && !errors.As(err, &refusal) && !errors.As(err, &full) && !errors.Is(err, mortal.ErrDead) && !errors.Is(err, exchange.ErrReversalUnderWay) {
		h.t.Errorf("error %v", err)
	}
}

func (h *history) arrive() {
	for _, b := range h.banks {
		b.arrive()
	}
}

// calm ends the faults, and lets what was on its way arrive at some time.
func (h *history) calm() {
	h.t.Helper()
	if rapid.Bool().Draw(h.rt, "late calls arrive first") {
		h.arrive()
	}
	h.faulty.Store(false)
	h.reborn(&mortal.Life{}, nil)
	h.start()
	h.eventually("everything ends", func() bool {
		h.clock.advance(10 * time.Second)
		c, err := h.store.UnfinishedConversions(context.Background(), [16]byte{}, 1)
		must(h.t, err)
		r, err := h.store.UnfinishedReversals(context.Background(), [16]byte{}, 1)
		must(h.t, err)
		return len(c)+len(r) == 0
	})
	h.arrive()
}
