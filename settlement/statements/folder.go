package statements

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// WatchOptions are the parts of a [Watch]; all are needed.
type WatchOptions struct {
	Service *Service
	Root    *os.Root // has a folder per partner, named by its code
	// Partners are those whose folders are looked into; they are made when missing.
	Partners []string
	Logger   *slog.Logger
}

// Watch takes statements from folders. A file is taken once its size and time stayed
// as they were between two looks; then it is moved to accepted/ or refused/ beside
// it, the second with a report of its problems. It is for one goroutine.
type Watch struct {
	o    WatchOptions
	seen map[string]look // by path
}

// look is what a file was like.
type look struct {
	size int64
	at   time.Time
}

// Where files go that were taken.
const (
	acceptedFolder = "accepted"
	refusedFolder  = "refused"
)

// filesMax is how many files of a partner are taken at one look.
const filesMax = 100

// NewWatch returns a watch. It looks at nothing yet.
func NewWatch(o WatchOptions) *Watch { return &Watch{o: o, seen: map[string]look{}} }

// Look takes what lies ready. What fails for a reason of ours stays for the next
// look, and its error is returned.
func (w *Watch) Look(ctx context.Context) error {
	seen := map[string]look{}
	var errs error
	for _, partner := range w.o.Partners {
		if err := w.lookAt(ctx, partner, seen); err != nil {
			errs = errors.Join(errs, fmt.Errorf("statements: folder of %s: %w", partner, err))
		}
	}
	w.seen = seen
	return errs
}

func (w *Watch) lookAt(ctx context.Context, partner string, seen map[string]look) error {
	for _, folder := range []string{acceptedFolder, refusedFolder} {
		if err := w.o.Root.MkdirAll(path.Join(partner, folder), 0o750); err != nil {
			return err
		}
	}
	entries, err := fs.ReadDir(w.o.Root.FS(), partner)
	if err != nil {
		return err
	}
	taken := 0
	var errs error
	for _, e := range entries {
		if !e.Type().IsRegular() || unfinishedName(e.Name()) || taken == filesMax || ctx.Err() != nil {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // somebody has taken it away
		}
		name := path.Join(partner, e.Name())
		now := look{info.Size(), info.ModTime()}
		if w.seen[name] != now {
			seen[name] = now
			continue
		}
		taken++
		if err := w.take(ctx, partner, e.Name(), info.Size()); err != nil {
			seen[name] = now
			errs = errors.Join(errs, fmt.Errorf("%s: %w", e.Name(), err))
		}
	}
	return errs
}

// unfinishedName reports whether programs that copy files use such a name until
// they are done.
func unfinishedName(name string) bool {
	lower := strings.ToLower(name)
	for _, end := range []string{".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp"} {
		if strings.HasSuffix(lower, end) {
			return true
		}
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~")
}

func (w *Watch) take(ctx context.Context, partner, name string, size int64) error {
	day, problem := dayIn(name)
	if problem != "" {
		return w.away(partner, name, refusedFolder, problem)
	}
	file, err := w.o.Root.Open(path.Join(partner, name))
	if err != nil {
		return err
	}
	receipt, err := w.o.Service.Receive(ctx, Delivery{Partner: partner, Day: day, Name: clipName(name), Source: Folder, By: "folder " + partner, Size: size}, file)
	closed := file.Close()
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Code == CodeDayNotEnded:
		return nil // it has come too early, and waits here
	case errors.As(err, &refusal):
		return w.away(partner, name, refusedFolder, refusal.Detail+"\n")
	case err != nil || closed != nil:
		return errors.Join(err, closed)
	case receipt.Statement.Refused:
		return w.away(partner, name, refusedFolder, Report(receipt.Statement))
	}
	return w.away(partner, name, acceptedFolder, "")
}

var datePattern = regexp.MustCompile(`(?:^|[^0-9])(20[0-9]{2})-?([0-9]{2})-?([0-9]{2})(?:[^0-9]|$)`)

// dayIn finds the business day in a file's name.
func dayIn(name string) (ledger.Date, string) {
	const want = "the name must have the business day once, as in 2026-11-21.csv or sky_20261121.xlsx\n"
	found := datePattern.FindAllStringSubmatch(name, 2)
	if len(found) != 1 {
		return 0, want
	}
	day, err := ledger.ParseDate(strings.Join(found[0][1:], "-"))
	if err != nil {
		return 0, want
	}
	return day, ""
}

func clipName(name string) string {
	if plain(name, NameMax) {
		return name
	}
	return ""
}

// away moves a file that was taken, under a name that is free, with a report.
func (w *Watch) away(partner, name, folder, report string) error {
	to := path.Join(partner, folder, name)
	for n := 2; ; n++ {
		_, err := w.o.Root.Lstat(to)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return err
		}
		end := path.Ext(name)
		to = path.Join(partner, folder, fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, end), n, end))
	}
	if report != "" {
		if err := w.o.Root.WriteFile(to+".problems.txt", []byte(report), 0o640); err != nil {
			return err
		}
	}
	w.o.Logger.Info("a statement was taken from its folder", "partner", partner, "to", folder)
	return w.o.Root.Rename(path.Join(partner, name), to)
}

// Report lists the problems of a refused statement for people, a line each.
func Report(s *Statement) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Nothing of this file was taken. / 文件未被接收。\n\n")
	for _, p := range s.Problems {
		fmt.Fprintf(&b, "%s\n", p)
	}
	if s.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", s.More)
	}
	return b.String()
}
