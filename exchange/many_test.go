package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/mortal"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// pushed asks for so many conversions that the partner has moved already.
func (w *world) pushed(m member, n int) []exchange.ConvertRequest {
	all := make([]exchange.ConvertRequest, n)
	for i := range all {
		all[i] = w.request(m, "tele", "TELE", "EPT", 300)
		all[i].Reference = fmt.Sprintf("T-%d", i)
	}
	return all
}

func (w *world) convertMany(p exchange.Party, all []exchange.ConvertRequest, wait time.Duration) []exchange.Outcome {
	w.t.Helper()
	out := w.ConvertMany(context.Background(), p, all, wait)
	if len(out) != len(all) {
		w.t.Fatalf("%d outcomes for %d requests", len(out), len(all))
	}
	return out
}

func TestManyConversionsEachHaveTheirOwnOutcome(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	all := w.pushed(m, 5)
	all[1].From = 301
	all[3].LinkID = newID(time.Now())
	out := w.convertMany(tele, all, patient)
	for i, code := range []string{"", "amount_off_step", "", exchange.CodeLinkMissing, ""} {
		var refusal *exchange.Refusal
		switch o := out[i]; {
		case code == "" && (o.Err != nil || o.Conversion.Status != exchange.Completed || o.Conversion.SourceReference != all[i].Reference || o.Replayed):
			t.Errorf("%d: %+v", i, o)
		case code != "" && (!errors.As(o.Err, &refusal) || refusal.Code != code):
			t.Errorf("%d: error %v, want %s", i, o.Err, code)
		}
	}
	w.audit(m)
}

func TestEveryWayCanGoTogether(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	for _, who := range []exchange.Party{staff, sky, shop, tele} {
		var all []exchange.ConvertRequest
		for _, way := range ways {
			if way.party == who {
				r := w.request(m, way.via, way.source, way.destination, way.from)
				r.Reference = way.reference
				all = append(all, r, r)
				all[len(all)-1].Idempotency = w.idem()
			}
		}
		for i, o := range w.convertMany(who, all, patient) {
			if o.Err != nil || o.Conversion.Status != exchange.Completed {
				t.Errorf("%s %d: %+v", who.Client, i, o)
			}
		}
	}
	w.audit(m)
}

func TestManyCostOneCallToTheLedgerAndTwoWrites(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	var calls atomic.Int64
	l := &mortal.Life{End: 1 << 40}
	w.reborn(l, func() mortal.Trick { calls.Add(1); return mortal.Behaves })
	for _, o := range w.convertMany(tele, w.pushed(m, 100), patient) {
		if o.Err != nil || o.Conversion.Status != exchange.Completed {
			t.Fatalf("%+v", o)
		}
	}
	if calls.Load() != 1 || l.Writes() != 2 {
		t.Errorf("%d calls to the ledger and %d writes, want 1 and 2", calls.Load(), l.Writes())
	}
	w.audit(m)
}

func TestManyRepeatedAreReplayed(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	all := w.pushed(m, 4)
	first := w.convertMany(tele, all, patient)
	single, replayed, err := w.Convert(context.Background(), tele, all[2], patient)
	if err != nil || !replayed || single.ID != first[2].Conversion.ID {
		t.Errorf("one of them alone: %v, replayed %t, error %v", single, replayed, err)
	}
	all[1].Hash = ledger.Hash{9}
	all = append(all, w.pushed(m, 1)...)
	for i, o := range w.convertMany(tele, all, patient) {
		switch {
		case i == 1 && !errors.Is(o.Err, exchange.ErrKeyReused):
			t.Errorf("another request with a key of then: %+v", o)
		case i == 1:
		case o.Err != nil || o.Replayed != (i < 4) || o.Replayed && o.Conversion.ID != first[i].Conversion.ID:
			t.Errorf("%d: %+v", i, o)
		}
	}
	if n := len(w.all()); n != 5 {
		t.Errorf("%d conversions are stored, want 5", n)
	}
	w.audit(m)
}

func TestAKeyTwiceAmongManyCountsOnce(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	all := w.pushed(m, 6)
	all[2], all[3] = all[0], all[0]
	all[3].Hash = ledger.Hash{9}
	all[4].From = 301
	all[5] = all[4]
	out := w.convertMany(tele, all, patient)
	if out[2].Err != nil || !out[2].Replayed || out[2].Conversion.ID != out[0].Conversion.ID || out[2].Conversion.Status != exchange.Completed {
		t.Errorf("the same again: %+v, the first %+v", out[2], out[0])
	}
	if !errors.Is(out[3].Err, exchange.ErrKeyReused) {
		t.Errorf("another request with the key: %+v", out[3])
	}
	var refusal *exchange.Refusal
	if !errors.As(out[5].Err, &refusal) || refusal.Code != "amount_off_step" {
		t.Errorf("a refused one again: %+v", out[5])
	}
	if n := len(w.all()); n != 2 {
		t.Errorf("%d conversions are stored, want 2", n)
	}
	w.audit(m)
}

