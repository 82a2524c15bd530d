package sqlstore_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// The log must not grow for as long as there is work: it is folded into the file
// and started anew while writers keep writing.
func TestTheLogIsStartedAnewWhileWritersWrite(t *testing.T) {
	path := newFile(t)
	s := openAt(t, path)
	var enough atomic.Bool
	deadline := time.Now().Add(time.Minute)
	fromEach(64, 1<<20, func(n int) {
		if enough.Load() {
			return
		}
		if err := s.SetSetting(context.Background(), fmt.Sprint(n%500), fmt.Sprint(n)); err != nil {
			t.Error(err)
		}
		if n%100 == 0 && (logsBefore(t, path) >= 3 || time.Now().After(deadline)) {
			enough.Store(true)
		}
	})
	if n := logsBefore(t, path); n < 3 {
		t.Errorf("the log was started anew %d times in a minute of writing, want 3", n)
	}
}

// logsBefore returns how often the log was started anew: the checkpoint sequence
// number at byte 12 of its header, see https://www.sqlite.org/fileformat.html.
func logsBefore(t *testing.T, path string) uint32 {
	header := make([]byte, 32)
	f, err := os.Open(path + "-wal")
	if err != nil {
		t.Error(err)
		return 0
	}
	defer f.Close()
	if _, err := f.ReadAt(header, 0); err != nil {
		t.Error(err)
	}
	return binary.BigEndian.Uint32(header[12:])
}
