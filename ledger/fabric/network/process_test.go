package network

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func testProcess(t *testing.T) process {
	dir := t.TempDir()
	return process{name: "sleeper", run: dir, logs: dir}
}

// shell is a program that tells what it does on its log.
func shell(script string) program {
	return program{path: "/bin/sh", args: []string{"-c", script}, env: environment()}
}

func runs(t *testing.T, p process) int {
	t.Helper()
	pid, running, err := p.pid()
	if err != nil {
		t.Fatal(err)
	}
	if !running {
		return 0
	}
	return pid
}

func TestAProcessRunsOnceAndEndsWhenAsked(t *testing.T) {
	p := testProcess(t)
	if pid := runs(t, p); pid != 0 {
		t.Fatalf("runs as %d before it was started", pid)
	}
	for i, want := range []bool{true, false} {
		if started, err := p.start(shell("echo hello; exec sleep 60"), true); err != nil || started != want {
			t.Fatalf("start %d: %t, %v", i, started, err)
		}
	}
	if runs(t, p) == 0 {
		t.Fatal("does not run after start")
	}
	for _, kill := range []bool{false, true} {
		if err := p.end(t.Context(), kill); err != nil {
			t.Fatal(err)
		}
		if pid := runs(t, p); pid != 0 {
			t.Fatalf("runs as %d after the end", pid)
		}
	}
	if p.lastLines() != "hello" {
		t.Errorf("the log is %q", p.lastLines())
	}
	if started, err := p.start(shell("exec sleep 60"), true); err != nil || !started {
		t.Errorf("started again: %t, %v", started, err)
	}
	if err := p.end(t.Context(), true); err != nil {
		t.Error(err)
	}
}

func TestAProcessThatDoesNotEndIsReported(t *testing.T) {
	p := testProcess(t)
	if _, err := p.start(shell("trap '' TERM; echo ready; while :; do sleep 1; done"), true); err != nil {
		t.Fatal(err)
	}
	for p.lastLines() != "ready" {
		time.Sleep(poll)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*poll)
	defer cancel()
	if err := p.end(ctx, false); err == nil || !strings.Contains(err.Error(), "did not end") {
		t.Errorf("asked to end: %v", err)
	}
	if err := p.end(t.Context(), true); err != nil {
		t.Error(err)
	}
	for runs(t, p) != 0 { // the shell's last child holds the lock for a second
		time.Sleep(poll)
	}
}

func TestAnOldProcessIDIsNeverTakenForTheProcess(t *testing.T) {
	p := testProcess(t)
	if err := os.WriteFile(p.lockFile(), []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if pid := runs(t, p); pid != 0 {
		t.Errorf("process %d is taken for it", pid)
	}
	if err := p.end(t.Context(), true); err != nil {
		t.Error(err)
	}
}

func TestAProgramThatIsNotThereIsAnError(t *testing.T) {
	p := testProcess(t)
	if _, err := p.start(program{path: filepath.Join(p.run, "none")}, true); err == nil {
		t.Error("it was started")
	}
	if pid := runs(t, p); pid != 0 {
		t.Errorf("it runs as %d", pid)
	}
}

// TestAttachedProcessesEndWithTheirParent kills a copy of this test, which has
// started a process.
func TestAttachedProcessesEndWithTheirParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends children of a process that is killed")
	}
	const folder = "POINTGRID_TEST_FOLDER"
	if dir := os.Getenv(folder); dir != "" { // the copy
		p := process{name: "sleeper", run: dir, logs: dir}
		if _, err := p.start(shell("exec sleep 60"), true); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	p := testProcess(t)
	parent := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	parent.Env = append(os.Environ(), folder+"="+p.run)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	await := func(what string, holds func() bool) {
		for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(poll) {
			if time.Now().After(deadline) {
				t.Fatalf("%s did not happen", what)
			}
		}
	}
	await("the start", func() bool { _, running, err := p.pid(); return running && err == nil })
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed
	await("the end", func() bool { _, running, _ := p.pid(); return !running })
}
