package simulation

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestDebugSeed(t *testing.T) {
	n, _ := strconv.ParseUint(os.Getenv("SEED"), 10, 64)
	r := Run(t, n, os.Stdout)
	if !r.OK() {
		t.Errorf("seed %d: %s", n, strings.Join(r.Violated, "\n"))
	}
	t.Log(r.Events, r.Digest)
}

func TestMany(t *testing.T) {
	from, _ := strconv.ParseUint(os.Getenv("FROM"), 10, 64)
	n, _ := strconv.ParseUint(os.Getenv("N"), 10, 64)
	bad := 0
	for s := from; s < from+n && bad < 8; s++ {
		r := Run(t, s, nil)
		if !r.OK() {
			bad++
			t.Errorf("seed %d: %s", s, strings.Join(r.Violated, "\n"))
		}
		if again := Run(t, s, nil); again.Digest != r.Digest {
			bad++
			t.Errorf("seed %d: %s and %s (%d and %d events)", s, r.Digest, again.Digest, r.Events, again.Events)
		}
	}
}
