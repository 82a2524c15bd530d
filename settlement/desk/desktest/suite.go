package desktest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// Run checks that a store keeps the promises of [desk.Store]. open returns an
// empty store and cleans up after itself.
func Run(t *testing.T, open func(t *testing.T) desk.Store) {
	suite.Run(t, open, suite.Promises[desk.Store]{
		{"a case comes back as it was", roundTrip},
		{"a case is changed by one at a time", versions},
		{"cases are filtered and paged", pages},
		{"cases are counted", counts},
		{"how long cases took is counted", clearances},
		{"files are kept by their digest", files},
		{"what is not there is not found", missing},
	})
}

// Sample returns a case with every field set.
func Sample(n int) *desk.Case {
	id := fmt.Sprintf("%032x", n)
	book := func(amount int64) *desk.Book {
		return &desk.Book{Lines: 1, Amount: amount, Points: 7, At: 1_770_000_000_000, Window: 20_000, Status: "completed", Line: 12, Membership: "SKY-1"}
	}
	return &desk.Case{
		Finding: desk.Finding{ID: id, Partner: "sky", Window: 20_000, Type: "amount", Movement: "debit", Transfer: ledger.ID{1, 6: 0x70, 8: 0x80},
			Reference: "R-1", Value: -500, Tolerated: true, Ledger: book(10), Ours: book(10), Theirs: book(9), Differs: []string{"amount"}},
		State: desk.Proposed, Seen: 20_001, Owner: desk.Person{ID: "u1"}, Due: 20_005, Version: 1, OpenedAt: 5, UpdatedAt: 6,
		Resolution: &desk.Resolution{Action: desk.Adjust, Value: -500, Reason: "typing error", Maker: desk.Person{ID: "u1"}, ProposedAt: 7,
			Checker: desk.Person{ID: "u2"}, DecidedAt: 8, Adjustment: ledger.ID{2, 6: 0x70, 8: 0x80}},
	}
}

func entry(c *desk.Case) *desk.Entry {
	return &desk.Entry{Case: c.ID, Number: c.Version, At: 9, By: desk.Person{Company: "sky", ID: "p1"}, What: "attached", State: c.State,
		Text: "看这里", Attachment: ledger.Hash{3}, Name: "mail.txt"}
}

func roundTrip(t *testing.T, s desk.Store) {
	ctx := context.Background()
	full := Sample(1)
	bare := &desk.Case{Finding: desk.Finding{ID: Sample(2).ID, Partner: "mart", Window: 20_000, Type: "window", Movement: "credit"},
		State: desk.Open, Seen: 20_000, Version: 1}
	for _, want := range []*desk.Case{full, bare} {
		suite.Must(t, s.SaveCase(ctx, want, entry(want)))
		got, err := s.Case(ctx, want.ID)
		suite.Must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("case\n got %+v\nwant %+v", got, want)
		}
	}
	trail, err := s.CaseTrail(ctx, full.ID)
	suite.Must(t, err)
	if len(trail) != 1 || *trail[0] != *entry(full) {
		t.Errorf("trail %+v", trail)
	}
}

