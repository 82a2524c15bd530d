package embedded

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// The crash test runs this binary again as a child, which submits to a ledger
// and prints what was acknowledged, until the parent kills it.
const (
	crashDir   = "POINTGRID_CRASH_DIR"
	crashRound = "POINTGRID_CRASH_ROUND"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		round, err := strconv.Atoi(os.Getenv(crashRound))
		if err == nil {
			err = crashChild(dir, round)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashOptions make everything happen often: segments roll, tables are written
// and merged, checkpoints are taken.
func crashOptions(dir string) Options {
	opts := testOptions(dir)
	opts.segmentSize = 100 << 10
	opts.memTable = 256 << 10
	opts.CheckpointEvery = 3 * time.Millisecond
	return opts
}

const crashCallers = 16

// crashChild submits from many goroutines and never returns without an error.
func crashChild(dir string, round int) error {
	l, err := Open(crashOptions(dir))
	if err != nil {
		return err
	}
	out := make(chan ledger.ID, 1000)
	failed := make(chan error)
	for caller := range crashCallers {
		go func() { failed <- crashCaller(l, round, caller, out) }()
	}
	go func() {
		w := bufio.NewWriter(os.Stdout)
		for id := range out {
			fmt.Fprintln(w, id)
			if len(out) == 0 {
				w.Flush()
			}
		}
	}()
	return <-failed
}

func crashCaller(l *Ledger, round, caller int, out chan<- ledger.ID) error {
	random := rand.New(rand.NewPCG(uint64(round), uint64(caller)))
	for n := 0; ; n++ {
		var commands []ledger.Command
		for i := range 1 + random.IntN(8) {
			id := identifier(byte(10+round), caller<<24|n<<4|i)
			commands = append(commands, conversion(id, member(random.IntN(200))))
		}
		results, err := l.Submit(context.Background(), utility, commands...)
		if err != nil {
			return err
		}
		for i, r := range results {
			if r.Code != ledger.CodeOK {
				return fmt.Errorf("%s: %s", r.Code, r.Message)
			}
			out <- commands[i].ID
		}
	}
}

func TestKilledAtAnyMomentNothingAcknowledgedIsLost(t *testing.T) {
	dir := t.TempDir()
	l := open(t, crashOptions(dir))
	found(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(20260110, 1))
	rounds, total := 24, 0
	if testing.Short() { // what the race detector is run on, which takes ten times as long
		rounds = 8
	}
	for round := range rounds {
		// Some are killed at once, while they catch up with the blocks.
		acknowledged := crash(t, dir, round, random.IntN(2500))
		total += len(acknowledged)
		if round%3 == 0 {
			verify(t, dir) // as the crash left it
		}
		if round%4 == 3 {
			continue // the next child recovers
		}
		checkAcknowledged(t, dir, acknowledged)
	}
	if total < rounds*209 {
		t.Errorf("only %d acknowledged in %d rounds", total, rounds)
	}
	report := verify(t, dir)
	if report.Transfers < uint64(total) || report.Checkpoints == 0 {
		t.Errorf("%d acknowledged, but %+v", total, report)
	}
}

// checkAcknowledged opens the ledger and looks for every ID and the balance.
func checkAcknowledged(t testing.TB, dir string, acknowledged []ledger.ID) {
	t.Helper()
	l := open(t, crashOptions(dir))
	for _, id := range acknowledged {
		if e, err := l.Find(t.Context(), id); err != nil || e.Transfer.ID != id {
			t.Fatalf("acknowledged %s, then lost: %v", id, err)
		}
	}
	for _, programme := range []string{"EPT", "SKY"} {
		var sum int64
		if err := l.Balances(t.Context(), programme, func(b ledger.Balance) error { sum += b.Amount; return nil }); err != nil || sum != 0 {
			t.Errorf("%s sums to %d, %v", programme, sum, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// crash starts a child, kills it once it has acknowledged so many commands, and
// returns all that it acknowledged.
func crash(t testing.TB, dir string, round, after int) (acknowledged []ledger.ID) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashDir+"="+dir, crashRound+"="+strconv.Itoa(round))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaint bytes.Buffer
	child.Stderr = &complaint
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() { child.Process.Kill() })
	defer kill()
	if after < 100 {
		time.AfterFunc(time.Duration(after)*time.Millisecond, kill)
		after = 1 << 30
	}
	acknowledged = readIDs(t, out, func(n int) {
		if n >= after {
			kill()
		}
	})
	child.Wait()
	if complaint.String() != "" {
		t.Fatalf("round %d: %s", round, complaint.String())
	}
	return acknowledged
}

// readIDs reads the lines that came through whole.
func readIDs(t testing.TB, out io.Reader, seen func(int)) (ids []ledger.ID) {
	t.Helper()
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return ids
		}
		id, err := ledger.ParseID(line[:len(line)-1])
		if err != nil {
			t.Fatalf("child printed %q", line)
		}
		ids = append(ids, id)
		seen(len(ids))
	}
}
