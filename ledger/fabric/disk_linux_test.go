package fabric_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// TestAFullDiskAtOnePeerHoldsUpNobodyElse fills the disk of a partner's peer
// under load, and makes room again.
func TestAFullDiskAtOnePeerHoldsUpNobodyElse(t *testing.T) {
	disk := pgtest.SmallDisk(t, 256<<20)
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3]})
	stop(ctx, t, n, "peer.sky")
	onto(t, n.Data("peer.sky"), disk)
	start(ctx, t, n, "peer.sky")
	l := open(ctx, t, n, func(o *fabric.Options) { o.Patience.Endorse = 3 * time.Second })
	m := mirrored(ctx, t, l)
	own, others := found(ctx, t, l, "sky", sky).load(ctx, t, l, 8), found(ctx, t, l, "mart", mart).load(ctx, t, l, 8)
	own.goesOn(ctx, 100)
	others.goesOn(ctx, 100)

	ballast := fill(t, disk)
	busy := own.busy.Load()
	begun := time.Now()
	for own.busy.Load() == busy { // it has room in what it has reserved
		others.goesOn(ctx, 50)
		if time.Since(begun) > 2*time.Minute {
			t.Fatal("the peer goes on with a full disk")
		}
	}
	t.Logf("the partner's conversions were turned away after %s", time.Since(begun))
	done := own.done.Load()
	others.goesOn(ctx, 500)
	if got := own.done.Load(); got != done {
		t.Errorf("%d conversions were acknowledged by a partner that cannot write", got-done)
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if !runs(ctx, t, n, "peer.sky") { // what watches over it starts it again
		t.Log("the peer had ended")
		start(ctx, t, n, "peer.sky")
	}
	own.goesOn(ctx, 100)
	others.goesOn(ctx, 100)
	own.end()
	others.end()
	m.settled(ctx, own, others)
}

// onto moves a folder to another disk and leaves a link.
func onto(t *testing.T, dir, disk string) {
	t.Helper()
	to := filepath.Join(disk, "data")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, dir); err != nil {
		t.Fatal(err)
	}
}

// fill leaves no room on a disk, and returns what takes it.
func fill(t *testing.T, disk string) string {
	t.Helper()
	f, err := os.Create(filepath.Join(disk, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096} { // in ever smaller pieces
		piece := make([]byte, size)
		for err = error(nil); err == nil; {
			_, err = f.Write(piece)
		}
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, io.ErrShortWrite) {
			t.Fatal(err)
		}
	}
	return f.Name()
}
