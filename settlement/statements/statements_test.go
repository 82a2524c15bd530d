package statements_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/settlement/statements/statementstest"
)

func TestStore(t *testing.T) {
	statementstest.Run(t, func(*testing.T) statements.Store { return &statementstest.Memory{} })
}

// ledgers says how far settlements are: sky joined on 20 November 2026.
type ledgers struct {
	steps map[ledger.Date]ledger.SettlementStep
}

func (l *ledgers) Settlement(_ context.Context, partner string, w ledger.Date) (ledger.Settlement, error) {
	step, ok := l.steps[w]
	if !ok || partner != "sky" {
		return ledger.Settlement{}, ledger.ErrNotFound
	}
	return ledger.Settlement{Partner: partner, Window: w, Step: step}, nil
}

func (l *ledgers) Due(_ context.Context, partner string) (ledger.SettlementDue, error) {
	if partner != "sky" {
		return ledger.SettlementDue{}, ledger.ErrNotFound
	}
	return ledger.SettlementDue{Window: joined}, nil
}

var (
	zone   = time.FixedZone("Asia/Shanghai", 8*60*60)
	joined = ledger.DateOf(time.Date(2026, 11, 20, 0, 0, 0, 0, zone))
)

// desk is a service on a clock of the test's.
type intake struct {
	*statements.Service
	t        *testing.T
	options  statements.Options
	now      time.Time
	dir      string
	ledgers  *ledgers
	accepted []*statements.Statement
}

func newIntake(t *testing.T) *intake {
	t.Helper()
	in := &intake{t: t, now: time.Date(2026, 11, 22, 1, 0, 0, 0, zone), dir: t.TempDir(), ledgers: &ledgers{steps: map[ledger.Date]ledger.SettlementStep{}}}
	root, err := os.OpenRoot(in.dir)
	must(t, err)
	t.Cleanup(func() { _ = root.Close() })
	in.options = statements.Options{Store: &statementstest.Memory{}, Ledger: in.ledgers, Calendar: calendar.CutOff{Location: zone}, Dir: root,
		Layout: func(code string) (statementfile.Layout, bool) {
			return statementfile.Layout{Zone: zone}, code == "sky" || code == "new"
		},
		Limits: statementfile.Limits{Bytes: 1 << 20}, Now: func() time.Time { return in.now }, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler),
		Received: func(s *statements.Statement) { in.accepted = append(in.accepted, s) }}
	in.open()
	return in
}

