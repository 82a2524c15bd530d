package projection_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"

	"github.com/pointgrid/pointgrid/projection"
)

// childDir tells this test's binary, run again, to be a process that follows the
// ledger of a folder and dies.
const childDir = "PROJECTION_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := followAndTell(dir); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// followAndTell follows from a crashed ledger in small groups and says how far it
// has come.
func followAndTell(dir string) error {
	l, err := openLedger(filepath.Join(dir, "ledger"), newClock(), 0)
	if err != nil {
		return err
	}
	s, err := openStore(filepath.Join(dir, "store.db"))
	if err != nil {
		return err
	}
	f := projection.New(projection.Options{Blocks: l, Store: s, GroupMax: 3, Observe: func(projection.Sample) { fmt.Println("applied") }})
	_, err = f.CatchUp(context.Background())
	fmt.Println("done")
	return err
}

func TestADeathWhileBlocksAreAppliedNeitherLosesNorDoubles(t *testing.T) {
	dir, clock := t.TempDir(), newClock()
	l, err := openLedger(filepath.Join(dir, "ledger"), clock, 0)
	must(t, err)
	newWorld(t, l, clock.Now, airline).some()
	must(t, l.Close())
	for groups := 1; !dieAfter(t, dir, groups); groups++ {
	}
	l, err = openLedger(filepath.Join(dir, "ledger"), clock, 0)
	must(t, err)
	s, fresh := storeAt(t, filepath.Join(dir, "store.db")), newStore(t)
	catchUp(t, l, s)
	verified(t, l, s)
	catchUp(t, l, fresh)
	if !reflect.DeepEqual(contentOf(t, s), contentOf(t, fresh)) {
		t.Error("it is not what it is when nobody dies")
	}
	must(t, l.Close())
}

// dieAfter kills a follower after so many groups and reports whether it was done.
func dieAfter(t *testing.T, dir string, groups int) (done bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), childDir+"="+dir), os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	for said := bufio.NewScanner(out); said.Scan(); {
		switch said.Text() {
		case "done":
			done = true
		case "applied":
			if groups--; groups == 0 {
				must(t, cmd.Process.Kill())
			}
		default:
			t.Error(said.Text())
		}
	}
	var exit *exec.ExitError
	err = cmd.Wait()
	if !done && (!errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
		t.Fatalf("the process ended with %v, it was to be killed", err)
	}
	return done
}
