package supporttest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/support"
)

// Run checks that a store keeps the promises of [support.Store]. open returns an empty
// store and cleans up after itself.
func Run(t *testing.T, open func(t *testing.T) support.Store) {
	suite.Run(t, open, suite.Promises[support.Store]{
		{"a dispute comes back as it was", disputeRoundTrip},
		{"a dispute is changed by one at a time", disputeVersions},
		{"a subject has one open dispute", oneForASubject},
		{"a key used again stores nothing and returns the first", disputeKeys},
		{"disputes are filtered and paged", disputePages},
		{"an act comes back as it was, also with a dispute", actRoundTrip},
		{"an act is changed by one at a time", actVersions},
		{"a conversion is reviewed once", oneReview},
		{"acts are filtered and paged", actPages},
		{"goodwill is added up", goodwillSums},
		{"a member is forgotten", forget},
		{"what is not there is not found", missing},
	})
}

func id(n int) ledger.ID {
	return ledger.NewID(time.UnixMilli(1_770_000_000_000+int64(n)), [10]byte{9: byte(n)}).Root()
}

// Sample returns the n-th dispute with every field set, and its first entry.
func Sample(n int) (*support.Dispute, *support.Entry) {
	d := &support.Dispute{ID: id(n), Client: "mall", Request: support.Idempotency{Key: fmt.Sprintf("key-%d", n), Hash: ledger.Hash{byte(n), 1}}, Member: "M-000042", Kind: support.Conversion,
		Subject: id(1000 + n), Reason: support.NotReceived, State: support.Proposed, Owner: "u1", Due: 20_486, Version: 1, OpenedAt: 1_770_000_000_000, UpdatedAt: 1_770_000_000_001,
		Resolution: &support.Resolution{ID: id(2000), Outcome: support.Upheld, Remedy: support.Reverse, Amount: 5, Goodwill: 6, Text: "我们弄错了", Maker: "u1", Checker: "u2", Act: id(2001), Remedied: true, Reference: "R"}}
	return d, entry(d)
}

func entry(d *support.Dispute) *support.Entry {
	return &support.Entry{Dispute: d.ID, Number: d.Version, At: 9, Side: support.ByStaff, By: "u1", What: "message", State: d.State, Text: "看这里", Public: true}
}

// SampleAct returns the n-th act with every field set.
func SampleAct(n int) *support.Act {
	return &support.Act{ID: id(n), Client: "console", Request: support.Idempotency{Key: fmt.Sprintf("act-%d", n), Hash: ledger.Hash{byte(n), 2}}, Kind: support.Goodwill, Member: "M-000042", Account: ledger.Account{1, 2},
		Subject: id(3000 + n), Dispute: id(4000), Points: 100, Expiry: 700, Reason: "sorry", Reference: "CRM-7", State: support.ActUnderWay, Maker: "u1", Checker: "u2", Alone: true, Day: 20_486,
		Code: "account_frozen", Detail: "it is frozen", CreatedAt: 1_770_000_000_000, DecidedAt: 1_770_000_000_005, FinishedAt: 1_770_000_000_009, Version: 1}
}

func create(t *testing.T, s support.Store, d *support.Dispute, e *support.Entry) {
	t.Helper()
	existing, err := s.CreateDispute(context.Background(), d, e)
	suite.Must(t, err)
	if existing != nil {
		t.Fatalf("dispute %s: %s exists already", d.ID, existing.ID)
	}
}

func createAct(t *testing.T, s support.Store, a *support.Act) {
	t.Helper()
	existing, err := s.CreateAct(context.Background(), a)
	suite.Must(t, err)
	if existing != nil {
		t.Fatalf("act %s: %s exists already", a.ID, existing.ID)
	}
}

