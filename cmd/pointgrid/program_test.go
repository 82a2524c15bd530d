package main_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pointgrid-test-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "pointgrid")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// run runs the program to its end.
func run(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	b, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// started is a program that runs.
type started struct {
	cmd *exec.Cmd
	out *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs the program until the test ends, and returns once its standard
// output has a line with the words.
func start(t *testing.T, words string, args ...string) *started {
	t.Helper()
	s := &started{cmd: exec.Command(binary, args...), out: &lockedBuffer{}}
	s.cmd.Stderr = s.out
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.kill()
		s.complains(t)
	})
	ready := make(chan bool)
	go func() {
		defer close(ready)
		lines := bufio.NewScanner(io.TeeReader(stdout, s.out))
		for lines.Scan() {
			if strings.Contains(lines.Text(), words) {
				ready <- true
			}
		}
	}()
	select {
	case ok := <-ready:
		if !ok {
			t.Fatalf("ended before it said %q:\n%s", words, s.out)
		}
	case <-time.After(time.Minute):
		t.Fatalf("did not say %q within a minute:\n%s", words, s.out)
	}
	go func() {
		for range ready {
		}
	}()
	return s
}

// failure is a line in which the program says that it failed.
var failure = regexp.MustCompile(`(?m)^.*(?:level=ERROR|"level":"ERROR").*$`)

// complains fails the test for each thing that the program says it failed at: what is tried
// again in the background shows nowhere else. That it has too much to do, or a partner does
// not answer, is no failure.
func (s *started) complains(t *testing.T) {
	t.Helper()
	for _, line := range failure.FindAllString(s.out.String(), -1) {
		if !strings.Contains(line, "status=503") {
			t.Errorf("the program says that it failed: %s", line)
		}
	}
}

func (s *started) kill() {
	_ = s.cmd.Process.Kill() // it may have ended already
	_ = s.cmd.Wait()
}

// end asks the program to end and returns its exit code.
func (s *started) end(t *testing.T) int {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait() // the exit code tells
	return s.cmd.ProcessState.ExitCode()
}

// needCurl skips a test where curl is missing.
func needCurl(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("POINTGRID_REQUIRE") == "all" {
			t.Fatal("curl is missing: install it (Debian: apt-get install curl)")
		}
		t.Skip("curl is missing: install it (Debian: apt-get install curl)")
	}
}

const sandboxReady = "Ctrl-C ends it."

func TestTheTourGoesThrough(t *testing.T) {
	out, code := run(t, "tour")
	t.Log(out)
	if code != 0 || !strings.Contains(out, "as they should be") {
		t.Errorf("exit code %d", code)
	}
}

func TestTheTourGoesThroughOnPostgreSQL(t *testing.T) {
	server := pgtest.Start(t, pgtest.Options{})
	if err := server.Exec("CREATE SCHEMA tour"); err != nil {
		t.Fatal(err)
	}
	out, code := run(t, "tour", "--database", server.URL("tour"))
	t.Log(out)
	if code != 0 || !strings.Contains(out, "as they should be") {
		t.Errorf("exit code %d", code)
	}
}

func TestTheTourGoesThroughOnFabric(t *testing.T) {
	networktest.Programs(t)
	out, code := run(t, "tour", "--ledger", "fabric")
	t.Log(out)
	if code != 0 || !strings.Contains(out, "4 peers with") {
		t.Errorf("exit code %d", code)
	}
}

func TestAReceiptOfFabricIsVerifiedByTheCompaniesCertificates(t *testing.T) {
	networktest.Programs(t)
	dir := t.TempDir()
	s := start(t, sandboxReady, "sandbox", "--ledger", "fabric", "--days", "1", "--addr", "127.0.0.1:0", "--dir", dir)
	sky := api(t, s, dir, "sky")
	var c struct{ ID, Status string }
	if _, err := sky.Do(t.Context(), conversion(1, "fabric-1"), &c); err != nil || c.Status != "completed" {
		t.Fatal(err, c)
	}
	receipt := filepath.Join(dir, "receipt.json")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		got, err := sky.Do(t.Context(), client.Request{Method: "GET", Path: "/v1/conversions/" + c.ID + "/receipt"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(receipt, got.Body, 0o600); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(got.Body), `"provisional":false`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still provisional: %s", got.Body)
		}
	}
	args := []string{"verify", receipt, "--profile", filepath.Join(dir, "network", "profile.json"),
		"--partner", "sky=SkyMSP", "--partner", "mart=MartMSP", "--partner", "tel=TelMSP"}
	if out, code := run(t, args...); code != 0 || !strings.Contains(out, "by the peers of") {
		t.Errorf("exit code %d: %s", code, out)
	}
	args[3] = filepath.Join(dir, "network", "companies", "sky", "profile.json")
	if out, code := run(t, args...); code != 0 {
		t.Errorf("with the airline's own profile: exit code %d: %s", code, out)
	}
	args[len(args)-5] = "sky=MartMSP"
	if out, code := run(t, args...); code == 0 {
		t.Errorf("with another company in the airline's place: %s", out)
	}
}

