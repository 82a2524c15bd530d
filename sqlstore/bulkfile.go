package sqlstore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/ledger"
)

const fileColumns = `id, client, partner, name, format, source, destination,
	state, bytes, lines, digest, position, line, succeeded, repeated, failed, result_bytes, updated_at,
	completed_at, finished_at, created_at, held`

const fileWidth = 22

const (
	insertFile = `INSERT INTO conversion_files (` + fileColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7,
		$8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`
	// The store has one writer, so nobody else's digest can come between.
	updateFile = `UPDATE conversion_files SET state = $1, bytes = $2, lines = $3, digest = $4, position = $5, line = $6,
		succeeded = $7, repeated = $8, failed = $9, result_bytes = $10, updated_at = $11, completed_at = $12, finished_at = $13,
		held = $14 WHERE id = $15 AND NOT EXISTS (SELECT 1 FROM conversion_files other
			WHERE other.partner = $16 AND other.digest = $17 AND other.id <> $18)`
	deleteFile = `DELETE FROM conversion_files WHERE id = $1`

	selectFile         = `SELECT ` + fileColumns + ` FROM conversion_files WHERE id = $1`
	selectFileByDigest = `SELECT ` + fileColumns + ` FROM conversion_files WHERE partner = $1 AND digest = $2`
	selectFiles        = `SELECT ` + fileColumns + ` FROM conversion_files WHERE id < $1 ORDER BY id DESC LIMIT $2`
	selectFilesOf      = `SELECT ` + fileColumns + ` FROM conversion_files WHERE partner = $1 AND id < $2 ORDER BY id DESC LIMIT $3`
	selectOpenFiles    = `SELECT ` + fileColumns + ` FROM conversion_files
		WHERE state IN ('uploading', 'processing') AND id > $1 ORDER BY id LIMIT $2`
)

// CreateFile implements [bulkfile.Store].
func (s *Store) CreateFile(ctx context.Context, f *bulkfile.File) error {
	args := make([]any, 0, fileWidth)
	args = append(args, f.ID[:], f.Party.Client, f.Party.Partner, f.Name, string(f.Format), f.Source, f.Destination)
	_, err := s.writer.one(ctx, insertFile, append(fileChanges(args, f), f.CreatedAt, f.Held)...)
	return err
}

// fileChanges appends what can change.
func fileChanges(args []any, f *bulkfile.File) []any {
	return append(args, string(f.State), f.Bytes, f.Lines, digestArg(&f.Digest), f.Position, f.Line,
		f.Succeeded, f.Repeated, f.Failed, f.ResultBytes, f.UpdatedAt, f.CompletedAt, f.FinishedAt)
}

// digestArg is NULL for the zero hash.
func digestArg(h *ledger.Hash) any {
	if h.IsZero() {
		return nil
	}
	return h[:]
}

// UpdateFile implements [bulkfile.Store].
func (s *Store) UpdateFile(ctx context.Context, f *bulkfile.File) error {
	args := append(fileChanges(make([]any, 0, fileWidth), f), f.Held, f.ID[:], f.Party.Partner, digestArg(&f.Digest), f.ID[:])
	n, err := s.writer.one(ctx, updateFile, args...)
	if err != nil || n == 1 {
		return err
	}
	if _, err := s.File(ctx, f.ID); err != nil {
		return err
	}
	return bulkfile.ErrKnown
}

// DeleteFile implements [bulkfile.Store].
func (s *Store) DeleteFile(ctx context.Context, id ledger.ID) error {
	n, err := s.writer.one(ctx, deleteFile, id[:])
	if err == nil && n == 0 {
		return bulkfile.ErrNotFound
	}
	return err
}

// File implements [bulkfile.Store].
func (s *Store) File(ctx context.Context, id ledger.ID) (*bulkfile.File, error) {
	return one(ctx, s.reader, scanConversionFile, bulkfile.ErrNotFound, selectFile, id[:])
}

// FileByDigest implements [bulkfile.Store].
func (s *Store) FileByDigest(ctx context.Context, partner string, digest ledger.Hash) (*bulkfile.File, error) {
	return one(ctx, s.reader, scanConversionFile, bulkfile.ErrNotFound, selectFileByDigest, partner, digest[:])
}

// Files implements [bulkfile.Store].
func (s *Store) Files(ctx context.Context, partner string, before ledger.ID, limit int) ([]*bulkfile.File, error) {
	if before.IsZero() {
		before = ledger.ID(bytes.Repeat([]byte{0xff}, len(before))) // above all that there are
	}
	if partner == "" {
		return list(ctx, s.reader, scanConversionFile, selectFiles, before[:], int64(max(limit, 0)))
	}
	return list(ctx, s.reader, scanConversionFile, selectFilesOf, partner, before[:], int64(max(limit, 0)))
}

// OpenFiles implements [bulkfile.Store].
func (s *Store) OpenFiles(ctx context.Context, after ledger.ID, limit int) ([]*bulkfile.File, error) {
	return list(ctx, s.reader, scanConversionFile, selectOpenFiles, after[:], int64(max(limit, 0)))
}

func scanConversionFile(row scanner) (*bulkfile.File, error) {
	var f bulkfile.File
	var format, state string
	err := row.Scan((*idColumn)(&f.ID), &f.Party.Client, &f.Party.Partner, &f.Name, &format, &f.Source, &f.Destination,
		&state, (*natural)(&f.Bytes), (*natural)(&f.Lines), (*optionalHash)(&f.Digest), (*natural)(&f.Position), (*natural)(&f.Line),
		(*natural)(&f.Succeeded), (*natural)(&f.Repeated), (*natural)(&f.Failed), (*natural)(&f.ResultBytes), (*natural)(&f.UpdatedAt),
		(*natural)(&f.CompletedAt), (*natural)(&f.FinishedAt), (*natural)(&f.CreatedAt), (*natural)(&f.Held))
	if err != nil {
		return nil, rowError("conversion file", f.ID, err)
	}
	f.Format, f.State = bulkfile.Format(format), bulkfile.State(state)
	switch f.State {
	case bulkfile.Uploading, bulkfile.Processing, bulkfile.Finished, bulkfile.Expired:
	default:
		return nil, rowError("conversion file", f.ID, fmt.Errorf("column state: unknown state %q", state))
	}
	if f.Format != bulkfile.CSV && f.Format != bulkfile.NDJSON {
		return nil, rowError("conversion file", f.ID, fmt.Errorf("column format: unknown format %q", format))
	}
	return &f, nil
}