func TestNoMoreThanSoManyGoTogether(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	out := w.convertMany(tele, w.pushed(m, exchange.ManyMax+1), patient)
	for i, o := range out {
		if (o.Err == nil) != (i < exchange.ManyMax) {
			t.Fatalf("%d: %+v", i, o)
		}
	}
	w.audit(m)
}

// One partner call that hangs keeps nobody else waiting, and the answer comes
// when the wait is over.
func TestOneOfManyThatHangsHoldsUpNobody(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	block := make(chan struct{})
	var calls atomic.Int64
	w.banks["sky"].follow(func(v connector.Verb, _ connector.ID) trick {
		if v == connector.VerbDebit && calls.Add(1) == 1 {
			<-block
		}
		return trick{}
	})
	all := make([]exchange.ConvertRequest, 20)
	for i := range all {
		all[i] = w.request(m, "sky", "MILES", "EPT", 300)
	}
	counts := map[exchange.Status]int{}
	w.eventually("all but one are completed", func() bool {
		clear(counts)
		for _, o := range w.convertMany(staff, all, 50*time.Millisecond) {
			if o.Err != nil {
				t.Fatal(o.Err)
			}
			counts[o.Conversion.Status]++
		}
		return counts[exchange.Completed] == 19 && counts[exchange.Processing] == 1
	})
	close(block)
	for i, o := range w.convertMany(staff, all, patient) {
		if o.Err != nil || o.Conversion.Status != exchange.Completed || !o.Replayed {
			t.Errorf("%d: %+v", i, o)
		}
	}
	w.audit(m)
}

// Whatever goes wrong with a call or a write for all, each is brought to its end
// by itself.
func TestWhatFailsTogetherIsCarriedOnAlone(t *testing.T) {
	for name, trick := range map[string]mortal.Trick{"busy": mortal.Busy, "lost": mortal.LosesCall, "lost after the work": mortal.LosesAnswer} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.join(1)
			var calls atomic.Int64
			w.reborn(&mortal.Life{}, func() mortal.Trick {
				if calls.Add(1) == 1 {
					return trick
				}
				return mortal.Behaves
			})
			for i, o := range w.convertMany(tele, w.pushed(m, 20), patient) {
				if o.Err != nil || o.Conversion.Status != exchange.Completed {
					t.Errorf("%d: %+v", i, o)
				}
			}
			w.audit(m)
		})
	}
	t.Run("the second write", func(t *testing.T) {
		w := newWorld(t)
		m := w.join(1)
		store := &flakyStore{Store: w.store}
		w.options.Store = store
		w.open()
		store.fails.Store(1)
		for i, o := range w.convertMany(tele, w.pushed(m, 20), patient) {
			if o.Err != nil || o.Conversion.Status != exchange.Completed {
				t.Errorf("%d: %+v", i, o)
			}
		}
		w.audit(m)
	})
}

// The process dies before or after each write there is; another one finds the
// rest of the work, and the repeat of the request gets every answer.
func TestManyInterruptedAtAnyWriteEndWell(t *testing.T) {
	for name, ask := range map[string]func(w *world, m member) (exchange.Party, []exchange.ConvertRequest){
		"pushed": func(w *world, m member) (exchange.Party, []exchange.ConvertRequest) { return tele, w.pushed(m, 7) },
		"of every way that the utility may ask for": func(w *world, m member) (exchange.Party, []exchange.ConvertRequest) {
			var all []exchange.ConvertRequest
			for _, way := range ways {
				if way.party == staff {
					all = append(all, w.request(m, way.via, way.source, way.destination, way.from))
				}
			}
			return staff, all
		},
	} {
		t.Run(name, func(t *testing.T) {
			for end := int64(1); end <= 12; end++ {
				for _, after := range []bool{false, true} {
					w := newWorld(t)
					m := w.join(1)
					who, all := ask(w, m)
					w.reborn(&mortal.Life{End: end, After: after}, nil)
					w.convertMany(who, all, 20*time.Millisecond)
					w.reborn(&mortal.Life{}, nil)
					w.start()
					for i, o := range w.convertMany(who, all, patient) {
						if o.Err != nil || o.Conversion.Status != exchange.Completed {
							t.Errorf("end %d, after %t, %d: %+v", end, after, i, o)
						}
					}
					if n := len(w.all()); n != len(all) {
						t.Errorf("end %d, after %t: %d conversions, want %d", end, after, n, len(all))
					}
					w.audit(m)
				}
			}
		})
	}
}
