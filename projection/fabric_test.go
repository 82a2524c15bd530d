package projection_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/projection"
)

func TestItEqualsALedgerOnFabric(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:2]})
	p, err := n.Profile()
	must(t, err)
	o := fabric.Options{Profile: p, Clock: time.Now, Timer: time.Now, CheckpointEvery: 200 * time.Millisecond, Checkpointer: utility,
		Logger: slog.New(slog.DiscardHandler)}
	for _, i := range p.Identities {
		o.Identities = append(o.Identities, i.MSP)
	}
	l, err := fabric.Open(ctx, o)
	must(t, err)
	defer l.Close()
	s := newStore(t)
	stop := run(projection.New(projection.Options{Blocks: l, Store: s}))
	w := newWorld(t, l, time.Now, ledger.Identity{MSP: "SkyMSP", Subject: "loyalty"})
	w.checkpoints = false
	w.some()
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("following ended with %v", err)
	}
	catchUp(t, l, s)
	if r := verified(t, l, s); r.Transfers < 100 || r.Accounts < 10 {
		t.Errorf("only this was compared: %+v", r)
	}
	want := contentOf(t, s)
	at, err := s.Checkpoint(ctx)
	must(t, err)
	for from := int64(at.Height); from >= 0; from -= 7 {
		must(t, projection.Rewind(ctx, s, uint64(from)))
		catchUp(t, l, s)
		if !reflect.DeepEqual(contentOf(t, s), want) {
			t.Errorf("replayed from block %d it differs", from)
		}
	}
}
