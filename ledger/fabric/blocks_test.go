package fabric_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

// journal is what a reader of blocks takes down.
type journal struct {
	blocks      []uint64
	entries     []ledger.Entry
	checkpoints []ledger.CheckpointRecord
}

func (j *journal) add(b fabric.Block) error {
	j.blocks = append(j.blocks, b.Number)
	for _, tx := range b.Transactions {
		for _, r := range tx.Results {
			if r.Code == ledger.CodeOK && !r.Replayed && tx.Batch != nil {
				j.entries = append(j.entries, r.Entry)
			}
		}
		if tx.Checkpoint != nil {
			j.checkpoints = append(j.checkpoints, *tx.Checkpoint)
		}
	}
	return nil
}

func TestBlocksTellWhatHappened(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:2]})
	p := profileOf(t, n)
	way := before(t, p, "UtilityMSP")
	l := open(ctx, t, n, func(o *fabric.Options) { o.Profile = p })
	d := found(ctx, t, l, "sky", sky)

	// One reader is there from the start and loses its connection meanwhile.
	following, stop := context.WithCancel(ctx)
	var live journal
	ended := make(chan error)
	seen := make(chan fabric.Block, 1000)
	go func() {
		ended <- l.Follow(following, 0, func(b fabric.Block) error { seen <- b; return live.add(b) })
	}()
	var given []ledger.Entry
	for i := range 20 {
		c := ledger.Command{ID: newID(), Body: d.in(int64(i + 1))}
		no := ledger.Command{ID: newID(), Body: &ledger.Hold{Account: ledger.Account{7}, Amount: 5, To: "mall"}}
		r, err := l.Submit(ctx, utility, c, no, c)
		if err != nil || r[1].Code != ledger.CodeInsufficientPoints || !r[2].Replayed {
			t.Fatalf("ended with %+v, %v", r, err)
		}
		given = append(given, r[0].Entry)
		if i%7 == 3 {
			way.cut()
		}
	}
	last := awaitProof(ctx, t, l, given[19].Transfer.ID)
	var whole journal
	if err := l.Blocks(ctx, 0, whole.add); err != nil {
		t.Fatal(err)
	}
	for i, number := range whole.blocks {
		if number != uint64(i) {
			t.Errorf("block %d is visited as the %d.", number, i)
		}
	}
	if n := len(whole.entries); n < 20 || !reflect.DeepEqual(whole.entries[n-20:], given) {
		t.Errorf("the blocks tell %+v, given were %+v", whole.entries, given)
	}
	if c := last.Checkpoint.Record; len(whole.checkpoints) == 0 || whole.checkpoints[c.Number] != c {
		t.Errorf("checkpoint %d is not in the blocks", c.Number)
	}
	middle := uint64(len(whole.blocks) / 2)
	var half journal
	if err := l.Blocks(ctx, middle, half.add); err != nil || half.blocks[0] != middle {
		t.Errorf("from block %d on it begins with %v, %v", middle, half.blocks, err)
	}
	stopped := errors.New("enough")
	if err := l.Blocks(ctx, 0, func(fabric.Block) error { return stopped }); !errors.Is(err, stopped) {
		t.Errorf("a visitor's error ends as %v", err)
	}
	for b := (fabric.Block{}); b.Number+1 < uint64(len(whole.blocks)); {
		select {
		case b = <-seen:
		case <-time.After(time.Minute):
			t.Fatal("who follows does not see the blocks")
		}
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("following ended with %v", err)
	}
	if n := len(whole.entries); len(live.entries) < n || !reflect.DeepEqual(live.entries[:n], whole.entries) {
		t.Errorf("who followed has %d transfers, the blocks tell %d", len(live.entries), n)
	}
}
