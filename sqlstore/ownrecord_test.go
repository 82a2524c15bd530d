package sqlstore_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/sqlstore"
)

func TestOurRecordsAreAsTheyWereAtTheCutOff(t *testing.T) { onEach(t, ourRecords) }

// ourRecords stores conversions of every fate around a window, and one reversal.
func ourRecords(t *testing.T, open openFunc) {
	s, ctx := open(t), context.Background()
	const day = 86_400_000
	w := settlement.Span{Window: 20_000, Start: 20_000 * day, End: 20_001 * day}
	noon, late, next := w.Start+day/2, w.End-1000, w.End+1000
	var names []string
	ids := map[ledger.ID]string{}
	store := func(name string, created, finished int64, step exchange.Step, outcome exchange.Status, window ledger.Date) *exchange.Conversion {
		t.Helper()
		id := ledger.NewID(time.UnixMilli(created), [10]byte{byte(len(names) + 1)}).Root()
		names = append(names, name)
		ids[id] = name
		c := &exchange.Conversion{ID: id, Party: exchange.Party{Client: "c"}, Request: exchange.Idempotency{Key: name}, Member: "M", Account: ledger.Account{1},
			Source: "SKY", Destination: "EPT", SourceMembership: "S-1", SourceMode: partners.Callback, CreatedAt: created, From: 300, To: 100,
			In: &ledger.LegTerms{Partner: "sky", From: 300, To: 100, Hash: ledger.Hash{7}}, Status: exchange.Processing, Step: exchange.StepDebit}
		if _, err := s.CreateConversions(ctx, []*exchange.Conversion{c}); err != nil {
			t.Fatal(err)
		}
		c.Step, c.Outcome, c.FinishedAt, c.Window, c.SourceReference = step, outcome, finished, window, "D-1"
		if outcome != "" {
			c.Status = outcome
		}
		if err := s.UpdateConversions(ctx, []*exchange.Conversion{c}); err != nil {
			t.Fatal(err)
		}
		return c
	}
	done := store("recorded", noon, noon+1, exchange.StepDone, exchange.Completed, w.Window)
	store("recorded the day after", late, next, exchange.StepDone, exchange.Completed, w.Window+1)
	store("begun the day after", next, next, exchange.StepDone, exchange.Completed, w.Window+1)
	store("recorded the day before", noon-day, noon-day, exchange.StepDone, exchange.Completed, w.Window-1)
	store("failed", noon, noon+1, exchange.StepDone, exchange.Failed, 0)
	store("failed the day after", late, next, exchange.StepDone, exchange.Failed, 0)
	store("failed the day before", noon-day, noon-day, exchange.StepDone, exchange.Failed, 0)
	store("under way", late, 0, exchange.StepLedger, "", 0)
	store("under way since the day after", next, 0, exchange.StepLedger, "", 0)
	back := &exchange.Reversal{ID: ledger.NewID(time.UnixMilli(noon), [10]byte{200}).Root(), Conversion: done.ID, Party: done.Party, Request: exchange.Idempotency{Key: "r"},
		Source: "SKY", Amount: 30, InTo: 10, Status: exchange.Processing, Step: exchange.StepReverse, CreatedAt: noon}
	ids[back.ID] = "reversed"
	if made, err := s.CreateReversal(ctx, back); err != nil || made != nil {
		t.Fatal(made, err)
	}
	back.Status, back.Step, back.FinishedAt, back.Window = exchange.Completed, exchange.StepDone, noon, w.Window
	if err := s.UpdateReversal(ctx, back); err != nil {
		t.Fatal(err)
	}

	want := []string{"failed failed debit 300", "failed the day after pending debit 300", "recorded completed debit 300", "recorded the day after pending debit 300",
		"reversed completed debit_reversal 30", "under way pending debit 300"}
	if got := recordsOf(t, s, "sky", w, ids); !slices.Equal(got, want) {
		t.Errorf("the records are\n%q, want\n%q", got, want)
	}
	if got := recordsOf(t, s, "tel", w, ids); got != nil {
		t.Errorf("another partner's records are %q", got)
	}
	for key, name := range ids {
		if name == "recorded the day before" {
			var got []string
			err := s.RecordsOf(ctx, "sky", w, key, func(r *reconcile.Record) error {
				got = append(got, fmt.Sprint(r.Status, " ", r.Window))
				return nil
			})
			if err != nil || !slices.Equal(got, []string{"completed " + (w.Window - 1).String()}) {
				t.Errorf("by key: %q, %v", got, err)
			}
		}
	}
	known, err := s.Linked(ctx, "sky", []string{"S-1", "S-2"})
	if err != nil || len(known) != 0 {
		t.Errorf("linked %v, %v", known, err)
	}
	link := &exchange.Link{ID: ledger.NewID(time.UnixMilli(1), [10]byte{1}), Partner: "sky", Member: "M", Membership: "S-2", CreatedAt: 1}
	if err := s.CreateLink(ctx, link); err != nil {
		t.Fatal(err)
	}
	if err := s.EndLink(ctx, link.ID, 5); err != nil {
		t.Fatal(err)
	}
	if known, err = s.Linked(ctx, "sky", []string{"S-1", "S-2"}); err != nil || !known["S-2"] || known["S-1"] {
		t.Errorf("linked %v, %v; want S-2, though it has ended", known, err)
	}
}

func recordsOf(t *testing.T, s *sqlstore.Store, partner string, w settlement.Span, ids map[ledger.ID]string) (all []string) {
	t.Helper()
	err := s.Records(context.Background(), partner, w, func(r *reconcile.Record) error {
		if r.Side != reconcile.Ours || r.Account == 0 || r.Agreement == 0 || r.Membership == 0 {
			t.Errorf("%s is %+v", ids[r.Key], r)
		}
		all = append(all, fmt.Sprint(ids[r.Key], " ", r.Status, " ", r.Movement, " ", r.Amount))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}
