package sqlstore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"modernc.org/sqlite"
)

const (
	// applicationID marks our files in the header of the SQLite format, at byte 68
	// (https://www.sqlite.org/fileformat.html): "PGRD".
	applicationID = 0x50475244
	sqliteMagic   = "SQLite format 3\x00"
	headerLen     = 100
)

// claimFile makes an empty store, or checks that the file is one. It reads the
// header without SQLite, which would already change another program's file.
func claimFile(ctx context.Context, path string) error {
	header, err := readHeader(path)
	switch {
	case err != nil:
		return err
	case len(header) == 0:
		return markFile(ctx, path)
	case len(header) < headerLen || string(header[:len(sqliteMagic)]) != sqliteMagic:
		return fmt.Errorf("%w: the file is not a SQLite database", ErrForeign)
	}
	if id := binary.BigEndian.Uint32(header[68:]); id != applicationID {
		return fmt.Errorf("%w: its application ID is %#x, ours is %#x", ErrForeign, id, applicationID)
	}
	return nil
}

// readHeader returns the first bytes of the file, none when it is new. The file
// holds what members own, so nobody else may read it.
func readHeader(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	header := make([]byte, headerLen)
	n, err := io.ReadFull(f, header)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return header[:n], nil
}

// markFile writes the header, before the file has a log in which it could hide.
func markFile(ctx context.Context, path string) error {
	db, err := openDB(dsn(path, "synchronous(FULL)"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID))
	return errors.Join(err, db.Close())
}

func openDB(dsn string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
