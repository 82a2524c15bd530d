package fabric_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
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
const childProfile = "POINTGRID_TEST_CHILD_PROFILE"

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
	d := existing(ctx, t, l, "sky", sky)
	out := make(chan string, 100)
	for i := range 8 {
		go func() {
			for n := 1; ; n++ {
				c := ledger.Command{ID: newID(), Body: d.in(int64(1000*i + n))}
				out <- fmt.Sprintf("given %s %d", c.ID, 1000*i+n)
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
	given, acknowledged := map[ledger.ID]int64{}, map[ledger.ID]bool{}
	for round := range 3 {
		child(ctx, t, n, 150+round*50, given, acknowledged)
	}
	w := &load{t: t, ledger: first, deal: d, given: map[ledger.ID]int64{}}
	unsure := 0
	for id, amount := range given {
		e, err := first.Find(ctx, id)
		switch {
		case err == nil && e.Transfer.Amount == amount:
			w.given[id] = amount
			if !acknowledged[id] {
				unsure++
			}
		case err == nil:
			t.Errorf("a conversion of %d stands for one of %d", e.Transfer.Amount, amount)
		case !errors.Is(err, ledger.ErrNotFound) || acknowledged[id]:
			t.Errorf("a conversion that was acknowledged (%t) ends with %v", acknowledged[id], err)
		}
	}
	w.holds(ctx)
	t.Logf("%d given, %d acknowledged, %d carried out without an answer", len(given), len(acknowledged), unsure)
}

// child starts the process, kills it after so many acknowledgements and takes
// down what it said.
func child(ctx context.Context, t *testing.T, n *network.Network, after int, given map[ledger.ID]int64, acknowledged map[ledger.ID]bool) {
	t.Helper()
	c := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChild$", "-test.v")
	c.Env = append(os.Environ(), childProfile+"="+n.ProfileFile())
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
		case len(f) == 3 && f[0] == "given":
			id, err := ledger.ParseID(f[1])
			if err != nil {
				t.Fatal(err)
			}
			given[id], _ = strconv.ParseInt(f[2], 10, 64)
		case len(f) == 2 && f[0] == "acknowledged":
			id, err := ledger.ParseID(f[1])
			if err != nil {
				t.Fatal(err)
			}
			acknowledged[id] = true
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
