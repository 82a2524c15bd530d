package partnerstest

import (
	"reflect"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// RunAccess checks that a store keeps the promises of [partners.AccessStore].
// open returns an empty store and cleans up after itself.
func RunAccess(t *testing.T, open func(t *testing.T) partners.AccessStore) {
	suite.Run(t, open, suite.Promises[partners.AccessStore]{
		{"entries come back as they were, newest first", accessRoundTrip},
		{"entries are selected by every field of the filter", accessFilters},
		{"entries are paged", accessPages},
		{"old entries are forgotten, and so are too many", accessForgotten},
	})
}

// ids are the last bytes of the IDs that a filter selects.
func ids(t *testing.T, s partners.AccessStore, f partners.AccessFilter) (found []int) {
	t.Helper()
	f.Limit = max(f.Limit, 1)
	all, err := s.Accesses(t.Context(), f)
	suite.Must(t, err)
	for _, a := range all {
		found = append(found, int(a.ID[len(a.ID)-1]))
	}
	return found
}

func accessRoundTrip(t *testing.T, s partners.AccessStore) {
	bare := partners.Access{ID: entry(2, "", "").ID, At: noon.Add(2 * time.Second), Kind: partners.AccessAuthentication, Method: "POST", Route: "/oauth2/token", Status: 401}
	full := entry(1, "sky", "app")
	suite.Must(t, s.AppendAccess(t.Context(), []partners.Access{full, bare}))
	suite.Must(t, s.AppendAccess(t.Context(), nil))
	all, err := s.Accesses(t.Context(), partners.AccessFilter{All: true, Limit: 200})
	suite.Must(t, err)
	if len(all) != 2 || !reflect.DeepEqual(*all[0], bare) || !reflect.DeepEqual(*all[1], full) {
		t.Errorf("came back %+v", all)
	}
}

func accessFilters(t *testing.T, s partners.AccessStore) {
	good, auth := entry(3, "sky", "app"), entry(4, "sky", "app")
	good.Status, good.Code = 201, ""
	auth.Kind = partners.AccessAuthentication
	suite.Must(t, s.AppendAccess(t.Context(), []partners.Access{entry(1, "sky", "app"), entry(2, "sky", "other"), good, auth, entry(5, "shop", "app"), entry(6, "", "ops")}))
	for name, c := range map[string]struct {
		f    partners.AccessFilter
		want []int
	}{
		"all":       {partners.AccessFilter{All: true}, []int{6, 5, 4, 3, 2, 1}},
		"a partner": {partners.AccessFilter{Partner: "sky"}, []int{4, 3, 2, 1}},
		"utility":   {partners.AccessFilter{}, []int{6}},
		"client":    {partners.AccessFilter{Partner: "sky", Client: "other"}, []int{2}},
		"kind":      {partners.AccessFilter{Partner: "sky", Kind: partners.AccessAuthentication}, []int{4}},
		"problems":  {partners.AccessFilter{Partner: "sky", Problems: true}, []int{4, 2, 1}},
		"before":    {partners.AccessFilter{Partner: "sky", Before: auth.ID}, []int{3, 2, 1}},
		"mixed":     {partners.AccessFilter{All: true, Client: "app", Problems: true, Before: entry(5, "", "").ID}, []int{4, 1}},
		"nobody":    {partners.AccessFilter{Partner: "nobody"}, nil},
	} {
		c.f.Limit = 100
		if got := ids(t, s, c.f); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func accessPages(t *testing.T, s partners.AccessStore) {
	for n := range 40 {
		suite.Must(t, s.AppendAccess(t.Context(), []partners.Access{entry(n, "sky", "app"), entry(n+100, "shop", "app")}))
	}
	var last ledger.ID
	want := 39
	for pages := 0; pages < 5; pages++ {
		all, err := s.Accesses(t.Context(), partners.AccessFilter{Partner: "sky", Before: last, Limit: 10})
		suite.Must(t, err)
		for _, a := range all {
			if int(a.ID[len(a.ID)-1]) != want {
				t.Fatalf("entry %d, want %d", a.ID[len(a.ID)-1], want)
			}
			want, last = want-1, a.ID
		}
	}
	if want != -1 {
		t.Errorf("ended before entry %d", want)
	}
}

func accessForgotten(t *testing.T, s partners.AccessStore) {
	var all []partners.Access
	for n := range 10 {
		all = append(all, entry(n, "sky", "app"))
	}
	suite.Must(t, s.AppendAccess(t.Context(), all))
	forget := func(before time.Time, keep, want int, left ...int) {
		t.Helper()
		n, err := s.ForgetAccess(t.Context(), before, keep)
		suite.Must(t, err)
		if got := ids(t, s, partners.AccessFilter{All: true, Limit: 100}); n != want || !reflect.DeepEqual(got, left) {
			t.Errorf("forgot %d and left %v, want %d and %v", n, got, want, left)
		}
	}
	forget(noon, 100, 0, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
	forget(noon.Add(2*time.Second), 100, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	forget(noon, 3, 5, 9, 8, 7)
	forget(noon.Add(time.Hour), 100, 3)
}
