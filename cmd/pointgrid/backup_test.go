package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
)

// TestASandboxComesBackFromABackup is docs/backup.md as one story: a backup of a
// running gateway, a disk that is gone, a restore, and a gateway that goes on.
func TestASandboxComesBackFromABackup(t *testing.T) {
	dir := t.TempDir()
	configuration, home, kept := filepath.Join(dir, "pointgrid.yaml"), filepath.Join(dir, "gateway"), filepath.Join(dir, "backups")
	s := start(t, sandboxReady, "sandbox", "--days", "1", "--events", "0", "--members", "60", "--addr", "127.0.0.1:0", "--dir", dir)
	sky := api(t, s, dir, "sky")
	var before, after struct{ ID, Status string }
	if _, err := sky.Do(t.Context(), conversion(1, "before"), &before); err != nil {
		t.Fatal(err)
	}
	take := []string{"backup", "--config", configuration, "--to", kept}
	out, code := run(t, take...)
	if code != 0 || !regexp.MustCompile(`backup \S+ made`).MatchString(out) {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	if _, err := sky.Do(t.Context(), conversion(2, "after"), &after); err != nil {
		t.Fatal(err)
	}
	out, code = run(t, append(take, "--ledger-only")...)
	blocks := regexp.MustCompile(`has (\d+) blocks`).FindStringSubmatch(out)
	if code != 0 || len(blocks) != 2 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	restore := []string{"restore", "--config", configuration, "--from", kept}
	if out, code := run(t, restore...); code == 0 || !strings.Contains(out, "not empty") {
		t.Errorf("over a running gateway: exit code %d:\n%s", code, out)
	}
	if out, code := run(t, append(restore, "--at", time.Now().Add(-time.Hour).Format(time.RFC3339))...); code == 0 || !strings.Contains(out, "no such backup") {
		t.Errorf("an hour ago: exit code %d:\n%s", code, out)
	}
	s.kill()
	lost := func() {
		if err := os.RemoveAll(home); err != nil {
			t.Fatal(err)
		}
	}
	lost()
	out, code = run(t, append(restore, "--block", blocks[1])...)
	if code != 1 || !strings.Contains(out, "the database knows nothing of it: ") || !strings.Contains(out, after.ID) {
		t.Errorf("with later blocks: exit code %d, want conversion %s in\n%s", code, after.ID, out)
	}
	lost()
	out, code = run(t, restore...)
	if code != 0 || !strings.Contains(out, "database and ledger agree") || !strings.Contains(out, "left out") {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	s = start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	sky = api(t, s, dir, "sky")
	var again struct{ ID, Status string }
	if _, err := sky.Do(t.Context(), conversion(1, "before"), &again); err != nil || again != before {
		t.Errorf("what was before the backup, asked for again, is %+v, was %+v: %v", again, before, err)
	}
	if _, err := sky.Do(t.Context(), client.Request{Method: "GET", Path: "/v1/conversions/" + after.ID}, nil); err == nil {
		t.Error("what was after the backup is there")
	}
}
