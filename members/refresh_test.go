package members_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/members"
)

func TestAnotherGatewayShutsOutWhoIsErased(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	other, err := members.Open(ctx, members.RegistryOptions{Store: w.store, Key: key, Random: rand.Reader, Now: w.now})
	must(t, err)
	a := w.join("M-1", 0)
	got, err := other.Account(ctx, "M-1")
	if err != nil || got != a {
		t.Fatalf("the other gateway has account %s, %v, want %s", got, err, a)
	}
	w.erase(a, 0)
	must(t, other.Refresh(ctx))
	if _, err := other.Account(ctx, "M-1"); !errors.Is(err, members.ErrErasing) {
		t.Errorf("while it is erased: error %v, want ErrErasing", err)
	}
	w.ahead.Add(int64(2 * time.Minute))
	w.resume()
	if e := w.state(a); e.Step != members.StepDone {
		t.Fatalf("the erasure stands at %s", e.Step)
	}
	must(t, other.Refresh(ctx))
	fresh, err := other.Account(ctx, "M-1")
	if err != nil || fresh == a {
		t.Errorf("somebody new under the number has account %s, %v, want another than %s", fresh, err, a)
	}
}
