package main

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

// asProgram makes the test binary be the program.
const asProgram = "PARTNERSIM_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// child is a running program.
type child struct {
	cmd *exec.Cmd
	url string
}

func startChild(t *testing.T, args ...string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0], args...)}
	c.cmd.Env = append(os.Environ(), asProgram+"=1")
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c.cmd.ProcessState == nil {
			_ = c.cmd.Process.Kill() // it may have ended meanwhile
			_ = c.cmd.Wait()         // killed, as we know
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the program ended before it was ready: %v", err)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "partnersim ready at ")
	if !ok {
		t.Fatalf("the first line is %q", line)
	}
	c.url = url
	return c
}

// keyPair writes the public key to a PEM file.
func keyPair(t *testing.T) (private ed25519.PrivateKey, file string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "gateway.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return private, file
}

func newClient(t *testing.T, url string, key ed25519.PrivateKey, attempts int) *connector.Client {
	t.Helper()
	signer, err := signature.NewSigner(signature.Thumbprint(key.Public().(ed25519.PublicKey)), key, time.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	client, err := connector.New(connector.Options{
		BaseURL: url, Partner: "sky", Signer: signer, Attempts: attempts,
		Clock: time.Now, Rand: func(int64) int64 { return 0 }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// acknowledged are the debits that a host said it did.
type acknowledged struct {
	mu      sync.Mutex
	answers map[connector.ID]connector.Answer
	sent    map[connector.ID]connector.Transfer
}

// debits sends debits of one point until an error, and calls enough after each.
func (a *acknowledged) debits(t *testing.T, client *connector.Client, member int, enough func(done int)) {
	for {
		tr := connector.Transfer{Membership: fmt.Sprintf("SKY-%06d", member), Programme: "SKY", Amount: 1, OccurredAt: time.Now()}
		if _, err := rand.Read(tr.ID[:]); err != nil {
			t.Error(err)
			return
		}
		a.mu.Lock()
		a.sent[tr.ID] = tr
		a.mu.Unlock()
		answer, err := client.Debit(context.Background(), tr)
		if err != nil {
			return // the host is gone
		}
		a.mu.Lock()
		a.answers[tr.ID] = answer
		done := len(a.answers)
		a.mu.Unlock()
		enough(done)
	}
}

// A host that is killed in the middle of its work must, when it starts again,
// stand by all that it said, and its books must add up.
func TestBooksSurviveAKillInTheMiddleOfLoad(t *testing.T) {
	key, file := keyPair(t)
	args := []string{"--dir", filepath.Join(t.TempDir(), "books"), "--programme", "SKY", "--members", "8", "--balance", "1000000", "--key-file", file}
	a := &acknowledged{answers: map[connector.ID]connector.Answer{}, sent: map[connector.ID]connector.Transfer{}}
	for round := 1; round <= 3; round++ {
		host := startChild(t, args...)
		client := newClient(t, host.url, key, 1)
		kill := sync.OnceFunc(func() {
			if err := host.cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		})
		var load sync.WaitGroup
		for n := range 32 {
			load.Go(func() {
				a.debits(t, client, 1+n%8, func(done int) {
					if done >= 500*round {
						kill()
					}
				})
			})
		}
		load.Wait()
		if err := host.cmd.Wait(); err == nil {
			t.Fatal("the host ended by itself")
		}
	}
	host := startChild(t, args...)
	client := newClient(t, host.url, key, 3)
	done := 0
	for id, tr := range a.sent {
		status, err := client.Status(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if status.Outcome == connector.Done {
			done++
		}
		said, ok := a.answers[id]
		if !ok {
			continue // unknown: both are fine
		}
		if again, err := client.Debit(t.Context(), tr); err != nil || again != said || status.Outcome != connector.Done {
			t.Fatalf("said %+v, now %+v, %v; status %+v", said, again, err, status)
		}
	}
	checkBooks(t, host.url, done)
	if err := host.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := host.cmd.Wait(); err != nil {
		t.Fatalf("after SIGTERM: %v", err)
	}
}

// checkBooks checks the law of the books and that so many debits of one point
// were done.
func checkBooks(t *testing.T, url string, debits int) {
	t.Helper()
	answer, err := http.Get(url + "/sim/books")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var books struct {
		Lawful bool
		Debits string
	}
	if err := json.NewDecoder(answer.Body).Decode(&books); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprint(debits); !books.Lawful || books.Debits != want {
		t.Fatalf("books %+v, want lawful with %s debited", books, want)
	}
}

func TestKeysAreReadFromAKeySetOnTheWeb(t *testing.T) {
	key, _ := keyPair(t)
	id := signature.Thumbprint(key.Public().(ed25519.PublicKey))
	server := newKeyServer(t, id, key)
	host := startChild(t, "--dir", t.TempDir(), "--programme", "SKY", "--members", "1", "--balance", "5", "--jwks-url", server)
	client := newClient(t, host.url, key, 1)
	if status, err := client.Validate(t.Context(), "SKY-000001", "SKY"); err != nil || status != connector.MemberActive {
		t.Fatalf("got %s, %v", status, err)
	}
}

func TestTheCommandLineIsChecked(t *testing.T) {
	_, file := keyPair(t)
	for name, args := range map[string][]string{
		"no keys":                 {"--dir", t.TempDir(), "--programme", "SKY"},
		"two keys":                {"--dir", t.TempDir(), "--programme", "SKY", "--key-file", file, "--jwks-url", "http://127.0.0.1/"},
		"no programme":            {"--dir", t.TempDir(), "--key-file", file},
		"bad programme":           {"--dir", t.TempDir(), "--programme", "sky", "--key-file", file},
		"bad zone":                {"--dir", t.TempDir(), "--programme", "SKY", "--zone", "Mars", "--key-file", file},
		"a key file that is none": {"--dir", t.TempDir(), "--programme", "SKY", "--key-file", os.Args[0]},
	} {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "partnersim: ") {
			t.Errorf("%s: ended with %v, saying %s", name, err, out)
		}
	}
}