func TestTheSandboxsCommandsCanBePasted(t *testing.T) {
	needCurl(t)
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", t.TempDir())
	pasted := regexp.MustCompile(`(?m)^curl .*$`).FindAllString(s.out.String(), -1)
	if len(pasted) != 3 {
		t.Fatalf("%d commands in\n%s", len(pasted), s.out)
	}
	want := []string{`"destination_amount":"333"`, `"status":"completed"`, `"window":"`}
	for i, command := range pasted {
		if out := shell(t, command); !strings.Contains(strings.ReplaceAll(out, " ", ""), want[i]) {
			t.Errorf("%s\nanswered %s\nwant %s in it", command, out, want[i])
		}
	}
	if code := s.end(t); code != 0 {
		t.Errorf("exit code %d:\n%s", code, s.out)
	}
}

func TestTheReadmesExamplesWork(t *testing.T) {
	needCurl(t)
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```sh\n(#[^`]*?\ncurl .*?)```").FindAllStringSubmatch(string(readme), -1)
	want := []string{`"destination_amount":"333"`, `"status":"completed"`, `"value":"3.33"`}
	if len(examples) != len(want) {
		t.Fatalf("README has %d examples with curl, this test knows %d", len(examples), len(want))
	}
	dir := t.TempDir()
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(s.out.String())
	for i, e := range examples {
		command := strings.NewReplacer("/tmp/pointgrid", dir, "http://127.0.0.1:8080", url).Replace(e[1])
		if out := shell(t, command); !strings.Contains(out, want[i]) {
			t.Errorf("%s\nanswered %s\nwant %s in it", command, out, want[i])
		}
	}
}

func shell(t *testing.T, command string) string {
	t.Helper()
	out, err := exec.Command("sh", "-c", command).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}

func TestAKilledSandboxComesBackWithItsData(t *testing.T) {
	needCurl(t)
	dir := t.TempDir()
	convert := func(s *started) string {
		t.Helper()
		command := regexp.MustCompile(`(?m)^curl .*/v1/conversions .*$`).FindString(s.out.String())
		return shell(t, strings.Replace(command, "paste-$(date +%s)", "the-same", 1))
	}
	first := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	before := convert(first)
	first.kill()
	second := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	if after := convert(second); after != before || !strings.Contains(before, `"completed"`) {
		t.Errorf("before %s\nafter  %s", before, after)
	}
}

func TestAHomeIsOpenedOnce(t *testing.T) {
	dir := t.TempDir()
	start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	out, code := run(t, "serve", "--config", filepath.Join(dir, "pointgrid.yaml"))
	if code == 0 || !strings.Contains(out, "in use by another process") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestVerifyFindsWhatWasChanged(t *testing.T) {
	dir := t.TempDir()
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	home := filepath.Join(dir, "gateway")
	if out, code := run(t, "verify", home); code == 0 || !strings.Contains(out, "in use") {
		t.Errorf("of a running gateway: exit code %d: %s", code, out)
	}
	if code := s.end(t); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, s.out)
	}
	if out, code := run(t, "verify", home); code != 0 || !strings.Contains(out, "nothing is wrong") {
		t.Errorf("untouched: exit code %d: %s", code, out)
	}
	if out, code := run(t, "verify", "1999-12-31.sky", "--ledger", home); code != 1 || !strings.Contains(out, "is not closed") {
		t.Errorf("a settlement that is not there: exit code %d: %s", code, out)
	}
	blocks, err := filepath.Glob(filepath.Join(home, "ledger", "blocks", "*"))
	if err != nil || len(blocks) == 0 {
		t.Fatal(blocks, err)
	}
	b, err := os.ReadFile(blocks[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(blocks[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := run(t, "verify", home); code != 1 || !strings.Contains(out, filepath.Base(blocks[0])) || !strings.Contains(out, "block ") {
		t.Errorf("one bit flipped: exit code %d: %s", code, out)
	}
}

func TestSettleRunsOnceWhoeverHasTheLedger(t *testing.T) {
	dir := t.TempDir()
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	args := []string{"settle", "--config", filepath.Join(dir, "pointgrid.yaml"), "--key", filepath.Join(dir, "credentials", "utility.pem")}
	if out, code := run(t, args...); code != 0 || !strings.Contains(out, "nothing is due") {
		t.Errorf("while the gateway runs: exit code %d: %s", code, out)
	}
	compare := append([]string{"reconcile"}, args[1:]...)
	if out, code := run(t, compare...); code != 0 || !strings.Contains(out, "nothing is due") {
		t.Errorf("reconcile while the gateway runs: exit code %d: %s", code, out)
	}
	s.end(t)
	if out, code := run(t, args...); code != 0 || !strings.Contains(out, "nothing is due") {
		t.Errorf("while it is stopped: exit code %d: %s", code, out)
	}
	if out, code := run(t, compare...); code != 0 || !strings.Contains(out, "nothing is due") {
		t.Errorf("reconcile while it is stopped: exit code %d: %s", code, out)
	}
}

func TestTheProjectionIsFollowedAndMadeAgain(t *testing.T) {
	dir := t.TempDir()
	start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir).end(t)
	t.Setenv("POINTGRID_PROJECTION_ENABLED", "true")
	t.Setenv("POINTGRID_LISTEN", "127.0.0.1:0")
	configuration := filepath.Join(dir, "pointgrid.yaml")
	s := start(t, "listening on ", "serve", "--config", configuration)
	args := []string{"migrate", "--rebuild", "--config", configuration}
	if out, code := run(t, args...); code == 0 || !strings.Contains(out, "stop it first") {
		t.Errorf("while the gateway runs: exit code %d: %s", code, out)
	}
	metrics := regexp.MustCompile(`http://127.0.0.1:[0-9]+`).FindString(s.out.String()[strings.Index(s.out.String(), "listening on "):]) + "/metrics"
	caughtUp := regexp.MustCompile(`(?m)^pointgrid_projection_height_blocks [1-9][0-9]*$`)
	for begun := time.Now(); !caughtUp.MatchString(shell(t, "curl -s "+metrics)); {
		if time.Since(begun) > time.Minute {
			t.Fatalf("the projection does not follow: %s", shell(t, "curl -s "+metrics+" | grep projection"))
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.end(t)
	if out, code := run(t, args...); code != 0 || !strings.Contains(out, "the projection equals the ledger") {
		t.Errorf("while it is stopped: exit code %d: %s", code, out)
	}
}

func TestMistakesOfTheOperatorAreNamed(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cases := []struct {
		name string
		args []string
		want string
	}{
		{"unknown command", []string{"serv"}, "serv"},
		{"unknown option", []string{"serve", "--confg", "x"}, "--confg"},
		{"no configuration", []string{"serve"}, "data_dir: is missing"},
		{"unknown key", []string{"serve", "--config", file("a.yaml", "datadir: /x\n")}, "datadir"},
		{"key file that is missing", []string{"serve", "--config", file("b.yaml",
			"data_dir: "+dir+"/h\nutility: {clients: [{id: u, scopes: [operator], key_file: "+dir+"/none}]}\n")}, dir + "/none"},
		{"receipt without key", []string{"verify", file("r.json", "{}")}, "--key"},
		{"settlement without ledger", []string{"verify", "2026-11-21.sky"}, "--ledger"},
		{"receipt that is not there", []string{"verify", "nothing.json"}, "no such file"},
		{"receipt that is none", []string{"verify", file("r2.json", "{}"), "--key", file("k.json", `{"keys":[]}`)}, "key"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if out, code := run(t, c.args...); code == 0 || !strings.Contains(out, c.want) {
				t.Errorf("exit code %d, want %q in:\n%s", code, c.want, out)
			}
		})
	}
}

func TestHelpNamesEveryCommand(t *testing.T) {
	out, code := run(t, "--help")
	for _, command := range []string{"sandbox", "tour", "serve", "migrate", "settle", "reconcile", "verify", "backup", "restore", "version", "config", "bench conversions", "user add"} {
		if code != 0 || !strings.Contains(out, command) {
			t.Errorf("exit code %d, %q is not in:\n%s", code, command, out)
		}
	}
}

func TestTheBenchOfWebhooksMissesNone(t *testing.T) {
	if testing.Short() {
		t.Skip("needs 10 s; run without -short")
	}
	out, code := run(t, "bench", "webhooks", "--members", "100", "--clients", "8", "--duration", "1s", "--warmup", "200ms")
	if code != 0 || !strings.Contains(out, "a fast one and a dead one") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

func TestTheBenchCountsWhatIsOnTheLedger(t *testing.T) {
	if testing.Short() {
		t.Skip("needs 10 s; run without -short")
	}
	out, code := run(t, "bench", "conversions", "--members", "100", "--clients", "8", "--duration", "1s", "--warmup", "200ms")
	if code != 0 || strings.Count(out, "answered 201") != 2 {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}
