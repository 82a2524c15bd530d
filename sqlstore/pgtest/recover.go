package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Archived are the settings of a server that archives its write-ahead log in a
// folder, which the server's user must be able to write to; see [Folder].
func Archived(folder string) map[string]string {
	return map[string]string{"archive_mode": "on", "wal_level": "replica",
		"archive_command": fmt.Sprintf("test ! -f %[1]s/%%f && cp %%p %[1]s/%%f", folder)}
}

// Folder makes an empty folder that goes with the test and that any server may write
// to.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgfolder")
	if err == nil {
		err = os.Chmod(dir, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// BaseBackup copies the running server's data into a new folder within another.
func (s *Server) BaseBackup(within string) (data string, err error) {
	data = filepath.Join(within, "base")
	out, err := s.command("pg_basebackup", "-D", data, "-h", s.dir, "-U", "pointgrid", "--checkpoint=fast", "--no-sync").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("pg_basebackup: %w: %s", err, out)
	}
	return data, err
}

// Recover kills the server, and has one go on from a base backup, which it uses up:
// with the archive in a folder, up to a restore point. It waits until that server
// takes writes.
func (s *Server) Recover(data, archive, point string) error {
	if err := s.Kill(); err != nil {
		return err
	}
	settings := filepath.Join(data, "postgresql.auto.conf")
	f, err := os.OpenFile(settings, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "restore_command = 'cp %s/%%f %%p'\nrecovery_target_name = '%s'\nrecovery_target_action = 'promote'\narchive_mode = 'off'\n", archive, point)
	signal := filepath.Join(data, "recovery.signal")
	if err := errors.Join(err, f.Close(), os.WriteFile(signal, nil, 0o600), s.own(signal)); err != nil {
		return err
	}
	s.data = data
	if err := s.Start(); err != nil {
		return err
	}
	const promoted = `DO $$ BEGIN IF pg_is_in_recovery() THEN RAISE 'not yet'; END IF; END $$`
	for deadline := time.Now().Add(startMax); ; time.Sleep(20 * time.Millisecond) {
		err := s.Exec(promoted)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
