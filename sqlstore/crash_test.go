package sqlstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// childRole tells this test's binary, run again, to be a process that dies.
const childRole = "SQLSTORE_TEST_CHILD"

func TestMain(m *testing.M) {
	switch path := os.Getenv("SQLSTORE_TEST_PATH"); os.Getenv(childRole) {
	case "write":
		writeForever(path)
	case "fill":
		fillUpTo(path, 1<<20)
	}
	result := m.Run()
	if err := closeSharedServer(); err != nil {
		fmt.Println(err)
		result = 1
	}
	os.Exit(result)
}

func child(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+role, "SQLSTORE_TEST_PATH="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// writeForever creates and completes conversions from many goroutines and says
// which were acknowledged.
func writeForever(path string) {
	openAny := open
	if strings.HasPrefix(path, "postgres:") {
		openAny = func(url string) (*sqlstore.Store, error) { return openURL(url, 0) }
	}
	s, err := openAny(path)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fromEach(32, 1<<40, func(int) {
		c := sample(rand.Uint64())
		if _, err := exchangetest.Create(context.Background(), s, c); err != nil {
			fmt.Println("error", err)
		}
		fmt.Println("created", c.ID)
		c.Status, c.Step = exchange.Completed, exchange.StepDone
		if err := s.UpdateConversion(context.Background(), c); err != nil {
			fmt.Println("error", err)
		}
		fmt.Println("completed", c.ID)
	})
}

func TestWhatWasAcknowledgedSurvivesTheDeathOfTheProcess(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		path := newFile(t)
		acknowledged := dieThrice(t, path)
		wantAcknowledged(t, openAt(t, path), acknowledged)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		server := sharedServer(t)
		url := server.URL(newMigrated(t, server))
		acknowledged := dieThrice(t, url)
		wantAcknowledged(t, openAtURL(t, url), acknowledged)
	})
}

func dieThrice(t *testing.T, where string) map[string]string {
	t.Helper()
	acknowledged := map[string]string{}
	for range 3 {
		dieAfter(t, where, 3000, acknowledged)
	}
	return acknowledged
}

func wantAcknowledged(t *testing.T, s *sqlstore.Store, acknowledged map[string]string) {
	t.Helper()
	for text, did := range acknowledged {
		id, err := ledger.ParseID(text)
		if err != nil {
			t.Fatalf("the process said %q", text)
		}
		c, err := s.Conversion(context.Background(), id)
		if err != nil {
			t.Fatalf("conversion %s was acknowledged: %v", id, err)
		}
		if did == "completed" && c.Status != exchange.Completed {
			t.Errorf("conversion %s is %s, its completion was acknowledged", id, c.Status)
		}
	}
}

// dieAfter runs a process that writes, and kills it after so many lines.
func dieAfter(t *testing.T, path string, lines int, acknowledged map[string]string) {
	t.Helper()
	cmd := child(t, "write", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for n := 0; said.Scan(); n++ {
		did, what, _ := strings.Cut(said.Text(), " ")
		if did == "error" {
			t.Error(what)
		}
		acknowledged[what] = did
		if n == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the process ended with %v, it was to be killed", err)
	}
}

// fillUpTo writes until a limit on the size of files makes writing fail, as a
// disk does that breaks, and exits with 0 when the store then behaves.
func fillUpTo(path string, size uint64) {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := open(path)
	exitOn("open", err)
	var old syscall.Rlimit
	exitOn("getrlimit", syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old))
	exitOn("setrlimit", syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: old.Max}))
	var last *exchange.Conversion
	for err == nil {
		last = sample(rand.Uint64())
		_, err = exchangetest.Create(context.Background(), s, last)
	}
	exitOn("setrlimit", syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old))
	if _, err := s.Conversion(context.Background(), last.ID); !errors.Is(err, exchange.ErrNotFound) {
		exitOn("what was not acknowledged is there", fmt.Errorf("reading it gave %v", err))
	}
	if _, err := exchangetest.Create(context.Background(), s, sample(2)); !errors.Is(err, sqlstore.ErrStopped) {
		exitOn("write after an I/O error", fmt.Errorf("gave %v, want ErrStopped", err))
	}
	if !s.Stats().Stopped {
		exitOn("stats", errors.New("do not say that it stopped"))
	}
	exitOn("close", s.Close())
	fmt.Println(last.ID)
	os.Exit(0)
}

func exitOn(what string, err error) {
	if err != nil {
		fmt.Println("error", what, err)
		os.Exit(1)
	}
}

func TestAfterAnIOErrorNothingIsWrittenUntilItIsOpenedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	out, err := child(t, "fill", path).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := openAt(t, path)
	if _, err := exchangetest.Create(context.Background(), s, sample(1)); err != nil {
		t.Errorf("after opening it again: %v", err)
	}
}
