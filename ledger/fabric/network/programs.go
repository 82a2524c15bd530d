package network

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/deploy/fabric"
)

// programNames are the programs of Fabric that a network needs.
var programNames = []string{"peer", "orderer", "configtxgen", "configtxlator"}

// errNoGo says how to get the programs without Go.
var errNoGo = errors.New("network: building the programs of Fabric needs Go (https://go.dev/dl) on the PATH; " +
	"or give a folder with peer, orderer, configtxgen and configtxlator of Fabric " + fabric.Version)

// Programs returns a folder with the programs of Fabric. They are built from the
// pinned module on the first call and kept in the user's cache folder, which
// takes a minute or more; progress is told about it.
func Programs(ctx context.Context, progress func(string)) (dir string, err error) {
	dir, err = cacheFolder()
	if err != nil || complete(dir) == nil {
		return dir, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	unlock, err := await(ctx, dir+".lock", func() { progress("another process is building the programs of Fabric; waiting for it") })
	if err != nil {
		return "", err
	}
	defer unlock()
	if complete(dir) == nil {
		return dir, nil
	}
	return dir, build(ctx, dir, progress)
}

// cacheFolder is named for what is built, so that another version has another.
func cacheFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("network: folder for the programs of Fabric: %w", err)
	}
	h := sha256.New()
	for _, name := range []string{"tools/tools.mod", "tools/tools.sum"} {
		b, err := fs.ReadFile(fabric.Files, name)
		if err != nil {
			return "", err
		}
		h.Write(b)
	}
	return filepath.Join(cache, "pointgrid", "fabric-"+fabric.Version+"-"+hex.EncodeToString(h.Sum(nil)[:6])), nil
}

// complete reports the first program that a folder lacks.
func complete(dir string) error {
	for _, name := range programNames {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("network: programs of Fabric: %w", err)
		}
		if info.IsDir() || info.Mode()&0o111 == 0 {
			return fmt.Errorf("network: %s is not a program", filepath.Join(dir, name))
		}
	}
	return nil
}

// await takes a lock on a file, however long another process has it.
func await(ctx context.Context, file string, waiting func()) (unlock func(), err error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for first := true; ; first = false {
		free, err := lock(f, true)
		if free {
			return func() { _ = f.Close() }, nil
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if first {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-time.After(10 * poll):
		}
	}
}

// build builds the programs beside their folder and moves them there when all
// are done.
func build(ctx context.Context, dir string, progress func(string)) (err error) {
	work, err := os.MkdirTemp(filepath.Dir(dir), "building-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	for from, to := range map[string]string{"tools/tools.mod": "go.mod", "tools/tools.sum": "go.sum"} {
		b, err := fs.ReadFile(fabric.Files, from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(work, to), b, 0o644); err != nil {
			return err
		}
	}
	progress("building the programs of Fabric " + fabric.Version + ", once; this takes a few minutes")
	err = goBuild(ctx, work, progress, "-trimpath", "-ldflags", "-s -w -X github.com/hyperledger/fabric/common/metadata.Version="+fabric.Version,
		"-o", "bin/", "tool")
	if err != nil {
		return fmt.Errorf("network: building the programs of Fabric: %w", err)
	}
	if err := os.RemoveAll(dir); err != nil { // incomplete
		return err
	}
	return os.Rename(filepath.Join(work, "bin"), dir)
}

// goBuild runs go build in a folder, and tells how far it has come.
func goBuild(ctx context.Context, dir string, progress func(string), args ...string) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return errNoGo
	}
	c := exec.CommandContext(ctx, goTool, append([]string{"build", "-v"}, args...)...)
	c.Dir = dir
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false")
	out, err := c.StderrPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	last := watch(out, progress)
	if err := c.Wait(); err != nil {
		return fmt.Errorf("%w:\n%s", err, strings.Join(last, "\n"))
	}
	return nil
}

// packagesTold is after how many packages progress is told again.
const packagesTold = 100

// watch counts the packages that go build names and returns the last lines.
func watch(out io.Reader, progress func(string)) (last []string) {
	packages := 0
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		last = append(last, lines.Text())
		last = last[max(0, len(last)-logsKept):]
		if packages++; packages%packagesTold == 0 {
			progress(fmt.Sprintf("  %d packages built", packages))
		}
	}
	return last
}
