package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startMax is how long a server may take to start, crash recovery included.
const startMax = 60 * time.Second

// Options say what the server is to be like.
type Options struct {
	Settings map[string]string // of postgresql.conf, besides those that a test needs
	Data     string            // folder to keep the data in, made by the caller; "" for a new one
	Log      string            // folder of the write-ahead log, likewise; "" for one within Data
}

// Server is a PostgreSQL server on a Unix socket, with fsync on. Its user
// "pointgrid" may do everything and needs no password.
type Server struct {
	programs string
	owner    *syscall.Credential // nil for this process's user
	dir      string
	data     string
	cmd      *exec.Cmd
	output   bytes.Buffer
	exited   chan struct{}
}

// ErrMissing: the machine has no PostgreSQL programs, or they cannot be run.
var ErrMissing = errors.New("PostgreSQL's programs are missing: install them (Debian: apt-get install postgresql)")

// Start makes and starts a server that ends with the test. Without the programs
// it skips the test, or fails it when POINTGRID_REQUIRE is "all".
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := New(o)
	NeedServer(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// NeedServer ends a test for which [New] gave an error, and leaves it out of short
// runs.
func NeedServer(t testing.TB, err error) {
	t.Helper()
	if testing.Short() {
		t.Skip("every test migrates a PostgreSQL schema of its own; run without -short")
	}
	switch {
	case err == nil:
	case errors.Is(err, ErrMissing) && os.Getenv("POINTGRID_REQUIRE") != "all":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

// New makes and starts a server, or returns [ErrMissing]. The caller closes it.
func New(o Options) (*Server, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	owner, err := serverOwner()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{programs: programs, owner: owner, dir: dir, data: o.Data}
	if s.data == "" {
		s.data = filepath.Join(dir, "data")
	}
	if err := s.initialise(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// findPrograms returns the folder of the newest version that is installed.
func findPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), "postgres")); err == nil {
				return filepath.Dir(path), nil
			}
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.Join(ErrMissing, err)
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// serverOwner returns the user to run as, because PostgreSQL refuses root.
func serverOwner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.ParseUint(u.Uid, 10, 32)
		gid, errG := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(errU, errG)
	}
	return nil, fmt.Errorf("%w: there is no user postgres or nobody to run them as", ErrMissing)
}

func (s *Server) initialise(o Options) error {
	for _, folder := range []string{s.dir, o.Data, o.Log} {
		if folder == "" {
			continue
		}
		if err := s.own(folder); err != nil {
			return err
		}
	}
	args := []string{"--pgdata", s.data, "--username=pointgrid", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"}
	if o.Log != "" {
		args = append(args, "--waldir", o.Log)
	}
	cmd := s.command("initdb", args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	conf := "listen_addresses = ''\nunix_socket_directories = '" + s.dir + "'\nlog_min_messages = fatal\nshared_buffers = '32MB'\nmax_connections = 60\n"
	for name, value := range o.Settings {
		conf += name + " = '" + value + "'\n"
	}
	path := filepath.Join(s.data, "postgresql.auto.conf")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		return err
	}
	return s.own(path)
}

func (s *Server) own(path string) error {
	if s.owner == nil {
		return nil
	}
	return os.Chown(path, int(s.owner.Uid), int(s.owner.Gid))
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.programs, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	return cmd
}

// startAttempts is how often a server that ends at once is started: after a kill
// its last processes hold shared memory for a moment.
const startAttempts = 20

// Start starts the server again after [Server.Stop] or [Server.Kill], and waits
// until it answers.
func (s *Server) Start() (err error) {
	for range startAttempts {
		if err = s.start(); !errors.Is(err, errEnded) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

var errEnded = errors.New("the server ended")

func (s *Server) start() error {
	s.cmd = s.command("postgres", "-D", s.data)
	s.output.Reset()
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	dieWithParent(s.cmd.SysProcAttr)
	started, exited := make(chan error), make(chan struct{})
	s.exited = exited
	go func(cmd *exec.Cmd) {
		// The signal of death goes by the thread that started the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in the output
		}
		close(exited)
	}(s.cmd)
	if err := <-started; err != nil {
		s.cmd = nil
		return err
	}
	return s.ready()
}

func (s *Server) ready() error {
	for deadline := time.Now().Add(startMax); ; {
		err := s.Exec("SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("%w: %s", errEnded, s.output.String())
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the server did not start within %s: %w", startMax, err)
		}
	}
}

// Socket is the path of the server's Unix socket.
func (s *Server) Socket() string { return filepath.Join(s.dir, ".s.PGSQL.5432") }

// URL names the database "postgres", with statements in a schema of the name,
// which is made when missing; "" is the schema "public".
func (s *Server) URL(schema string) string {
	q := url.Values{"host": {s.dir}, "port": {"5432"}}
	if schema != "" {
		q.Set("search_path", schema)
	}
	return "postgres://pointgrid@/postgres?" + q.Encode()
}

// Exec runs statements that give no rows of interest, as the superuser.
func (s *Server) Exec(statements string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startMax)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL(""))
	if err != nil {
		return err
	}
	_, err = conn.PgConn().Exec(ctx, statements).ReadAll()
	return errors.Join(err, conn.Close(ctx))
}

// Revive starts the server if it has ended by itself, and waits until it answers.
func (s *Server) Revive() error {
	if err := s.ready(); err == nil {
		return nil
	}
	return s.Start()
}

// Stop ends the server as an operator does who restarts it: sessions are ended.
func (s *Server) Stop() error { return s.end(syscall.SIGINT) }

// StopNow ends the server as pg_ctl does in the mode immediate: without a
// checkpoint, so that the next start recovers.
func (s *Server) StopNow() error { return s.end(syscall.SIGQUIT) }

func (s *Server) end(how syscall.Signal) error {
	if s.cmd == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.exited
	s.cmd = nil
	return nil
}

// Kill ends the server and its processes without warning, as a crash does.
func (s *Server) Kill() error {
	if s.cmd == nil {
		return nil
	}
	children := childrenOf(s.cmd.Process.Pid)
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	for _, pid := range children {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	<-s.exited
	s.cmd = nil
	return nil
}

// Halt stops the server's processes where they are, as a disk does that does not
// answer, until [Server.Resume]. It still takes connections, to which nobody
// answers.
func (s *Server) Halt() error { return s.toChildren(syscall.SIGSTOP) }

// Resume lets the processes go on that [Server.Halt] has stopped.
func (s *Server) Resume() error { return s.toChildren(syscall.SIGCONT) }

func (s *Server) toChildren(what syscall.Signal) error {
	if s.cmd == nil {
		return nil
	}
	for _, pid := range childrenOf(s.cmd.Process.Pid) {
		if err := syscall.Kill(pid, what); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// childrenOf returns the processes that a process has started. Where the system
// does not say, they end by themselves when they find the server gone.
func childrenOf(pid int) (children []int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	for _, field := range strings.Fields(string(text)) {
		if child, err := strconv.Atoi(field); err == nil {
			children = append(children, child)
		}
	}
	return children
}

// Close ends the server and removes what it kept.
func (s *Server) Close() error {
	return errors.Join(s.Stop(), os.RemoveAll(s.dir))
}