func disputeRoundTrip(t *testing.T, s support.Store) {
	ctx := context.Background()
	full, e := Sample(1)
	bare := &support.Dispute{ID: id(2), Client: "mall", Request: support.Idempotency{Key: "k"}, Member: "M-1", Kind: support.Order, Subject: id(7), Reason: support.Other, State: support.Open, Version: 1}
	create(t, s, full, e)
	create(t, s, bare, entry(bare))
	for _, want := range []*support.Dispute{full, bare} {
		got, err := s.Dispute(ctx, want.ID)
		suite.Must(t, err)
		suite.WantEqual(t, "dispute", got, want)
	}
	trail, err := s.DisputeTrail(ctx, full.ID)
	suite.Must(t, err)
	suite.WantEqual(t, "trail", trail, []*support.Entry{e})
}

func disputeVersions(t *testing.T, s support.Store) {
	ctx := context.Background()
	d, e := Sample(1)
	create(t, s, d, e)
	suite.WantErr(t, "the same version again", s.SaveDispute(ctx, d, entry(d), nil), support.ErrChanged)
	var stored atomic.Int32
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			mine, _ := Sample(1)
			mine.Version, mine.UpdatedAt = 2, int64(n)
			a := SampleAct(10 + n)
			switch err := s.SaveDispute(ctx, mine, entry(mine), a); {
			case err == nil:
				stored.Add(1)
			case !errors.Is(err, support.ErrChanged):
				t.Error(err)
			}
		})
	}
	all.Wait()
	trail, err := s.DisputeTrail(ctx, d.ID)
	suite.Must(t, err)
	acts, err := s.Acts(ctx, support.ActFilter{Limit: 100})
	suite.Must(t, err)
	if stored.Load() != 1 || len(trail) != 2 || trail[1].Number != 2 || len(acts) != 1 {
		t.Errorf("%d of 8 were stored, with %d acts; the trail is %+v", stored.Load(), len(acts), trail)
	}
}

func oneForASubject(t *testing.T, s support.Store) {
	ctx := context.Background()
	first, e := Sample(1)
	create(t, s, first, e)
	second, e := Sample(2)
	second.Subject = first.Subject
	_, err := s.CreateDispute(ctx, second, e)
	suite.WantErr(t, "a second open dispute", err, support.ErrTaken)
	order, e := Sample(3)
	order.Kind, order.Subject = support.Order, first.Subject
	create(t, s, order, e)
	first.State, first.Version = support.Resolved, 2
	suite.Must(t, s.SaveDispute(ctx, first, entry(first), nil))
	create(t, s, second, entry(second))
}

func disputeKeys(t *testing.T, s support.Store) {
	first, e := Sample(1)
	create(t, s, first, e)
	again, e := Sample(2)
	again.Request.Key = first.Request.Key
	existing, err := s.CreateDispute(context.Background(), again, e)
	suite.Must(t, err)
	suite.WantEqual(t, "the one with the key", existing, first)
	if _, err := s.Dispute(context.Background(), again.ID); !errors.Is(err, support.ErrNotFound) {
		t.Errorf("the repeat: %v", err)
	}
}

func disputePages(t *testing.T, s support.Store) {
	ctx := context.Background()
	for n := 1; n <= 6; n++ {
		d, e := Sample(n)
		d.Due = ledger.Date(100 - n%3)
		switch {
		case n == 2:
			d.State = support.Resolved
		case n > 4:
			d.Member, d.Owner, d.State = "M-7", "u9", support.Open
		}
		create(t, s, d, e)
	}
	for _, c := range []struct {
		name   string
		filter support.Filter
		want   []int
	}{
		{"all, newest first", support.Filter{}, []int{6, 5, 4, 3, 2, 1}},
		{"by due date", support.Filter{Unended: true}, []int{5, 1, 4, 3, 6}},
		{"of a member", support.Filter{Member: "M-7"}, []int{6, 5}},
		{"in a state", support.Filter{State: support.Open}, []int{6, 5}},
		{"of an owner, by due date", support.Filter{Owner: "u9", Unended: true}, []int{5, 6}},
		{"about a subject", support.Filter{Kind: support.Conversion, Subject: id(1003)}, []int{3}},
		{"of nobody", support.Filter{Member: "M-8"}, nil},
	} {
		var got []int
		f := c.filter
		for f.Limit = 2; ; {
			page, err := s.Disputes(ctx, f)
			suite.Must(t, err)
			for _, d := range page {
				got = append(got, int(d.ID.Milli()-1_770_000_000_000))
				f.Before = d.ID
				if f.Unended {
					f.After, f.Before = &support.Place{Due: d.Due, ID: d.ID}, ledger.ID{}
				}
			}
			if len(page) < 2 {
				break
			}
		}
		suite.WantEqual(t, c.name, got, c.want)
	}
	counts, err := s.DisputeCounts(ctx)
	suite.Must(t, err)
	suite.WantEqual(t, "counts", counts, map[support.State]int64{support.Open: 2, support.Proposed: 3, support.Resolved: 1})
}

