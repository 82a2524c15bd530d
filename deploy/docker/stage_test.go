package docker_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger/fabric/network"
)

// project keeps the test's containers apart from others of the same file.
const project = "pointgrid-test"

// stage is the whole file, running.
type stage struct {
	t       *testing.T
	root    string
	dir     string
	command []string
	ports   map[string]string // address of gateways and partners on this machine
	gateway string            // which is asked
	links   map[string]string // of the test's member, by company
}

// start builds the images, lays the folder and brings everything up. It is taken
// down with the test.
func start(ctx context.Context, t *testing.T) *stage {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, root: root, dir: t.TempDir(), gateway: "gateway", ports: map[string]string{}, links: map[string]string{}}
	s.command = composeCommand(ctx, t)
	programs, err := network.Programs(ctx, func(line string) { t.Log(line) })
	if err != nil {
		t.Fatal(err)
	}
	images := filepath.Join(s.dir, "images.env")
	s.run(ctx, root, filepath.Join(root, "deploy/docker/images.sh"), programs, images)
	env := filepath.Join(s.dir, ".env")
	t.Setenv("CGO_ENABLED", "0") // as images.sh builds it
	s.run(ctx, root, "go", "run", "./cmd/pointgrid", "containers", "lay", "--programs", programs,
		"--dir", filepath.Join(s.dir, "alliance"), "--env", env)
	s.addVariables(env, images)
	t.Cleanup(s.down)
	s.compose(ctx, "up", "--detach", "--no-build")
	s.await(ctx, "the gateway answers", func() bool { return s.ready(ctx) })
	return s
}

// composeCommand is Docker Compose, as a plugin or as a program of its own.
func composeCommand(ctx context.Context, t *testing.T) []string {
	t.Helper()
	if exec.CommandContext(ctx, "docker", "compose", "version").Run() == nil {
		return []string{"docker", "compose"}
	}
	if _, err := exec.LookPath("docker-compose"); err != nil {
		t.Fatal("no Docker Compose: install the plugin, or docker-compose (Debian: apt-get install docker.io docker-compose)")
	}
	return []string{"docker-compose"}
}

// addVariables adds the images' names and free ports to the variables.
func (s *stage) addVariables(env, images string) {
	s.t.Helper()
	var b strings.Builder
	for _, file := range []string{env, images} {
		text, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		b.Write(text)
	}
	for variable, name := range map[string]string{"POINTGRID_LISTEN": "gateway", "POINTGRID_LISTEN_2": "gateway2", "PARTNER_SKY_LISTEN": "sky", "PARTNER_MART_LISTEN": "mart", "PARTNER_TEL_LISTEN": "tel"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			s.t.Fatal(err)
		}
		s.ports[name] = l.Addr().String()
		_ = l.Close()
		fmt.Fprintf(&b, "%s=%s\n", variable, s.ports[name])
	}
	fmt.Fprintf(&b, "POINTGRID_URL=http://%s\n", s.ports["gateway"])
	if err := os.WriteFile(env, []byte(b.String()), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// compose runs a command of Docker Compose on the file.
func (s *stage) compose(ctx context.Context, args ...string) string {
	s.t.Helper()
	all := append(append([]string{}, s.command[1:]...), "--file", filepath.Join(s.root, "docker-compose.yml"),
		"--project-directory", s.dir, "--env-file", filepath.Join(s.dir, ".env"), "--project-name", project)
	return s.run(ctx, s.dir, s.command[0], append(all, args...)...)
}

func (s *stage) run(ctx context.Context, dir, name string, args ...string) string {
	s.t.Helper()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	began := time.Now()
	if err := c.Run(); err != nil {
		s.t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out.String())
	}
	s.t.Logf("%5.1fs %s %s", time.Since(began).Seconds(), filepath.Base(name), args[max(0, len(args)-2):])
	return out.String()
}

// down takes everything away, and shows the logs of a test that failed.
func (s *stage) down() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if s.t.Failed() {
		s.t.Log(s.compose(ctx, "logs", "--no-color", "--tail", "15"))
	}
	s.compose(ctx, "down", "--volumes", "--timeout", "20")
}

// await polls until something is so.
func (s *stage) await(ctx context.Context, what string, ask func() bool) {
	s.t.Helper()
	late := time.After(patience)
	for !ask() {
		select {
		case <-ctx.Done():
			s.t.Fatalf("%s: %v", what, ctx.Err())
		case <-late:
			s.t.Fatalf("waited %s for: %s", patience, what)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
