package webhooks_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/webhooks"
)

// books is a ledger as far as a watch reads it.
type books struct {
	agreements []ledger.Agreement
	owed       int64
}

func (b *books) Agreements(context.Context) ([]ledger.Agreement, error) {
	return slices.Clone(b.agreements), nil
}
func (b *books) Partners(context.Context) ([]ledger.Partner, error) {
	return []ledger.Partner{{Code: "sky", Owed: b.owed}}, nil
}

func agreement(n byte, dir ledger.Direction, status ledger.AgreementStatus, limit int64) ledger.Agreement {
	return ledger.Agreement{ID: newID(n), Status: status, ProposedAt: 1, DecidedAt: 2,
		Terms: ledger.Terms{Partner: "sky", Direction: dir, Version: uint32(n), ExposureCap: limit}}
}

// watched is a watch over books, and what an endpoint is told by it.
type watched struct {
	t     *testing.T
	books *books
	store webhooks.Store
	watch *webhooks.Watch
}

func newWatched(t *testing.T, b *books) *watched {
	w := &watched{t: t, books: b, store: newMemory()}
	must(t, w.store.CreateEndpoint(context.Background(), &webhooks.Endpoint{ID: newID(99), Partner: "sky", Events: []string{"*"}, Status: webhooks.Enabled, Version: 1}))
	w.watch = webhooks.NewWatch(webhooks.WatchOptions{Ledger: b, Store: w.store, Now: time.Now, Every: time.Hour, Logger: slog.New(slog.DiscardHandler)})
	return w
}

func (w *watched) sees(want ...string) {
	w.t.Helper()
	before, err := w.store.Messages(context.Background(), webhooks.Filter{Endpoint: newID(99), Limit: 200})
	must(w.t, err)
	for range 2 { // what did not change is not told again
		must(w.t, w.watch.Look(context.Background()))
	}
	after, err := w.store.Messages(context.Background(), webhooks.Filter{Endpoint: newID(99), Limit: 200})
	must(w.t, err)
	var got []string
	for _, m := range after[:len(after)-len(before)] {
		got = append(got, fmt.Sprint(m.Type, " ", m.Data))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.t.Errorf("told %q, want %q", got, want)
	}
}

func TestAChangeOfAnAgreementIsToldOnce(t *testing.T) {
	b := &books{agreements: []ledger.Agreement{agreement(1, ledger.In, ledger.AgreementAccepted, 1_000_000)}}
	w := newWatched(t, b)
	w.sees() // it was there before anybody watched
	b.agreements = append(b.agreements, agreement(2, ledger.In, ledger.AgreementProposed, 1))
	data := `{"agreement_id":"` + newID(2).String() + `","partner":"sky","direction":"in","version":2,"hash":"` + ledger.Hash{}.String() + `"}`
	w.sees("agreement.proposed " + data)
	b.agreements[1].Status = ledger.AgreementRejected
	w.sees("agreement.rejected " + data)
	b.agreements = append(b.agreements, agreement(3, ledger.In, ledger.AgreementAccepted, 1_000_000))
	w.sees("agreement.accepted " + `{"agreement_id":"` + newID(3).String() + `","partner":"sky","direction":"in","version":3,"hash":"` + ledger.Hash{}.String() + `"}`)
}

func TestExposureIsWarnedOfAtEachMarkAndAgainAfterItFell(t *testing.T) {
	b := &books{agreements: []ledger.Agreement{agreement(1, ledger.In, ledger.AgreementAccepted, 1_000_000_001), agreement(2, ledger.Out, ledger.AgreementAccepted, 2_000_000)}}
	w := newWatched(t, b)
	warning := func(dir string, percent int, owed, limit string) string {
		return fmt.Sprintf(`exposure.warning {"partner":"sky","direction":"%s","percent":%d,"owed":"%s","cap":"%s"}`, dir, percent, owed, limit)
	}
	for _, step := range []struct {
		owed int64
		want []string
	}{
		{0, nil},
		{800_000_000, nil}, // a millionth of a yuan below the mark
		{800_000_001, []string{warning("in", 80, "800.000001", "1000.000001")}},
		{940_000_000, nil},
		{950_000_001, []string{warning("in", 95, "950.000001", "1000.000001")}},
		{900_000_000, nil}, // fell below the second mark only
		{960_000_000, []string{warning("in", 95, "960", "1000.000001")}},
		{0, nil},
		{999_000_000, []string{warning("in", 95, "999", "1000.000001")}},
		{-1_600_000, []string{warning("out", 80, "1.6", "2")}},
	} {
		b.owed = step.owed
		w.sees(step.want...)
	}
}