func actRoundTrip(t *testing.T, s support.Store) {
	ctx := context.Background()
	full, bare := SampleAct(1), &support.Act{ID: id(2), Client: "c", Request: support.Idempotency{Key: "k"}, Kind: support.Freeze, Member: "M-1", State: support.ActProposed, Maker: "u", Version: 1}
	createAct(t, s, full)
	createAct(t, s, bare)
	d, e := Sample(1)
	create(t, s, d, e)
	d.Version = 2
	with := SampleAct(3)
	suite.Must(t, s.SaveDispute(ctx, d, entry(d), with))
	for _, want := range []*support.Act{full, bare, with} {
		got, err := s.Act(ctx, want.ID)
		suite.Must(t, err)
		suite.WantEqual(t, "act", got, want)
	}
	again := SampleAct(4)
	again.Request.Key = full.Request.Key
	existing, err := s.CreateAct(ctx, again)
	suite.Must(t, err)
	suite.WantEqual(t, "the one with the key", existing, full)
}

func actVersions(t *testing.T, s support.Store) {
	ctx := context.Background()
	a := SampleAct(1)
	createAct(t, s, a)
	suite.WantErr(t, "the same version again", s.SaveAct(ctx, a), support.ErrChanged)
	a.State, a.Checker, a.Code, a.Detail, a.DecidedAt, a.FinishedAt, a.Version = support.ActDone, "u7", "", "", 11, 12, 2
	suite.Must(t, s.SaveAct(ctx, a))
	got, err := s.Act(ctx, a.ID)
	suite.Must(t, err)
	suite.WantEqual(t, "after the change", got, a)
	suite.WantErr(t, "one that is not there", s.SaveAct(ctx, SampleAct(9)), support.ErrChanged)
}

