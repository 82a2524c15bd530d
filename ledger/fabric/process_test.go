package fabric_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// childProfile names the profile for the process that is killed; see
// [TestAProcessThatIsKilled].
const (
	childProfile = "POINTGRID_TEST_CHILD_PROFILE"
	childMirror  = "POINTGRID_TEST_CHILD_MIRROR" // file of its copy of the ledger
)

// TestChild is not a test: it is the process that is killed. It says what it is
// about to give and what was acknowledged.
func TestChild(t *testing.T) {
	file := os.Getenv(childProfile)
	if file == "" {
		t.Skip("runs as a process of TestAProcessThatIsKilled only")
	}
	p, err := profile.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	l, err := fabric.Open(ctx, fabric.Options{Profile: p, Identities: []string{utility.MSP}, Clock: time.Now, Timer: time.Now,
		CheckpointEvery: 100 * time.Millisecond, Checkpointer: utility})
	if err != nil {
		t.Fatal(err)
	}
	m := mirrorAt(ctx, t, l, os.Getenv(childMirror))
	go func() { t.Errorf("the projection ended with %v", m.follow.Run(ctx)) }()
	d := existing(ctx, t, l, "sky", sky)
	out := make(chan string, 100)
	for i := range 8 {
		go func() {
			for n := 1; ; n++ {
				c := ledger.Command{ID: newID(), Body: d.in(int64(1000*i + n))}
				out <- fmt.Sprintf("given %s %d %s", c.ID, 1000*i+n, c.Body.(*ledger.ConvertIn).Account)
				for {
					r, err := l.Submit(ctx, utility, c)
					if err == nil && r[0].Code == ledger.CodeOK {
						break
					}
				}
				out <- fmt.Sprintf("acknowledged %s", c.ID)
			}
		}()
	}
	for line := range out {
		fmt.Println(line)
	}
}

// existing returns the agreement in force with a partner.
func existing(ctx context.Context, t testing.TB, l ledger.Ledger, code string, company ledger.Identity) *deal {
	t.Helper()
	all, err := l.Agreements(ctx)
	if err != nil {
		t.Fatal(err)
	}
	a, ok := ledger.InForce(all, code, ledger.In, time.Now().UnixMilli())
	if !ok {
		t.Fatalf("no agreement with %s", code)
	}
	return &deal{code: code, id: a.ID, hash: a.Hash, company: company}
}

// TestAProcessThatIsKilled kills a process that gives commands, again and again,
// and has the next one find out what became of them.
func TestAProcessThatIsKilled(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:2]})
	first := open(ctx, t, n, func(o *fabric.Options) { o.CheckpointEvery = 0 })
	d := found(ctx, t, first, "sky", sky)
	v := &victim{mirror: filepath.Join(t.TempDir(), "mirror.db"), given: map[ledger.ID]int64{},
		accounts: map[ledger.ID]ledger.Account{}, acknowledged: map[ledger.ID]bool{}}
	for round := range 3 {
		v.live(ctx, t, n, 150+round*50)
	}
	w := &load{t: t, ledger: first, deal: d, given: map[ledger.ID]int64{}, accounts: v.accounts}
	unsure := 0
	for id, amount := range v.given {
		e, err := first.Find(ctx, id)
		switch {
		case err == nil && e.Transfer.Amount == amount:
			w.given[id] = amount
			if !v.acknowledged[id] {
				unsure++
			}
		case err == nil:
			t.Errorf("a conversion of %d stands for one of %d", e.Transfer.Amount, amount)
		case !errors.Is(err, ledger.ErrNotFound) || v.acknowledged[id]:
			t.Errorf("a conversion that was acknowledged (%t) ends with %v", v.acknowledged[id], err)
		}
	}
	t.Logf("%d given, %d acknowledged, %d carried out without an answer", len(v.given), len(v.acknowledged), unsure)
	m := mirrorAt(ctx, t, first, v.mirror)
	if before, err := m.store.Checkpoint(ctx); err != nil || before.Height == 0 {
		t.Errorf("the process left a copy of %d blocks, %v", before.Height, err)
	}
	if _, err := m.follow.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	m.settled(ctx, w)
}

// victim is the process that is killed, and what it said so far.
type victim struct {
	mirror       string
	given        map[ledger.ID]int64
	accounts     map[ledger.ID]ledger.Account
	acknowledged map[ledger.ID]bool
}

// live starts the process, kills it after so many acknowledgements and takes down
// what it said.
func (v *victim) live(ctx context.Context, t *testing.T, n *network.Network, after int) {
	t.Helper()
	c := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChild$", "-test.v")
	c.Env = append(os.Environ(), childProfile+"="+n.ProfileFile(), childMirror+"="+v.mirror)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	heard := 0
	for s := bufio.NewScanner(out); s.Scan(); {
		f := strings.Fields(s.Text())
		switch {
		case len(f) == 4 && f[0] == "given":
			id, err := ledger.ParseID(f[1])
			if err != nil {
				t.Fatal(err)
			}
			var account ledger.Account
			if err := account.UnmarshalText([]byte(f[3])); err != nil {
				t.Fatal(err)
			}
			v.given[id], _ = strconv.ParseInt(f[2], 10, 64)
			v.accounts[id] = account
		case len(f) == 2 && f[0] == "acknowledged":
			id, err := ledger.ParseID(f[1])
			if err != nil {
				t.Fatal(err)
			}
			v.acknowledged[id] = true
			if heard++; heard == after {
				_ = c.Process.Kill()
			}
		}
	}
	_ = c.Wait() // it was killed
	if heard < after {
		t.Fatalf("the process ended by itself after %d acknowledgements", heard)
	}
}
