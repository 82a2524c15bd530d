package breached_test

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/web/signin/breached"
)

func list(t *testing.T, text string) (*breached.List, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stolen.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := breached.Open(path)
	if err == nil {
		t.Cleanup(func() { _ = l.Close() })
	}
	return l, err
}

func TestAStolenPasswordIsFoundAndNoOther(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 999} {
		for _, end := range []string{"\n", "\r\n"} {
			var lines []string
			for i := range n {
				lines = append(lines, fmt.Sprintf("%X:%d", sha1.Sum(fmt.Appendf(nil, "stolen %d", i)), i*i))
			}
			slices.Sort(lines)
			l, err := list(t, strings.Join(lines, end)+end)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				if found, err := l.Has(fmt.Sprint("stolen ", i)); err != nil || !found {
					t.Fatalf("of %d, %d is not found: %v", n, i, err)
				}
				if found, err := l.Has(fmt.Sprint("safe ", i)); err != nil || found {
					t.Fatalf("of %d, what is not in it is found: %v", n, err)
				}
			}
		}
	}
}

func TestWhatIsNoListIsRefused(t *testing.T) {
	for _, text := range []string{"", "password\n", strings.Repeat("z", 100)} {
		if _, err := list(t, text); err == nil {
			t.Errorf("%.20q is taken for a list", text)
		}
	}
}