func oneReview(t *testing.T, s support.Store) {
	var made, taken atomic.Int32
	var all sync.WaitGroup
	for n := 1; n <= 6; n++ {
		all.Go(func() {
			a := SampleAct(n)
			a.Kind, a.Subject = []support.ActKind{support.Release, support.Refuse}[n%2], id(500)
			switch existing, err := s.CreateAct(context.Background(), a); {
			case err == nil && existing == nil:
				made.Add(1)
			case errors.Is(err, support.ErrTaken):
				taken.Add(1)
			default:
				t.Errorf("%v, %v", existing, err)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 || taken.Load() != 5 {
		t.Errorf("%d were made and %d refused, want 1 and 5", made.Load(), taken.Load())
	}
	other := SampleAct(7) // goodwill is given as often as somebody wants
	other.Subject = id(500)
	createAct(t, s, other)
}

func actPages(t *testing.T, s support.Store) {
	ctx := context.Background()
	for n := 1; n <= 5; n++ {
		a := SampleAct(n)
		if n%2 == 0 {
			a.Kind, a.State, a.Member = support.Freeze, support.ActDone, "M-7"
		}
		createAct(t, s, a)
	}
	for _, c := range []struct {
		name   string
		filter support.ActFilter
		want   []int
	}{
		{"all", support.ActFilter{}, []int{5, 4, 3, 2, 1}}, {"of a kind", support.ActFilter{Kind: support.Freeze}, []int{4, 2}},
		{"in a state", support.ActFilter{State: support.ActUnderWay}, []int{5, 3, 1}}, {"of a member", support.ActFilter{Member: "M-7"}, []int{4, 2}},
	} {
		var got []int
		f := c.filter
		for f.Limit = 2; ; {
			page, err := s.Acts(ctx, f)
			suite.Must(t, err)
			for _, a := range page {
				got, f.Before = append(got, int(a.ID.Milli()-1_770_000_000_000)), a.ID
			}
			if len(page) < 2 {
				break
			}
		}
		suite.WantEqual(t, c.name, got, c.want)
	}
}

func goodwillSums(t *testing.T, s support.Store) {
	ctx := context.Background()
	for n := 1; n <= 8; n++ {
		a := SampleAct(n)
		a.Dispute, a.Reference, a.State = ledger.ID{}, "CASE-1", support.ActDone
		switch n {
		case 2:
			a.Maker = "u3"
		case 3:
			a.Day++
		case 4:
			a.Alone = false
		case 5:
			a.State = support.ActRefused
		case 6:
			a.State = support.ActDeclined
		case 7:
			a.Reference, a.State = "CASE-2", support.ActAwaiting
		case 8:
			a.Kind = support.Freeze
		}
		createAct(t, s, a)
	}
	byDay, byCase, err := s.GoodwillAlone(ctx, "u1", 20_486, "CASE-1")
	suite.Must(t, err)
	if byDay != 200 || byCase != 300 {
		t.Errorf("alone there were %d on the day and %d for the case, want 200 and 300", byDay, byCase)
	}
	totals, err := s.GoodwillTotals(ctx, 20_486, 20_487)
	suite.Must(t, err)
	suite.WantEqual(t, "totals", totals, []support.GoodwillTotal{{Day: 20_486, Acts: 3, Points: 300}, {Day: 20_487, Acts: 1, Points: 100}})
	if none, err := s.GoodwillTotals(ctx, 1, 2); err != nil || len(none) != 0 {
		t.Errorf("totals of other days: %v, %v", none, err)
	}
}

func forget(t *testing.T, s support.Store) {
	ctx := context.Background()
	d, e := Sample(1)
	e.Side, e.By, e.Text = support.ByMember, "", "my name is"
	create(t, s, d, e)
	d.Version = 2
	suite.Must(t, s.SaveDispute(ctx, d, entry(d), nil))
	createAct(t, s, SampleAct(1))
	suite.Must(t, s.ForgetMember(ctx, d.Member, "erased-1"))
	got, err := s.Dispute(ctx, d.ID)
	suite.Must(t, err)
	trail, err := s.DisputeTrail(ctx, d.ID)
	suite.Must(t, err)
	a, err := s.Act(ctx, SampleAct(1).ID)
	suite.Must(t, err)
	if got.Member != "erased-1" || got.Resolution.Text != "" || a.Member != "erased-1" || a.Reason != "" || len(trail) != 2 || trail[0].Text != "" || trail[1].Text != "" {
		t.Errorf("left are %+v, %+v and %+v", got, a, trail)
	}
}

func missing(t *testing.T, s support.Store) {
	ctx := context.Background()
	_, err := s.Dispute(ctx, id(1))
	suite.WantErr(t, "dispute", err, support.ErrNotFound)
	_, err = s.Act(ctx, id(1))
	suite.WantErr(t, "act", err, support.ErrNotFound)
	d, e := Sample(1)
	d.Version, e.Number = 2, 2
	suite.WantErr(t, "a change of what is not there", s.SaveDispute(ctx, d, e, SampleAct(1)), support.ErrChanged)
	if trail, err := s.DisputeTrail(ctx, id(1)); err != nil || len(trail) != 0 {
		t.Errorf("trail: %v, %v", trail, err)
	}
}