func versions(t *testing.T, s desk.Store) {
	ctx := context.Background()
	c := Sample(1)
	suite.Must(t, s.SaveCase(ctx, c, entry(c)))
	if err := s.SaveCase(ctx, c, entry(c)); !errors.Is(err, desk.ErrChanged) {
		t.Errorf("the same version again: %v", err)
	}
	skipped := Sample(1)
	skipped.Version = 3
	if err := s.SaveCase(ctx, skipped, entry(skipped)); !errors.Is(err, desk.ErrChanged) {
		t.Errorf("a version left out: %v", err)
	}
	var stored atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			mine := Sample(1)
			mine.Version, mine.UpdatedAt = 2, int64(i)
			switch err := s.SaveCase(ctx, mine, entry(mine)); {
			case err == nil:
				stored.Add(1)
			case !errors.Is(err, desk.ErrChanged):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	trail, err := s.CaseTrail(ctx, c.ID)
	suite.Must(t, err)
	if stored.Load() != 1 || len(trail) != 2 || trail[1].Number != 2 {
		t.Errorf("%d of 8 were stored, the trail is %+v", stored.Load(), trail)
	}
}

func pages(t *testing.T, s desk.Store) {
	ctx := context.Background()
	for n := 1; n <= 9; n++ {
		c := Sample(n)
		c.Window = ledger.Date(20_000 + n%3)
		c.Partner = []string{"sky", "mart"}[n%2]
		c.Tolerated = n == 4
		c.Value = []int64{-1, int64(n)}[n%2]
		switch n {
		case 3, 8:
			c.Due = 20_002
		case 6:
			c.Due = 0
		}
		if n > 6 {
			c.State, c.Type, c.Owner = desk.Resolved, "duplicate", desk.Person{Company: "sky", ID: "p"}
		}
		suite.Must(t, s.SaveCase(ctx, c, entry(c)))
	}
	for _, c := range []struct {
		name   string
		filter desk.Filter
		want   []int
		order  desk.Order
	}{
		{name: "all", filter: desk.Filter{}, want: []int{2, 5, 8, 1, 4, 7, 3, 6, 9}},
		{name: "of a partner", filter: desk.Filter{Partner: "mart"}, want: []int{5, 1, 7, 3, 9}},
		{name: "of a window", filter: desk.Filter{Window: 20_001}, want: []int{1, 4, 7}},
		{name: "in a state", filter: desk.Filter{State: desk.Resolved}, want: []int{8, 7, 9}},
		{name: "of a type", filter: desk.Filter{Type: "amount"}, want: []int{2, 5, 1, 4, 3, 6}},
		{name: "of an owner", filter: desk.Filter{Owner: &desk.Person{Company: "sky", ID: "p"}, Partner: "sky"}, want: []int{8}},
		{name: "that are not ended", filter: desk.Filter{Unended: true, Partner: "mart"}, want: []int{5, 1, 3}},
		{name: "that are overdue", filter: desk.Filter{DueBefore: 20_003}, want: []int{8, 3}},
		{name: "the largest first", order: desk.ByValue, want: []int{9, 7, 5, 3, 1, 2, 4, 6, 8}},
		{name: "the earliest due first", order: desk.ByDue, filter: desk.Filter{Window: 20_000}, want: []int{3, 9, 6}},
		{name: "that block", filter: desk.Filter{Blocking: true}, want: []int{2, 5, 1, 3, 6}},
	} {
		var got []int
		for after := (*desk.Place)(nil); ; {
			page, err := s.Cases(ctx, c.filter, c.order, after, 2)
			suite.Must(t, err)
			if len(page) == 0 {
				break
			}
			for _, one := range page {
				var n int
				_, err := fmt.Sscanf(one.ID, "%x", &n)
				suite.Must(t, err)
				got = append(got, n)
			}
			after = c.order.After(page[len(page)-1])
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func counts(t *testing.T, s desk.Store) {
	ctx := context.Background()
	for n := 1; n <= 4; n++ {
		c := Sample(n)
		c.Window, c.Tolerated, c.Value = ledger.Date(20_000+n%2), n == 1, int64(n)*[]int64{1, -1}[n%2]
		suite.Must(t, s.SaveCase(ctx, c, entry(c)))
	}
	got, err := s.CaseCounts(ctx, "sky", 20_000, 20_001)
	suite.Must(t, err)
	want := []desk.Count{{Partner: "sky", Window: 20_000, State: desk.Proposed, Cases: 2, Value: 6},
		{Partner: "sky", Window: 20_001, State: desk.Proposed, Cases: 1, Value: 3},
		{Partner: "sky", Window: 20_001, State: desk.Proposed, Tolerated: true, Cases: 1, Value: 1}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("counts\n got %+v\nwant %+v", got, want)
	}
	if none, err := s.CaseCounts(ctx, "mart", 0, 30_000); err != nil || len(none) != 0 {
		t.Errorf("of another partner: %v, %v", none, err)
	}
	if all, err := s.CaseCounts(ctx, "", 20_001, 20_001); err != nil || len(all) != 2 {
		t.Errorf("of all partners: %v, %v", all, err)
	}
}

// clearances: the first case took 2 hours, the second was opened again and took 5,
// the third is not ended.
func clearances(t *testing.T, s desk.Store) {
	ctx, hour := context.Background(), int64(3_600_000)
	for n, story := range map[int][]desk.State{1: {desk.Open, desk.Proposed, desk.Resolved, desk.Resolved},
		2: {desk.Open, desk.Cleared, desk.Open, desk.Open, desk.Open, desk.Cleared}, 3: {desk.Open, desk.Resolved, desk.Open}} {
		for i, state := range story {
			c := Sample(n)
			c.OpenedAt, c.Version, c.State = hour, int64(i)+1, state
			e := entry(c)
			e.At = hour*int64(i) + hour + 1
			suite.Must(t, s.SaveCase(ctx, c, e))
		}
	}
	got, err := s.Clearances(ctx, "", 20_000, 20_000)
	suite.Must(t, err)
	want := []desk.Clearance{{Type: "amount", Hours: 2, Cases: 1}, {Type: "amount", Hours: 5, Cases: 1}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("clearances\n got %+v\nwant %+v", got, want)
	}
	if none, err := s.Clearances(ctx, "mart", 0, 30_000); err != nil || len(none) != 0 {
		t.Errorf("of another partner: %v, %v", none, err)
	}
}

func files(t *testing.T, s desk.Store) {
	ctx := context.Background()
	file := []byte{0, 1, 2, 255}
	digest := ledger.Hash(sha256.Sum256(file))
	suite.Must(t, s.SaveCaseFile(ctx, digest, file))
	suite.Must(t, s.SaveCaseFile(ctx, digest, file))
	got, err := s.CaseFile(ctx, digest)
	suite.Must(t, err)
	if string(got) != string(file) {
		t.Errorf("the file is %v", got)
	}
}

func missing(t *testing.T, s desk.Store) {
	ctx := context.Background()
	if _, err := s.Case(ctx, Sample(1).ID); !errors.Is(err, desk.ErrNotFound) {
		t.Errorf("case: %v", err)
	}
	if _, err := s.CaseFile(ctx, ledger.Hash{1}); !errors.Is(err, desk.ErrNotFound) {
		t.Errorf("file: %v", err)
	}
	if trail, err := s.CaseTrail(ctx, Sample(1).ID); err != nil || len(trail) != 0 {
		t.Errorf("trail: %v, %v", trail, err)
	}
}
