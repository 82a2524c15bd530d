package main_test

import (
	"bufio"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
)

// nights are the settlements of a sandbox, as the utility sees them.
func nights(t *testing.T, s *started, dir string) (all []string) {
	t.Helper()
	var page struct {
		Settlements []struct {
			ID, State string
			Lines     int64                `json:"lines"`
			Position  struct{ Net string } `json:"position"`
		} `json:"settlements"`
	}
	if _, err := api(t, s, dir, "utility").Do(t.Context(), client.Request{Method: "GET", Path: "/v1/settlements"}, &page); err != nil {
		t.Fatal(err)
	}
	for _, n := range page.Settlements {
		all = append(all, fmt.Sprintf("%s: %s, %d lines, %s", n.ID, n.State, n.Lines, n.Position.Net))
	}
	return all
}

// breaks counts all there are.
func breaks(t *testing.T, s *started, dir string) int {
	t.Helper()
	var page struct{ Breaks []struct{ ID string } }
	if _, err := api(t, s, dir, "utility").Do(t.Context(), client.Request{Method: "GET", Path: "/v1/breaks"}, &page); err != nil {
		t.Fatal(err)
	}
	return len(page.Breaks)
}

// killOnceItSays runs the program until a line of its standard error has the words.
func killOnceItSays(t *testing.T, words string, args ...string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	said := false
	for lines := bufio.NewScanner(stderr); !said && lines.Scan(); {
		said = strings.Contains(lines.Text(), words)
	}
	_ = cmd.Process.Kill() // it may have ended already
	_ = cmd.Wait()
	if !said {
		t.Fatalf("it ended before it said %q", words)
	}
}

// TestASandboxHasAHistory starts two sandboxes, one of which is killed while it
// lives through its history: both have the same nights, and today's date.
func TestASandboxHasAHistory(t *testing.T) {
	const days = 5
	args := func(dir string) []string {
		return []string{"sandbox", "--addr", "127.0.0.1:0", "--dir", dir, "--days", fmt.Sprint(days)}
	}
	whole, broken := t.TempDir(), t.TempDir()
	s := start(t, sandboxReady, args(whole)...)
	want := nights(t, s, whole)
	if open := breaks(t, s, whole); open != 2 {
		t.Errorf("%d breaks, want the retailer's two of last night", open)
	}
	for back, state := range []string{"reconciled", "proposed", "paid", "settled"} {
		if !strings.Contains(want[3*back+1], ": "+state) {
			t.Errorf("the airline's night %d days back is %q, want %s", back+1, want[3*back+1], state)
		}
	}
	if len(want) != 3*days || strings.Contains(strings.Join(want, ""), " 0 lines") {
		t.Fatalf("the nights are %q", want)
	}
	killOnceItSays(t, "living through", args(broken)...)
	s = start(t, sandboxReady, args(broken)...)
	if got := nights(t, s, broken); !slices.Equal(got, want) {
		t.Errorf("after it was killed the nights are\n%q, want\n%q", got, want)
	}
	var clock struct{ Now time.Time }
	if _, err := api(t, s, broken, "utility").Do(t.Context(), client.Request{Method: "GET", Path: "/v1/sandbox/clock"}, &clock); err != nil {
		t.Fatal(err)
	}
	if off := time.Since(clock.Now).Abs(); off > time.Minute {
		t.Errorf("the clock is %v from the machine's", off)
	}
}
