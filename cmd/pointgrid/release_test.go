package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAReleaseIsTheSameWhereverItIsBuilt builds one from two checkouts in different
// folders, signs it, and checks it as docs/release.md tells its readers to. One program
// stands for all: the others take minutes to build and no other way.
func TestAReleaseIsTheSameWhereverItIsBuilt(t *testing.T) {
	if os.Getenv("POINTGRID_RELEASE") == "" {
		t.Skip("builds a program twice, which takes minutes; run `make release-check`")
	}
	for _, program := range []string{"git", "ssh-keygen", "sha256sum", "tar", "gzip"} {
		if _, err := exec.LookPath(program); err != nil {
			missing := program + " is missing: install it (Debian: apt-get install git openssh-client coreutils tar gzip)"
			if os.Getenv("POINTGRID_REQUIRE") == "all" {
				t.Fatal(missing)
			}
			t.Skip(missing)
		}
	}
	key := filepath.Join(t.TempDir(), "release")
	do(t, "", nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	first, second := released(t, key), released(t, key)
	var names int
	for name, content := range first {
		names++
		if !bytes.Equal(content, second[name]) {
			t.Errorf("%s differs between two folders", name)
		}
	}
	if names < 3 || len(second) != names {
		t.Errorf("%d files and %d", names, len(second))
	}
}

// released builds a release from a new checkout and returns its files, but the
// signature.
func released(t *testing.T, key string) map[string][]byte {
	t.Helper()
	source, out := filepath.Join(t.TempDir(), "checkout"), t.TempDir()
	do(t, "", nil, "git", "clone", "-q", "--no-hardlinks", "../..", source)
	do(t, source, []string{"PLATFORMS=linux/amd64", "PROGRAMS=chaincode", "SIGN_KEY=" + key}, "deploy/release/build.sh", out)
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "signers"), append([]byte("release@pointgrid "), public...), 0o600); err != nil {
		t.Fatal(err)
	}
	do(t, out, nil, "sh", "-ec", "ssh-keygen -Y verify -f signers -I release@pointgrid -n pointgrid-release -s SHA256SUMS.sig <SHA256SUMS && sha256sum -c SHA256SUMS")
	all := map[string][]byte{}
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "SHA256SUMS.sig" || e.Name() == "signers" {
			continue
		}
		if all[e.Name()], err = os.ReadFile(filepath.Join(out, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func do(t *testing.T, dir string, environment []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), environment...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestAProgramSaysWhatItIsMadeOf(t *testing.T) {
	out, code := run(t, "version", "--sbom", binary)
	var bill struct {
		BOMFormat  string
		Components []struct{ Name, Version, PURL string }
	}
	if err := json.Unmarshal([]byte(out), &bill); code != 0 || err != nil || bill.BOMFormat != "CycloneDX" {
		t.Fatalf("exit code %d, %v:\n%s", code, err, out)
	}
	names := map[string]bool{}
	for _, c := range bill.Components {
		names[c.Name] = c.Version != "" && strings.HasPrefix(c.PURL, "pkg:golang/")
	}
	for _, want := range []string{"std", "modernc.org/sqlite", "github.com/cockroachdb/pebble/v2"} {
		if !names[want] {
			t.Errorf("%s is not in it:\n%s", want, out)
		}
	}
	if out, code := run(t, "version"); code != 0 || !strings.Contains(out, "database migration ") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if out, code := run(t, "version", "--sbom", "release_test.go"); code == 0 {
		t.Errorf("a bill of a file that is no program: %s", out)
	}
}