func (in *intake) open() {
	in.t.Helper()
	var err error
	in.Service, err = statements.New(in.options)
	must(in.t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var saturday = joined + 1

func delivery() statements.Delivery {
	return statements.Delivery{Partner: "sky", Day: saturday, Name: "a.csv", Source: statements.API, By: "sky-app"}
}

func (in *intake) receive(text string) statements.Receipt {
	in.t.Helper()
	r, err := in.Receive(context.Background(), delivery(), strings.NewReader(text))
	must(in.t, err)
	return r
}

// good is a statement with a movement of so many points.
func good(points int) string {
	return fmt.Sprintf("reference,kind,amount,date\nR-1,debit,%d,2026-11-21\n合计,1,%d,\n", points, points)
}

func (in *intake) files() (names []string) {
	in.t.Helper()
	all, err := os.ReadDir(in.dir)
	must(in.t, err)
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

func TestAnAcceptedFileIsKeptAndReadAgain(t *testing.T) {
	in := newIntake(t)
	st := in.receive(good(300)).Statement
	if st.Refused || st.Totals.Lines != 1 || st.At != in.now.UnixMilli() || len(in.accepted) != 1 {
		t.Fatalf("%+v", st)
	}
	if got := in.files(); !slices.Equal(got, []string{st.Digest.String() + ".statement"}) {
		t.Errorf("the folder has %q", got)
	}
	f, err := in.Open(context.Background(), st)
	must(t, err)
	var amounts []int64
	must(t, f.Each(context.Background(), func(l *statementfile.Line) error { amounts = append(amounts, l.Amount); return nil }))
	must(t, f.Close())
	if !slices.Equal(amounts, []int64{300}) {
		t.Errorf("read %v", amounts)
	}
	must(t, os.WriteFile(filepath.Join(in.dir, st.Digest.String()+".statement"), []byte(good(301)), 0o600))
	if _, err := in.Open(context.Background(), st); !errors.Is(err, statementfile.ErrChanged) {
		t.Errorf("after it was changed on disk: %v", err)
	}
}

func TestTheSameFileAgainChangesNothing(t *testing.T) {
	in := newIntake(t)
	first := in.receive(good(300))
	second := in.receive(good(200)) // the clock stands still, and the order counts all the same
	if again := in.receive(good(200)); !again.Repeated || again.Statement.ID != second.Statement.ID {
		t.Errorf("%+v", again)
	}
	if former := in.receive(good(300)); !former.Repeated || former.Statement.ID != first.Statement.ID {
		t.Errorf("the former once more: %+v", former)
	}
	current, err := in.Current(context.Background(), "sky", saturday)
	if err != nil || current.ID != second.Statement.ID || len(in.accepted) != 2 {
		t.Errorf("current is %+v, %v; want the corrected one", current, err)
	}
	if got := in.files(); len(got) != 2 {
		t.Errorf("the folder has %q", got)
	}
}

func TestARefusedFileIsOnRecordAndNotKept(t *testing.T) {
	in := newIntake(t)
	bad := strings.Replace(good(300), "debit,300", "debit,x", 1)
	r := in.receive(bad)
	if !r.Statement.Refused || len(r.Statement.Problems) == 0 || r.Statement.Problems[0].Line != 2 || r.Statement.Problems[0].Want == "" {
		t.Fatalf("%+v", r.Statement)
	}
	if again := in.receive(bad); !again.Repeated || again.Statement.ID != r.Statement.ID {
		t.Errorf("again: %+v", again)
	}
	if _, err := in.Current(context.Background(), "sky", saturday); !errors.Is(err, statements.ErrNotFound) {
		t.Errorf("it is current: %v", err)
	}
	if got := in.files(); len(got) != 0 || len(in.accepted) != 0 {
		t.Errorf("the folder has %q", got)
	}
	for n := range statements.RefusedMax + 5 {
		in.receive(bad + strings.Repeat("\n", n+1))
	}
	if all, err := in.Statements(context.Background(), statements.Filter{}, ledger.ID{}, 1000); err != nil || len(all) != statements.RefusedMax {
		t.Errorf("%d are on record, %v", len(all), err)
	}
}

func TestProblemsOfAFileAreBounded(t *testing.T) {
	in := newIntake(t)
	st := in.receive("reference,kind,amount,date\n" + strings.Repeat("R,debit,x,2026-11-21\n", 5000)).Statement
	if len(st.Problems) != statements.ProblemsMax || st.More < 4000 {
		t.Errorf("%d problems and %d more", len(st.Problems), st.More)
	}
}

func TestWhatCannotBeOfUseIsRefused(t *testing.T) {
	in := newIntake(t)
	in.ledgers.steps[saturday] = ledger.SettlementProposed
	for code, change := range map[string]func(*statements.Delivery){
		statements.CodeUnknownPartner: func(d *statements.Delivery) { d.Partner = "other" },
		statements.CodeDayNotEnded:    func(d *statements.Delivery) { d.Day += 1 },
		statements.CodeBeforeJoining:  func(d *statements.Delivery) { d.Day = joined - 1 },
		statements.CodeSigned:         func(*statements.Delivery) {},
		statements.CodeTooLarge:       func(d *statements.Delivery) { d.Day, d.Size = joined, 2<<30 },
		statements.CodeInvalid:        func(d *statements.Delivery) { d.Name = "a\nb" },
	} {
		d := delivery()
		change(&d)
		_, err := in.Receive(context.Background(), d, strings.NewReader(good(1)))
		var refusal *statements.Refusal
		if !errors.As(err, &refusal) || refusal.Code != code || refusal.Detail == "" {
			t.Errorf("%v, want %s", err, code)
		}
	}
	d := delivery()
	d.Partner = "new" // in the configuration, not on the ledger yet
	if _, err := in.Receive(context.Background(), d, strings.NewReader(good(1))); err == nil {
		t.Error("a partner whom the ledger does not know was taken")
	}
}

func TestADayEndsAtTheCutOffWhateverTheClockDid(t *testing.T) {
	in := newIntake(t)
	d := delivery()
	for _, c := range []struct {
		at   time.Time
		want bool
	}{
		{time.Date(2026, 11, 21, 23, 59, 59, 0, zone), false},
		{time.Date(2026, 11, 22, 0, 0, 0, 0, zone), true},
		{time.Date(2026, 11, 21, 23, 59, 59, 0, zone), false}, // set back
		{time.Date(2026, 11, 25, 0, 0, 0, 0, zone), true},     // jumped
	} {
		in.now = c.at
		_, err := in.Receive(context.Background(), d, strings.NewReader(good(1)))
		if (err == nil) != c.want {
			t.Errorf("at %s: %v", c.at, err)
		}
	}
}

// endless is as many bytes as somebody likes to send.
type endless struct{ read int64 }

func (e *endless) Read(b []byte) (int, error) {
	if e.read >= 2<<30 {
		return 0, io.EOF
	}
	for i := range b {
		b[i] = 'x'
	}
	e.read += int64(len(b))
	return len(b), nil
}

func TestTwoGigabytesAreRefusedEarly(t *testing.T) {
	in := newIntake(t)
	from := &endless{}
	_, err := in.Receive(context.Background(), delivery(), from)
	var refusal *statements.Refusal
	if !errors.As(err, &refusal) || refusal.Code != statements.CodeTooLarge {
		t.Fatal(err)
	}
	if from.read > 4<<20 || len(in.files()) != 0 {
		t.Errorf("read %d bytes, the folder has %q", from.read, in.files())
	}
}

func TestAZipBombIsRefused(t *testing.T) {
	in := newIntake(t)
	in.options.Limits.UnpackedBytes = 1 << 20
	in.open()
	var book bytes.Buffer
	w := zip.NewWriter(&book)
	for _, name := range []string{"[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"} {
		f, err := w.Create(name)
		must(t, err)
		_, err = io.CopyN(f, &endless{}, 8<<20)
		must(t, err)
	}
	must(t, w.Close())
	r := in.receive(book.String())
	if !r.Statement.Refused || len(in.files()) != 0 {
		t.Errorf("%+v", r.Statement)
	}
}

func TestFormulasInTextStayText(t *testing.T) {
	in := newIntake(t)
	const formula = `=HYPERLINK("http://evil.example")`
	st := in.receive("reference,membership,kind,amount,date\nR-1,\"" + strings.ReplaceAll(formula, `"`, `""`) + "\",debit,300,2026-11-21\n合计,,1,300,\n").Statement
	if st.Refused {
		t.Fatalf("%+v", st.Problems)
	}
	f, err := in.Open(context.Background(), st)
	must(t, err)
	defer f.Close()
	must(t, f.Each(context.Background(), func(l *statementfile.Line) error {
		if l.Membership != formula {
			t.Errorf("the membership is %q", l.Membership)
		}
		return nil
	}))
}

type cutOffReader struct{ io.Reader }

func (c cutOffReader) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestWhatBreaksOffLeavesNothing(t *testing.T) {
	in := newIntake(t)
	_, err := in.Receive(context.Background(), delivery(), cutOffReader{strings.NewReader(good(300))})
	if !errors.Is(err, statements.ErrContent) || len(in.files()) != 0 {
		t.Errorf("%v, %q", err, in.files())
	}
	must(t, os.WriteFile(filepath.Join(in.dir, "0123.part"), []byte("x"), 0o600)) // as a crash leaves it
	in.open()
	if got := in.files(); len(got) != 0 {
		t.Errorf("after a restart the folder has %q", got)
	}
}

// failing is a store that does not store.
type failing struct{ statements.Store }

func (failing) SaveStatement(context.Context, *statements.Statement) error {
	return errors.New("disk full")
}

func TestACrashBeforeTheRecordLosesNothing(t *testing.T) {
	in := newIntake(t)
	store := in.options.Store
	in.options.Store = failing{store}
	in.open()
	if _, err := in.Receive(context.Background(), delivery(), strings.NewReader(good(300))); err == nil {
		t.Fatal("it was accepted")
	}
	in.options.Store = store
	in.open()
	if r := in.receive(good(300)); r.Repeated || r.Statement.Refused || len(in.files()) != 1 {
		t.Errorf("sent again: %+v, %q", r, in.files())
	}
}

type blocked struct{ begun, goOn chan struct{} }

func (b blocked) Read([]byte) (int, error) {
	close(b.begun)
	<-b.goOn
	return 0, errors.New("never mind")
}

func TestOneFileOfAPartnerAtATime(t *testing.T) {
	in := newIntake(t)
	b := blocked{make(chan struct{}), make(chan struct{})}
	var wait sync.WaitGroup
	wait.Go(func() { _, _ = in.Receive(context.Background(), delivery(), b) })
	<-b.begun
	if _, err := in.Receive(context.Background(), delivery(), strings.NewReader(good(1))); !errors.Is(err, statements.ErrInUse) {
		t.Errorf("meanwhile: %v", err)
	}
	close(b.goOn)
	wait.Wait()
	in.receive(good(1))
}

func (in *intake) watch() (*statements.Watch, string) {
	in.t.Helper()
	dir := in.t.TempDir()
	root, err := os.OpenRoot(dir)
	must(in.t, err)
	in.t.Cleanup(func() { _ = root.Close() })
	return statements.NewWatch(statements.WatchOptions{Service: in.Service, Root: root, Partners: []string{"sky"}, Logger: in.options.Logger}), dir
}

// below lists the files below a folder.
func below(t *testing.T, dir string) (names []string) {
	t.Helper()
	must(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	}))
	return names
}

func TestAFolderIsTakenWhenItsFilesAreComplete(t *testing.T) {
	in := newIntake(t)
	w, dir := in.watch()
	ctx := context.Background()
	must(t, w.Look(ctx)) // makes the folders
	put := func(name, text string) {
		t.Helper()
		must(t, os.WriteFile(filepath.Join(dir, "sky", name), []byte(text), 0o600))
	}
	put("sky_20261121.csv", good(300)[:30])
	put("2026-11-21.csv.part", good(1))
	put("2026-11-22.csv", good(1)) // that day is not over
	put("statement.csv", good(1))
	put("bad 2026-11-21.csv", "nothing")
	must(t, w.Look(ctx))
	if len(in.accepted) != 0 || len(below(t, dir)) != 5 {
		t.Fatalf("at the first look %q", below(t, dir))
	}
	put("sky_20261121.csv", good(300)) // it has grown
	must(t, w.Look(ctx))
	must(t, w.Look(ctx))
	want := []string{"sky/2026-11-21.csv.part", "sky/2026-11-22.csv", "sky/accepted/sky_20261121.csv",
		"sky/refused/bad 2026-11-21.csv", "sky/refused/bad 2026-11-21.csv.problems.txt", "sky/refused/statement.csv", "sky/refused/statement.csv.problems.txt"}
	if got := below(t, dir); !slices.Equal(got, want) || len(in.accepted) != 1 || in.accepted[0].Source != statements.Folder {
		t.Fatalf("%q, want\n%q", got, want)
	}
	why, err := os.ReadFile(filepath.Join(dir, "sky/refused/statement.csv.problems.txt"))
	if err != nil || !strings.Contains(string(why), "2026-11-21.csv") {
		t.Errorf("%s, %v", why, err)
	}
	put("sky_20261121.csv", good(300)) // the same once more
	must(t, w.Look(ctx))
	must(t, w.Look(ctx))
	if got := below(t, dir); len(in.accepted) != 1 || !slices.Contains(got, "sky/accepted/sky_20261121-2.csv") {
		t.Errorf("%q", got)
	}
	in.now = in.now.Add(24 * time.Hour)
	must(t, os.WriteFile(filepath.Join(dir, "sky", "2026-11-22.csv"), []byte(strings.ReplaceAll(good(5), "11-21", "11-22")), 0o600))
	must(t, w.Look(ctx))
	must(t, w.Look(ctx))
	if got := below(t, dir); !slices.Contains(got, "sky/accepted/2026-11-22.csv") {
		t.Errorf("after the day %q", got)
	}
}
