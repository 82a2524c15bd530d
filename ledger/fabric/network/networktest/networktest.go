// Package networktest gives tests a Fabric network that ends with them.
package networktest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger/fabric/network"
)

// downMax bounds how long ending a network may take.
const downMax = time.Minute

// Up makes, or starts again, a network for one test: in a folder of its own and
// with today's chaincode if the options name none, and with what runs ended with
// the test. The test is skipped with -short, and where the programs of Fabric
// cannot be had, unless POINTGRID_REQUIRE is "all".
func Up(t testing.TB, options network.Options) (context.Context, *network.Network) {
	t.Helper()
	options.Programs = Programs(t)
	if options.Chaincode == "" {
		options.Chaincode = Chaincode(t)
	}
	if options.Dir == "" {
		options.Dir = t.TempDir()
	}
	options.Attached, options.Now = true, time.Now
	begin := time.Now()
	options.Progress = func(line string) { t.Logf("%6d ms %s", time.Since(begin).Milliseconds(), line) }
	ctx := t.Context()
	n, err := network.Up(ctx, options)
	if n != nil {
		t.Cleanup(func() { down(t, n) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return ctx, n
}

func down(t testing.TB, n *network.Network) {
	ctx, cancel := context.WithTimeout(context.Background(), downMax)
	defer cancel()
	if err := n.Down(ctx); err != nil {
		t.Errorf("the network did not end: %v", err)
	}
}

// Programs returns the folder of the programs of Fabric, which are built if they
// have to be; see [Up] for when the test is skipped instead.
func Programs(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a Fabric network is started; run without -short")
	}
	dir, err := network.Programs(t.Context(), func(line string) { t.Log(line) })
	switch {
	case err == nil:
		return dir
	case os.Getenv("POINTGRID_REQUIRE") == "all":
		t.Fatal(err)
	}
	t.Skipf("no programs of Fabric: %v; with Go and its module proxy they are built by themselves", err)
	return ""
}

// root is the folder of the module.
var root = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	return strings.TrimSpace(string(out)), err
})

// server is built once for all tests of a program.
var server = sync.OnceValues(func() (string, error) {
	source, err := root()
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	// For each copy of the source, so that tests of two do not use each other's.
	sum := sha256.Sum256([]byte(source))
	dir := filepath.Join(cache, "pointgrid", "source-"+hex.EncodeToString(sum[:6]))
	return network.Server(context.Background(), "", dir, func(string) {})
})

// Chaincode returns the chaincode server's program, built from this module.
func Chaincode(t testing.TB) string {
	t.Helper()
	path, err := server()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Earlier returns the chaincode server's program as an earlier commit has it. The
// test is skipped where the source has come without its history, unless
// POINTGRID_REQUIRE is "all".
func Earlier(t testing.TB, commit string) string {
	t.Helper()
	module, err := root()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	archive := filepath.Join(dir, "source.tar")
	if out, err := exec.Command("git", "-C", module, "archive", "-o", archive, commit).CombinedOutput(); err != nil {
		missing := "commit " + commit + " is not here: clone with the whole history, or git fetch --unshallow"
		if os.Getenv("POINTGRID_REQUIRE") == "all" {
			t.Fatalf("%s: %v\n%s", missing, err, out)
		}
		t.Skip(missing)
	}
	source, program := t.TempDir(), filepath.Join(dir, "chaincode-"+commit)
	for _, step := range []*exec.Cmd{
		exec.Command("tar", "-x", "-C", source, "-f", archive),
		exec.Command("go", "build", "-C", source, "-buildvcs=false", "-o", program, "./cmd/chaincode"),
	} {
		if out, err := step.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", step, err, out)
		}
	}
	return program
}
