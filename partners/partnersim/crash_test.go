package partnersim_test

import (
	"crypto/ed25519"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// said collects answers that callers received.
type said struct {
	mu       sync.Mutex
	outcomes map[connector.ID]connector.Outcome
}

func (s *said) note(id connector.ID, outcome connector.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcomes[id] = outcome
}

func (s *said) soFar() map[connector.ID]connector.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	copied := make(map[connector.ID]connector.Outcome, len(s.outcomes))
	for id, outcome := range s.outcomes {
		copied[id] = outcome
	}
	return copied
}

// The power fails: of the disk only what was synced is left. All that the host
// said before must still be true, the answers that it gave to repeats and to
// questions while the first caller was still waiting included.
func TestWhatWasSaidIsDurable(t *testing.T) {
	disk := vfs.NewCrashableMem()
	host := start(t, func(o *partnersim.Options) { o.FS, o.Balance = disk, 1<<40 })
	client := host.client(t, nil)
	for range 5 {
		s := &said{outcomes: map[connector.ID]connector.Outcome{}}
		var callers sync.WaitGroup
		var over atomic.Bool
		for range 8 {
			callers.Go(func() {
				for !over.Load() && !t.Failed() {
					sayThrice(t, client, s)
				}
			})
		}
		var was map[connector.ID]connector.Outcome
		for ; len(was) < 100 && !t.Failed(); was = s.soFar() {
			time.Sleep(time.Millisecond)
		}
		left := disk.CrashClone(vfs.CrashCloneCfg{})
		over.Store(true)
		callers.Wait()
		wantStill(t, left, host, was)
	}
}

// sayThrice sends one debit twice and asks for its status, all at once, and
// notes what each was told at the moment it was told.
func sayThrice(t *testing.T, client *connector.Client, s *said) {
	tr := transfer(t, 1)
	var calls sync.WaitGroup
	for range 2 {
		calls.Go(func() {
			a, err := client.Debit(t.Context(), tr)
			if err != nil {
				t.Error(err)
				return
			}
			s.note(tr.ID, a.Outcome)
		})
	}
	calls.Go(func() {
		status, err := client.Status(t.Context(), tr.ID)
		if err != nil {
			t.Error(err)
			return
		}
		if status.Outcome != connector.NeverSeen {
			s.note(tr.ID, status.Outcome)
		}
	})
	calls.Wait()
}

// wantStill opens the books that are left and compares.
func wantStill(t *testing.T, left vfs.FS, before *running, was map[connector.ID]connector.Outcome) {
	t.Helper()
	t.Run("after the crash", func(t *testing.T) {
		after := start(t, func(o *partnersim.Options) {
			o.FS, o.Keys = left, signature.StaticKeys{keyID: before.key.Public().(ed25519.PublicKey)}
		})
		after.key = before.key
		client := after.client(t, nil)
		for id, outcome := range was {
			if status, err := client.Status(t.Context(), id); err != nil || status.Outcome != outcome {
				t.Fatalf("said %s, now %s, %v", outcome, status.Outcome, err)
			}
		}
		if err := after.Audit(); err != nil {
			t.Fatal(err)
		}
	})
}
