package embedded

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// pebbleLog passes on what Pebble has to say. Its Infof is about every flush
// and compaction and of no use to an operator.
type pebbleLog struct{ log *slog.Logger }

func (l pebbleLog) Infof(string, ...any) {}

func (l pebbleLog) Errorf(format string, args ...any) {
	l.log.Error("state store: " + fmt.Sprintf(format, args...))
}

// Fatalf must not return: Pebble calls it where going on would do harm, for
// example when its manifest cannot be written. The blocks are whole; the next
// start executes what the state lacks.
func (l pebbleLog) Fatalf(format string, args ...any) {
	message := "state store: " + fmt.Sprintf(format, args...)
	l.log.Error(message)
	panic(message)
}

func backgroundErrors(opts storeOptions) *pebble.EventListener {
	report := func(err error) {
		opts.logger.Error("state store cannot write", "error", err)
		if opts.failed != nil {
			opts.failed(err)
		}
	}
	return &pebble.EventListener{
		BackgroundError: report,
		DataCorruption:  func(info pebble.DataCorruptionInfo) { report(fmt.Errorf("%s: %w", info.Path, info.Details)) },
	}
}

// unlocked is a file system on which Pebble takes no lock, which it could not
// on a folder that must not be changed. The ledger's own lock stands for it.
type unlocked struct{ vfs.FS }

func (unlocked) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }
