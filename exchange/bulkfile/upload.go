package bulkfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// hold keeps other requests off a file until release is called.
func (s *Service) hold(id ledger.ID) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inUse[id] {
		return nil, ErrInUse
	}
	s.inUse[id] = true
	return func() {
		s.mu.Lock()
		delete(s.inUse, id)
		s.mu.Unlock()
	}, nil
}

// uploading returns a file that still takes content, held.
func (s *Service) uploading(ctx context.Context, p exchange.Party, id ledger.ID) (f *File, release func(), err error) {
	if release, err = s.hold(id); err != nil {
		return nil, nil, err
	}
	if f, err = s.File(ctx, p, id); err == nil && f.State != Uploading {
		err = ErrNotUploading
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return f, release, nil
}

// Append writes content to the end of a file, where offset must be, and returns
// the file with its new offset once that is on disk. What came before an error of
// the content's reader, [ErrContent], is kept. It returns an [*OffsetError],
// [ErrInUse], [ErrNotUploading], a [*exchange.Refusal] for too much content, or a
// [*exchange.Busy] when the folder is full.
func (s *Service) Append(ctx context.Context, p exchange.Party, id ledger.ID, offset int64, from io.Reader) (*File, error) {
	f, release, err := s.uploading(ctx, p, id)
	if err != nil {
		return nil, err
	}
	defer release()
	if offset != f.Offset {
		return nil, &OffsetError{Given: offset, Right: f.Offset}
	}
	out, err := s.folder.root.OpenFile(content(id), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("bulkfile: %w", err)
	}
	n, err := s.receive(f, out, from)
	f.Offset += n
	return f, errors.Join(err, out.Sync(), out.Close())
}

const portion = 256 << 10

func (s *Service) receive(f *File, out *os.File, from io.Reader) (n int64, err error) {
	to, buffer := metered{folder: &s.folder, file: out, bound: true}, make([]byte, portion)
	for room := s.o.BytesMax - f.Offset; ; {
		got, err := from.Read(buffer)
		if n+int64(got) > room {
			return n, refuse(CodeFileTooLarge, "a file has at most %d bytes", s.o.BytesMax)
		}
		wrote, failed := to.Write(buffer[:got])
		n += int64(wrote)
		switch {
		case failed != nil:
			return n, failed
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, fmt.Errorf("%w: %w", ErrContent, err)
		}
	}
}

// Complete says that a file has all its content, and begins to convert it. It
// returns an [*OffsetError] when bytes is not its length, a [*exchange.Refusal]
// when the content is not what was announced, is no file of its format, or was
// sent before, and otherwise as Append. A refused file takes content as before;
// one that was completed with the same length and digest is returned as it is.
func (s *Service) Complete(ctx context.Context, p exchange.Party, id ledger.ID, bytes int64, digest ledger.Hash) (*File, error) {
	f, release, err := s.uploading(ctx, p, id)
	if errors.Is(err, ErrNotUploading) {
		return s.completed(ctx, p, id, bytes, digest)
	}
	if err != nil {
		return nil, err
	}
	defer release()
	if bytes != f.Offset {
		return nil, &OffsetError{Given: bytes, Right: f.Offset}
	}
	found, err := s.inspect(ctx, f)
	switch {
	case err != nil:
		return nil, err
	case found.digest != digest:
		return nil, refuse(CodeChecksum, "the content's SHA-256 is %s, not %s; delete the file and send it again", found.digest, digest)
	}
	if refusal := found.judge(&s.o, f.Format); refusal != nil {
		return nil, refusal
	}
	f.State, f.Bytes, f.Lines, f.Digest = Processing, bytes, found.lines, digest
	f.CompletedAt = s.now()
	f.UpdatedAt = f.CompletedAt
	if err := s.o.Store.UpdateFile(ctx, f); err != nil {
		return nil, s.known(ctx, f, err)
	}
	s.begin(f.Clone())
	return f, nil
}

// completed answers who completes a file again.
func (s *Service) completed(ctx context.Context, p exchange.Party, id ledger.ID, bytes int64, digest ledger.Hash) (*File, error) {
	f, err := s.File(ctx, p, id)
	if err == nil && (f.Bytes != bytes || f.Digest != digest) {
		err = ErrNotUploading
	}
	return f, err
}

// known names the earlier file with the same content.
func (s *Service) known(ctx context.Context, f *File, err error) error {
	if !errors.Is(err, ErrKnown) {
		return err
	}
	earlier, err := s.o.Store.FileByDigest(ctx, f.Party.Partner, f.Digest)
	if err != nil {
		return err
	}
	return refuse(CodeFileKnown, "file %s has the same content, byte for byte; its results are this one's", earlier.ID)
}

// Discard removes a file that is uploading. It returns [ErrInUse],
// [ErrNotUploading] or [ErrNotFound].
func (s *Service) Discard(ctx context.Context, p exchange.Party, id ledger.ID) error {
	f, release, err := s.uploading(ctx, p, id)
	if err != nil {
		return err
	}
	defer release()
	if err := s.o.Store.DeleteFile(ctx, f.ID); err != nil {
		return err
	}
	return s.folder.remove(content(f.ID))
}
