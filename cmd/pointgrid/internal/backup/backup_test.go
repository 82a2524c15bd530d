package backup_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/backup"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/partners"
)

// TestBackupsUnderLoadAreRestoredAndGoOn makes backups at moments that nobody chose
// while conversions pour in, restores each, and lets a gateway carry on from it.
func TestBackupsUnderLoadAreRestoredAndGoOn(t *testing.T) {
	w := newWorld(t, "")
	path, l := repository(t), w.load(8)
	var names []string
	for range 4 {
		l.until(t, 20+rand.Int64N(100))
		l.slow.Store(true)
		names = append(names, w.backedUp(path).Name)
		l.slow.Store(false)
	}
	l.until(t, 50)
	l.end()
	w.stop()
	l.show(t)
	for _, name := range names {
		v := w.restored(path, backup.Wish{Name: name})
		w.agrees(name, &v)
		w.serve()
		w.comesToRest()
		w.stop()
		w.booksAreSound()
	}
}

// agrees wants a database and a ledger of one instant.
func (w *world) agrees(name string, v *backup.Verdict) {
	w.Helper()
	if !v.OK() || v.Later != 0 || v.Booked == 0 {
		w.Errorf("backup %s: %+v", name, v.Agreement)
	}
	if v.Projection == nil || !v.Projection.OK() {
		w.Errorf("backup %s: the projection: %+v", name, v.Projection)
	}
}

// comesToRest waits until nothing is under way any more, and converts once again.
func (w *world) comesToRest() {
	w.Helper()
	c := w.airline()
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		var open struct{ Conversions []struct{ ID string } }
		if _, err := c.Do(w.Context(), client.Request{Method: "GET", Path: "/v1/conversions?status=processing"}, &open); err != nil {
			w.Fatal(err)
		}
		if len(open.Conversions) == 0 {
			break
		}
		if time.Since(begun) > time.Minute {
			w.Fatalf("%d conversions do not end, the first is %s", len(open.Conversions), open.Conversions[0].ID)
		}
	}
	var got struct{ ID, Status string }
	if _, err := c.Do(w.Context(), ask(1, "after-"+filepath.Base(filepath.Dir(w.config.DataDir))+"-"+w.Name()), &got); err != nil || got.Status != "completed" {
		w.Errorf("a conversion afterwards is %q, %v", got.Status, err)
	}
}

// booksAreSound verifies the chain of a stopped gateway, and with it that each
// programme's accounts sum to zero.
func (w *world) booksAreSound() {
	w.Helper()
	home := gateway.Home(w.config.DataDir)
	b, err := os.ReadFile(home.PublicKeys())
	if err != nil {
		w.Fatal(err)
	}
	all, err := partners.ParseKeys(b)
	if err != nil {
		w.Fatal(err)
	}
	report, err := embedded.Verify(w.Context(), home.Ledger(), publicKeys(all), nil)
	if err != nil || !report.OK() || len(report.Programmes) < 4 {
		w.Errorf("%+v, %v", report, err)
	}
}

// show says how long conversions took beside a backup and without.
func (l *load) show(t *testing.T) {
	t.Helper()
	for what, took := range map[string][]time.Duration{"without a backup": l.took, "beside one": l.second} {
		if len(took) == 0 {
			continue
		}
		slices.Sort(took)
		t.Logf("%d conversions %s: p50 %s, p99 %s, longest %s", len(took), what, took[len(took)/2].Round(time.Millisecond/10),
			took[len(took)*99/100].Round(time.Millisecond/10), took[len(took)-1].Round(time.Millisecond/10))
	}
}
