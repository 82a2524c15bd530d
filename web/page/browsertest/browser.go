package browsertest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Browser is a running Chromium without a window.
type Browser struct {
	ctx context.Context
	axe string // source of axe-core, empty when it could not be fetched
}

const missing = "needs Chromium, with the fonts of Noto CJK for Chinese: apt-get install chromium fonts-noto-cjk"

// Start starts a browser that ends with the test. Short runs leave the test out.
func Start(t testing.TB) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser walks through pages; run without -short")
	}
	path, err := find()
	if err != nil {
		if os.Getenv("POINTGRID_REQUIRE") == "all" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("force-color-profile", "srgb"), chromedp.WSURLReadTimeout(startTime))
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(allocator)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	b := &Browser{ctx: ctx}
	if b.axe, err = fetchAxe(t.TempDir()); err != nil {
		t.Logf("axe-core was not fetched (%v): the checks of this package only", err)
	}
	return b
}

// startTime is generous: machines that run tests are busy.
const startTime = time.Minute

var errNoBrowser = errors.New("browsertest: no Chromium")

func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNoBrowser
}

// axeVersion is pinned, so that a test does not fail for what a newer one finds.
const axeVersion = "axe-core@4.11.0"

func fetchAxe(dir string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	pack := exec.CommandContext(ctx, "npm", "pack", "--silent", "--ignore-scripts", axeVersion)
	pack.Dir = dir
	if err := pack.Run(); err != nil {
		return "", err
	}
	packed, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packed) != 1 {
		return "", errors.Join(err, errors.New("npm pack left no file"))
	}
	source, err := exec.CommandContext(ctx, "tar", "-xzOf", packed[0], "package/axe.min.js").Output()
	return string(source), err
}
