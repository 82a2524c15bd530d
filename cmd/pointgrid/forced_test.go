package main_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// What a partner's engineer sees of each documented amount: a decline is a
// problem with its code, a fault that passes is got over, silence takes longer
// than anybody waits.
func TestAmountsForceTheirOutcomesInTheSandbox(t *testing.T) {
	dir := t.TempDir()
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	sky := api(t, s, dir, "sky")
	t.Run("all", func(t *testing.T) {
		for i, o := range partnersim.ForcedOutcomes() {
			t.Run(connector.FormatAmount(o.Ending), func(t *testing.T) {
				t.Parallel()
				wantForced(t, sky, i+1, o)
			})
		}
	})
}

func wantForced(t *testing.T, sky *client.Client, n int, o partnersim.Forced) {
	t.Helper()
	r := conversion(n, "forced-"+connector.FormatAmount(o.Ending))
	r.Body.(map[string]any)["amount"] = connector.FormatAmount(10_000 + o.Ending)
	r.Header = http.Header{"Prefer": {"wait=30"}}
	if o.Silent {
		r.Header.Set("Prefer", "wait=3")
	}
	var c struct{ Status string }
	answer, err := sky.Do(t.Context(), r, &c)
	var p *client.Problem
	switch {
	case o.Code != "":
		if !errors.As(err, &p) || p.Code != string(o.Code) {
			t.Errorf("answered %+v, %v; want the problem %s", c, err, o.Code)
		}
	case err != nil:
		t.Error(err)
	case o.Silent && (answer.Status != http.StatusAccepted || c.Status != "processing"):
		t.Errorf("answered %d %s while the partner is silent", answer.Status, c.Status)
	case !o.Silent && c.Status != "completed":
		t.Errorf("answered %d %s, want completed: %s", answer.Status, c.Status, o.Means)
	}
}
