package embedded

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"pgregory.net/rapid"
)

// TestAFlippedByteIsFoundAnywhere flips bits all over a stopped ledger. Verify
// must name the file, and the block where there is one, and change nothing.
func TestAFlippedByteIsFoundAnywhere(t *testing.T) {
	dir := small(t)
	names := allFiles(t, dir)
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(names).Draw(rt, "file")
		whole, err := os.ReadFile(inside(dir, name))
		if err != nil {
			rt.Fatal(err)
		}
		at := rapid.IntRange(0, len(whole)-1).Draw(rt, "byte")
		bit := rapid.UintRange(0, 7).Draw(rt, "bit")
		flip(t, inside(dir, name), int64(at), bit)
		defer os.WriteFile(inside(dir, name), whole, 0o600)
		report, err := Verify(t.Context(), dir, testKeys(), nil)
		if err != nil && name != formatFile {
			rt.Fatalf("%s, byte %d, bit %d: %v", name, at, bit, err)
		}
		if err == nil && !findsPlace(report, name) {
			rt.Fatalf("%s, byte %d, bit %d: found %v", name, at, bit, report.Findings)
		}
	})
	verify(t, dir)
}

// findsPlace reports whether a report names a file, and for a segment a block.
func findsPlace(r Report, name string) bool {
	file, block := false, !strings.HasSuffix(name, segmentSuffix)
	for _, f := range r.Findings {
		file = file || f.File == name
		block = block || f.File == name && f.Block >= 0 && f.Offset >= 0
	}
	return file && block
}

func allFiles(t testing.TB, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if info, e := d.Info(); e == nil && !d.IsDir() && info.Size() > 0 {
			name, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil || len(names) < 6 {
		t.Fatalf("%v, %v", names, err)
	}
	return names
}

// TestAFlippedBlockIsNeverOpened flips bytes all over a segment. That no byte of
// a frame is an exception is shown by [TestAFlippedByteIsDamage].
func TestAFlippedBlockIsNeverOpened(t *testing.T) {
	dir := small(t)
	name := inside(dir, segmentName(2))
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 7 {
		flip(t, name, int64(at), uint(at%8))
		if _, err := Open(testOptions(dir)); !errors.Is(err, ledger.ErrDamaged) || !strings.Contains(err.Error(), segmentName(2)) {
			t.Fatalf("byte %d: got %v", at, err)
		}
		if err := os.WriteFile(name, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify(t, dir)
}

// TestAFlippedStateNeverGivesAWrongAnswer flips bits of the state and opens the
// ledger as after a crash: it must refuse, or answer as if nothing had happened.
func TestAFlippedStateNeverGivesAWrongAnswer(t *testing.T) {
	dir := small(t)
	want := answers(t, dir)
	os.Remove(inside(dir, tipFile))
	os.Remove(inside(dir, sumsFile))
	var states []string
	for _, name := range allFiles(t, dir) {
		if strings.HasPrefix(name, stateDir) {
			states = append(states, name)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		hurt := crashCopy(t, dir)
		defer os.RemoveAll(hurt)
		name := rapid.SampledFrom(states).Draw(rt, "file")
		info, _ := os.Stat(inside(hurt, name))
		flip(t, inside(hurt, name), rapid.Int64Range(0, info.Size()-1).Draw(rt, "byte"), rapid.UintRange(0, 7).Draw(rt, "bit"))
		l, err := Open(testOptions(hurt))
		if err != nil {
			if !errors.Is(err, ledger.ErrDamaged) {
				rt.Fatalf("%s: %v", name, err)
			}
			return
		}
		defer l.Close()
		got, err := answersOf(l)
		if err == nil && got != want {
			rt.Fatalf("%s: answers changed:\n%s\n%s", name, got, want)
		}
	})
}

func answers(t testing.TB, dir string) string {
	t.Helper()
	l := open(t, testOptions(dir))
	got, err := answersOf(l)
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	return got
}

// answersOf puts what there is to know of a ledger into a text.
func answersOf(l *Ledger) (string, error) {
	var b bytes.Buffer
	s := l.store.snapshot()
	defer s.close()
	err := s.Range("", "", func(key string, value []byte) bool {
		b.WriteString(key)
		b.Write(value)
		return true
	})
	return b.String(), err
}

// TestVerifyNeedsNoRightToWrite runs on a folder in which nothing may change.
func TestVerifyNeedsNoRightToWrite(t *testing.T) {
	for name, stopped := range map[string]bool{"stopped": true, "crashed": false} {
		t.Run(name, func(t *testing.T) {
			dir := small(t)
			if !stopped {
				os.Remove(inside(dir, tipFile))
				os.Remove(inside(dir, sumsFile))
			}
			before := snapshotOf(t, dir)
			setMode(t, dir, 0o500, 0o400)
			defer setMode(t, dir, 0o700, 0o600)
			verify(t, dir)
			if after := snapshotOf(t, dir); after != before {
				t.Errorf("the folder changed:\n%s\n%s", before, after)
			}
		})
	}
}

func setMode(t testing.TB, dir string, folders, files fs.FileMode) {
	t.Helper()
	os.Chmod(dir, 0o700)
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if d.IsDir() {
			return os.Chmod(path, folders)
		}
		return os.Chmod(path, files)
	})
}

// snapshotOf lists names, sizes and times of everything in a folder.
func snapshotOf(t testing.TB, dir string) string {
	t.Helper()
	var b bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		info, e := d.Info()
		b.WriteString(strings.Join([]string{path, info.ModTime().String(), "\n"}, " "))
		return errors.Join(err, e)
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
