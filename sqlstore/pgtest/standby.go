package pgtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// NewStandby makes and starts a standby of the server, and has the server wait with
// every commit until the standby has it on disk. The caller closes it before the
// server.
func (s *Server) NewStandby() (*Server, error) {
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	standby := &Server{programs: s.programs, owner: s.owner, dir: dir, data: filepath.Join(dir, "data")}
	if err := standby.copyOf(s); err != nil {
		return nil, errors.Join(err, standby.Close())
	}
	if err := standby.Start(); err != nil {
		return nil, errors.Join(err, standby.Close())
	}
	return standby, s.waitFor(standby)
}

// copyOf copies the data of a server that runs.
func (s *Server) copyOf(primary *Server) error {
	if err := s.own(s.dir); err != nil {
		return err
	}
	cmd := s.command("pg_basebackup", "--host", primary.dir, "--port", "5432", "--username", "pointgrid", "--pgdata", s.data,
		"--wal-method=stream", "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w: %s", err, out)
	}
	path := filepath.Join(s.data, "postgresql.auto.conf")
	conf, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// What stands later counts.
	return os.WriteFile(path, append(conf, "unix_socket_directories = '"+s.dir+"'\n"...), 0o600)
}

// waitFor makes commits wait for the standby, and returns once it follows.
func (s *Server) waitFor(standby *Server) error {
	if err := errors.Join(s.Exec("ALTER SYSTEM SET synchronous_standby_names = '*'"), s.Exec("SELECT pg_reload_conf()")); err != nil {
		return errors.Join(err, standby.Close())
	}
	for deadline := time.Now().Add(startMax); ; time.Sleep(10 * time.Millisecond) {
		// Raises an error, division by zero, for as long as no standby is in step.
		err := s.Exec("SELECT 1 / count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("no standby followed within %s: %w", startMax, err), standby.Close())
		}
	}
}

// Promote makes a standby a server of its own, which takes writes.
func (s *Server) Promote() error { return s.Exec("SELECT pg_promote()") }

// URLOf names the database "postgres" of whichever of the servers takes writes.
func URLOf(servers ...*Server) string {
	var hosts, ports []string
	for _, s := range servers {
		hosts, ports = append(hosts, s.dir), append(ports, "5432")
	}
	q := url.Values{"host": {strings.Join(hosts, ",")}, "port": {strings.Join(ports, ",")}, "target_session_attrs": {"read-write"}}
	return "postgres://pointgrid@/postgres?" + q.Encode()
}
