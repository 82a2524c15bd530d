package main_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/client"
)

// TestHomesOfEarlierReleasesGoOn opens sandboxes that the programs of earlier commits
// filled and stopped; testdata/homes/make.sh made them.
func TestHomesOfEarlierReleasesGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a sandbox for each release; run without -short")
	}
	homes, err := filepath.Glob("testdata/homes/*.tar.gz")
	if err != nil || len(homes) == 0 {
		t.Fatalf("no homes: %v", err)
	}
	for _, packed := range homes {
		name := strings.TrimSuffix(filepath.Base(packed), ".tar.gz")
		t.Run(name, func(t *testing.T) {
			said, err := os.ReadFile(strings.TrimSuffix(packed, ".tar.gz") + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			unpack(t, packed, dir)
			wantVerified(t, dir, string(said))
			goOn(t, dir)
			if out, code := run(t, "verify", filepath.Join(dir, "gateway")); code != 0 || !strings.Contains(out, "nothing is wrong") {
				t.Errorf("afterwards: exit code %d:\n%s", code, out)
			}
		})
	}
}

// wantVerified executes the chain again with today's contract. It must come to what
// the program of then came to: the state that it stored, key by key, and so each
// account's balance, the hash, and the number of transfers.
func wantVerified(t *testing.T, dir, said string) {
	t.Helper()
	out, code := run(t, "verify", filepath.Join(dir, "gateway"))
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	for _, what := range []string{`last block has the hash [0-9a-f]{64}`, `\d+ blocks, \d+ transfers`} {
		then, now := regexp.MustCompile(what).FindString(said), regexp.MustCompile(what).FindString(out)
		if then == "" || then != now {
			t.Errorf("the program of then said %q, this one %q", then, now)
		}
	}
}

// goOn starts the sandbox, which migrates the database, converts, and has a night.
func goOn(t *testing.T, dir string) {
	t.Helper()
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	sky, utility := api(t, s, dir, "sky"), api(t, s, dir, "utility")
	var got struct{ ID, Status, Window string }
	if _, err := sky.Do(t.Context(), conversion(1, "upgraded"), &got); err != nil || got.Status != "completed" {
		t.Errorf("a conversion is %+v: %v\n%s", got, err, s.out)
	}
	var old struct{ Conversions []struct{ ID, Status string } }
	if _, err := sky.Do(t.Context(), client.Request{Method: "GET", Path: "/v1/conversions?status=completed"}, &old); err != nil || len(old.Conversions) < 2 {
		t.Errorf("%d conversions are listed: %v", len(old.Conversions), err)
	}
	advance := client.Request{Method: "POST", Path: "/v1/sandbox/clock", Key: "night", Body: map[string]any{"advance": "24h"}}
	if _, err := utility.Do(t.Context(), advance, nil); err != nil {
		t.Error(err)
	}
	var settled struct{ Settlements []struct{ ID string } }
	if _, err := sky.Do(t.Context(), client.Request{Method: "GET", Path: "/v1/settlements"}, &settled); err != nil || len(settled.Settlements) == 0 {
		t.Errorf("%d settlements after the night: %v", len(settled.Settlements), err)
	}
	if code := s.end(t); code != 0 {
		t.Errorf("exit code %d:\n%s", code, s.out)
	}
}

// unpack puts what an archive has into a folder, and the folder's name where the
// archive has a placeholder for it.
func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	b, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(z); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.FileInfo().IsDir() {
			err = os.MkdirAll(path, 0o700)
		} else if b, err = io.ReadAll(files); err == nil {
			if filepath.Base(path) == "pointgrid.yaml" {
				b = bytes.ReplaceAll(b, []byte("@DIR@"), []byte(dir))
			}
			err = os.WriteFile(path, b, h.FileInfo().Mode().Perm())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
