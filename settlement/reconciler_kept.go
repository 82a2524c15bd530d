package settlement

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

// kept is a file of the records that a run keeps for the next, being written. It
// gets the name of its digest when it is complete; of nothing there is no file.
type kept struct {
	of   *Settlement
	dir  *os.Root
	name string
	file *os.File
	buf  *bufio.Writer
	sum  hash.Hash
	n    int64
	b    []byte
}

// keptRef names such a file: of whose run it is, and its digest. Runs of two windows
// may keep the same and are still told apart, so that one can be dropped.
type keptRef struct {
	partner string
	window  ledger.Date
	digest  ledger.Hash // zero when nothing was kept
}

func (k keptRef) name() string { return ID(k.window, k.partner) + "." + k.digest.String() + ".kept" }

func (r *Reconciler) createKept(s *Settlement) (*kept, error) {
	var random [16]byte
	if _, err := io.ReadFull(r.o.Random, random[:]); err != nil {
		return nil, fmt.Errorf("settlement: randomness: %w", err)
	}
	k := &kept{of: s, dir: r.o.Dir, name: hex.EncodeToString(random[:]) + ".part", sum: sha256.New()}
	var err error
	if k.file, err = k.dir.OpenFile(k.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return nil, fmt.Errorf("settlement: %w", err)
	}
	k.buf = bufio.NewWriterSize(io.MultiWriter(k.file, k.sum), 64<<10)
	return k, nil
}

func (k *kept) add(r *reconcile.Record) (err error) {
	if k.b, err = r.AppendBinary(k.b[:0]); err != nil {
		return err
	}
	k.n++
	_, err = k.buf.Write(k.b)
	return err
}

// finish puts the file on disk and returns its digest, zero for no records.
func (k *kept) finish() (digest ledger.Hash, err error) {
	if k.n == 0 {
		return digest, nil
	}
	if err := errors.Join(k.buf.Flush(), k.file.Sync()); err != nil {
		return digest, fmt.Errorf("settlement: what is kept: %w", err)
	}
	k.sum.Sum(digest[:0])
	if err := k.dir.Rename(k.name, keptRef{k.of.Partner, k.of.Window, digest}.name()); err != nil {
		return digest, fmt.Errorf("settlement: what is kept: %w", err)
	}
	k.name = ""
	folder, err := k.dir.Open(".")
	if err != nil {
		return digest, err
	}
	return digest, errors.Join(folder.Sync(), folder.Close())
}

func (k *kept) discard() {
	// Nothing depends on these: nobody looks for the name.
	_ = k.file.Close()
	if k.name != "" {
		_ = k.dir.Remove(k.name)
	}
}

// dropKept removes what no run builds on any more. One that stays takes up room and
// is found by nobody.
func (r *Reconciler) dropKept(k keptRef) {
	if !k.digest.IsZero() {
		_ = r.o.Dir.Remove(k.name())
	}
}

// eachKept reads what a run kept, and fails at its end when it is not that any more.
func (r *Reconciler) eachKept(ctx context.Context, k keptRef, yield func(*reconcile.Record) error) error {
	if k.digest.IsZero() {
		return nil
	}
	file, err := r.o.Dir.Open(k.name())
	if err != nil {
		return fmt.Errorf("settlement: what the run before kept: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	from := io.TeeReader(bufio.NewReaderSize(file, 64<<10), sum)
	var b [reconcile.RecordBytes]byte
	for n := 0; ; n++ {
		_, err := io.ReadFull(from, b[:])
		if errors.Is(err, io.EOF) {
			break
		}
		var record reconcile.Record
		if err == nil {
			err = record.UnmarshalBinary(b[:])
		}
		if err == nil && n%4096 == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("settlement: what the run before kept: %w", err)
		}
		if err := yield(&record); err != nil {
			return err
		}
	}
	if ledger.Hash(sum.Sum(nil)) != k.digest {
		return fmt.Errorf("settlement: what the run before kept, %s, has changed on disk", k.name())
	}
	return nil
}
