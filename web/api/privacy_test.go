package api_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
	"github.com/pointgrid/pointgrid/members/memberstest"
)

// withPrivacy serves the world with members of its own, of whom M-1 has 120 points. A
// place has work under way while busy says so.
func withPrivacy(t *testing.T, busy *bool) (*world, *members.Privacy, string) {
	t.Helper()
	w := newWorld(t)
	registry, err := members.Open(context.Background(), members.RegistryOptions{Store: memberstest.NewMemory(), Key: accountKey, Random: rand.Reader, Now: time.Now})
	must(t, err)
	account, err := registry.Account(context.Background(), "M-1")
	must(t, err)
	w.give(gateway, &ledger.Issue{Account: account, Amount: 120, Expiry: ledger.MonthOf(2099, 12)})
	place := members.Place{Name: "test", UnderWay: func(context.Context, *members.Member) error {
		if *busy {
			return members.Obstruct(members.CodeUnderWay, "an order is under way; erase the member once it has ended")
		}
		return nil
	}}
	privacy, err := members.NewPrivacy(members.PrivacyOptions{Registry: registry, Ledger: w.ledger, Identity: gateway, Places: []members.Place{place},
		Quiet: time.Nanosecond, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	w.options.Privacy, w.options.Metrics = privacy, prometheus.NewRegistry()
	w.serve()
	return w, privacy, "/v1/members/" + account.String()
}

func TestAMemberIsErasedOnceWhatIsLeftWasConfirmed(t *testing.T) {
	busy := true
	w, privacy, path := withPrivacy(t, &busy)
	operator := w.as("ops")
	if a := operator.get(path + "/erasure").is(200); a.text("state") != "none" || a.text("points_left") != "120" {
		t.Errorf("before it was asked for: %s", a.body)
	}
	operator.post(path+"/erasure", `{"forfeited_points":"120"}`).refused(409, "work_under_way")
	busy = false
	operator.post(path+"/erasure", `{"forfeited_points":"100"}`).refused(422, "amount_not_confirmed")
	operator.post(path+"/erasure", `{"forfeited_points":120}`).refused(400, "invalid_request")
	operator.post(path+"/erasure", `{}`).refused(400, "invalid_request")
	if a := operator.get(path + "/export").is(200); a.text("format") != "pointgrid-member" || a.text("member.number") != "M-1" {
		t.Errorf("the export is %s", a.body)
	}
	operator.post(path+"/erasure", `{"forfeited_points":"120"}`).is(202)
	must(t, privacy.Resume(context.Background()))
	if a := operator.get(path + "/erasure").is(200); a.text("state") != "done" || a.text("forfeited_points") != "120" {
		t.Errorf("afterwards: %s", a.body)
	}
	operator.get(path+"/export").refused(404, "not_found")
	operator.post(path+"/erasure", `{"forfeited_points":"0"}`).is(202) // as it stands: done
}

func TestNobodysAccountIsNeitherExportedNorErased(t *testing.T) {
	busy := false
	w, _, _ := withPrivacy(t, &busy)
	operator := w.as("ops")
	for _, account := range []string{"5f0c9d3a7e1b4c2d8a6f0e9b1c3d5a7f", "M-1", "0"} {
		operator.get("/v1/members/"+account+"/export").refused(404, "not_found")
		operator.get("/v1/members/"+account+"/erasure").refused(404, "not_found")
		operator.post("/v1/members/"+account+"/erasure", `{"forfeited_points":"0"}`).refused(404, "not_found")
	}
}
