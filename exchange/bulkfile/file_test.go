package bulkfile_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/ledger"
)

func TestEveryLineIsConvertedOrSaysWhyNot(t *testing.T) {
	w := newWorld(t)
	id := w.send(bulkfile.CSV, w.csv("3000", "31", "6000", "0", "3000", "9000"))
	f, text := w.finished(id)
	want := []string{"2 converted", "3 failed amount_off_step", "4 converted", "5 failed line_invalid", "6 converted", "7 converted"}
	if got := outcomes(t, text); !slices.Equal(got, want) {
		t.Errorf("results %q, want %q", got, want)
	}
	if f.State != bulkfile.Finished || f.Succeeded != 4 || f.Failed != 2 || f.Line != 7 || f.Lines != 7 || f.Percent() != 100 || f.FinishedAt == 0 {
		t.Errorf("the file is %+v", f)
	}
	if n, points := w.conversions(); n != 4 || points != 21_000 {
		t.Errorf("%d conversions of %d, want 4 of 21000", n, points)
	}
}

func TestAFileDoesNotWaitForPeople(t *testing.T) {
	w := newWorld(t)
	f, text := w.finished(w.send(bulkfile.CSV, w.csv("3000", fmt.Sprint(large), "6000")))
	if got, want := outcomes(t, text), []string{"2 converted", "3 held review_large", "4 converted"}; !slices.Equal(got, want) {
		t.Errorf("results %q, want %q", got, want)
	}
	if f.State != bulkfile.Finished || f.Succeeded != 2 || f.Held != 1 || f.Failed != 0 {
		t.Errorf("the file is %+v", f)
	}
	held, err := w.exchange.Held(t.Context(), ledger.ID{}, 10)
	must(t, err)
	if len(held) != 1 || !strings.Contains(text, held[0].ID.String()) {
		t.Fatalf("held are %v; the results are\n%s", held, text)
	}
	_, err = w.exchange.Release(t.Context(), held[0].ID)
	must(t, err)
	f, text = w.finished(w.send(bulkfile.CSV, w.csv("3000", fmt.Sprint(large), "6000")+"\n"))
	if got, want := outcomes(t, text), []string{"2 repeated", "3 repeated", "4 repeated"}; !slices.Equal(got, want) || f.Held != 0 {
		t.Errorf("after the release the same lines are %q, want %q", got, want)
	}
}

func TestBothFormatsAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		format bulkfile.Format
		text   string // with LINK for the link
	}{
		"CSV":                      {bulkfile.CSV, "link_id,amount,reference\nLINK,3000,R-1\nLINK,3000,R-2\n"},
		"in another order":         {bulkfile.CSV, "reference,link_id,amount\nR-1,LINK,3000\nR-2,LINK,3000\n"},
		"with CRLF":                {bulkfile.CSV, "link_id,amount,reference\r\nLINK,3000,R-1\r\nLINK,3000,R-2\r\n"},
		"with a BOM":               {bulkfile.CSV, "\xef\xbb\xbflink_id,amount,reference\nLINK,3000,R-1\nLINK,3000,R-2\n"},
		"with BOM, CRLF, quotes":   {bulkfile.CSV, "\xef\xbb\xbf\"link_id\",amount,reference\r\nLINK,\"3000\",R-1\r\n\"LINK\",3000,\"R-2\"\r\n"},
		"with empty lines":         {bulkfile.CSV, "link_id,amount,reference\n\nLINK,3000,R-1\n\r\nLINK,3000,R-2\n\n"},
		"NDJSON":                   {bulkfile.NDJSON, `{"link_id":"LINK","amount":"3000","reference":"R-1"}` + "\n" + `{"reference":"R-2","amount":"3000","link_id":"LINK"}` + "\n"},
		"NDJSON with BOM and CRLF": {bulkfile.NDJSON, "\xef\xbb\xbf" + `{ "link_id" : "LINK", "amount":"3000", "reference":"R-1"}` + "\r\n\r\n" + `{"reference":"R\u002d2","amount":"3000","link_id":"LINK"}` + "\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			f, text := w.finished(w.send(c.format, strings.ReplaceAll(c.text, "LINK", w.link.String())))
			if f.Succeeded != 2 || f.Failed != 0 || f.Repeated != 0 || strings.Count(text, "R-1") != 1 || strings.Count(text, "R-2") != 1 {
				t.Errorf("%+v\n%s", f, text)
			}
		})
	}
}

func TestALineThatIsMalformedFailsAlone(t *testing.T) {
	w := newWorld(t, func(o *bulkfile.Options) { o.LineMax = 200 })
	l := w.link.String()
	good := func(n int) string {
		return fmt.Sprintf(`{"link_id":%q,"amount":"3000","reference":"G-%d"}`, l, n)
	}
	bad := []struct{ line, code string }{
		{`{"link_id":"` + l + `","amount":"3000"`, "line_invalid"},
		{`{"link_id":"` + l + `","amount":"3000"}`, "line_invalid"},
		{`{"link_id":"` + l + `","amount":3000,"reference":"R"}`, "line_invalid"},
		{`{"link_id":"` + l + `","amount":"3000","reference":null}`, "line_invalid"},
		{`{"link_id":"` + l + `","amount":"3000","reference":{"a":"b"}}`, "line_invalid"},
		{`{"link_id":"` + l + `","amount":"3000","reference":"R","source":"TELE"}`, "line_invalid"},
		{`{"link_id":"` + l + `","amount":"3000","amount":"30","reference":"R"}`, "line_invalid"},
		{`{"link_id":"` + l + `","amount":"-3000","reference":"R"}`, "line_invalid"},
		{`{"link_id":"` + strings.ToUpper(l) + `","amount":"3000","reference":"R"}`, "line_invalid"},
		{`{"link_id":"` + l + `","amount":"3000","reference":"two words"}`, "line_invalid"},
		{`["` + l + `","3000","R"]`, "line_invalid"},
		{l + ",3000,R", "line_invalid"},
		{"\x00\xff", "line_invalid"},
		{strings.Repeat("[", 150), "line_invalid"},
		{`{"link_id":"` + l + `","amount":"3000","reference":"` + strings.Repeat("R", 200) + `"}`, "line_too_long"},
		{strings.Repeat("x", 5000), "line_too_long"},
		{`{"link_id":"` + w.newID().String() + `","amount":"3000","reference":"R-9"}`, exchange.CodeLinkMissing},
	}
	var text strings.Builder
	for i, b := range bad {
		text.WriteString(b.line + "\n" + good(i) + "\n")
	}
	f, results := w.finished(w.send(bulkfile.NDJSON, text.String()))
	got := strings.Split(strings.TrimSpace(results), "\n")
	for i, b := range bad {
		if !strings.Contains(got[2*i], fmt.Sprintf(`"line":%d,`, 2*i+1)) || !strings.Contains(got[2*i], fmt.Sprintf(`"outcome":"failed","code":%q,"detail":"`, b.code)) {
			t.Errorf("line %q has the result %s", b.line, got[2*i])
		}
		if !strings.Contains(got[2*i+1], `"outcome":"converted"`) {
			t.Errorf("its neighbour has the result %s", got[2*i+1])
		}
	}
	if int(f.Failed) != len(bad) || int(f.Succeeded) != len(bad) {
		t.Errorf("the file is %+v", f)
	}
}

func TestAFileThatIsNoneIsRefusedAsAWhole(t *testing.T) {
	for name, c := range map[string]struct {
		format bulkfile.Format
		text   func(w *world) string
		code   string
	}{
		"nothing":             {bulkfile.CSV, func(*world) string { return "" }, bulkfile.CodeFileEmpty},
		"a header alone":      {bulkfile.CSV, func(*world) string { return "link_id,amount,reference\n" }, bulkfile.CodeFileEmpty},
		"cut in a line":       {bulkfile.CSV, func(w *world) string { return w.lines(3)[:150] }, bulkfile.CodeFileCut},
		"cut before the end":  {bulkfile.NDJSON, func(*world) string { return "{}" }, bulkfile.CodeFileCut},
		"cut in the header":   {bulkfile.CSV, func(*world) string { return "link_id,am" }, bulkfile.CodeFileCut},
		"another header":      {bulkfile.CSV, func(*world) string { return "link,amount,reference\nx\n" }, bulkfile.CodeFileHeader},
		"a column too few":    {bulkfile.CSV, func(*world) string { return "link_id,amount\nx\n" }, bulkfile.CodeFileHeader},
		"a column twice":      {bulkfile.CSV, func(*world) string { return "link_id,amount,amount\nx\n" }, bulkfile.CodeFileHeader},
		"no header":           {bulkfile.CSV, func(w *world) string { return strings.SplitAfterN(w.lines(2), "\n", 2)[1] }, bulkfile.CodeFileHeader},
		"semicolons":          {bulkfile.CSV, func(w *world) string { return strings.ReplaceAll(w.lines(2), ",", ";") }, bulkfile.CodeFileHeader},
		"an endless header":   {bulkfile.CSV, func(*world) string { return strings.Repeat("x", 1<<20) + "\nx\n" }, bulkfile.CodeFileHeader},
		"too many lines":      {bulkfile.CSV, func(w *world) string { return w.lines(11) }, bulkfile.CodeFileTooManyLines},
		"too many empty ones": {bulkfile.NDJSON, func(w *world) string { return strings.Repeat("\n", 11) }, bulkfile.CodeFileTooManyLines},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *bulkfile.Options) { o.LinesMax = 10 })
			id, text := w.create(c.format), c.text(w)
			w.append(id, 0, text)
			_, err := w.complete(id, text)
			wantRefusal(t, err, c.code)
			if f, err := w.File(context.Background(), tele, id); err != nil || f.State != bulkfile.Uploading {
				t.Errorf("afterwards it is %+v, %v", f, err)
			}
			if n, _ := w.conversions(); n != 0 {
				t.Errorf("%d lines were converted", n)
			}
		})
	}
}

func wantRefusal(t *testing.T, err error, code string) {
	t.Helper()
	var refusal *exchange.Refusal
	if !errors.As(err, &refusal) || refusal.Code != code || refusal.Detail == "" {
		t.Errorf("error %v, want a refusal with %s", err, code)
	}
}

func TestAnUploadGoesOnWhereItIs(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	text := w.lines(5)
	id := w.create(bulkfile.CSV)
	if f := w.append(id, 0, text[:40]); f.Offset != 40 {
		t.Errorf("the offset is %d, want 40", f.Offset)
	}
	f, err := w.Append(ctx, tele, id, 40, cut{strings.NewReader(text[40:100])})
	if !errors.Is(err, bulkfile.ErrContent) || f.Offset != 100 {
		t.Errorf("cut off: %+v, %v", f, err)
	}
	w.open() // the gateway was killed
	for _, offset := range []int64{0, 40, 99, 101} {
		var wrong *bulkfile.OffsetError
		if _, err := w.Append(ctx, tele, id, offset, strings.NewReader("x")); !errors.As(err, &wrong) || wrong.Right != 100 {
			t.Errorf("at %d: %v, want 100", offset, err)
		}
	}
	if f, err := w.File(ctx, tele, id); err != nil || f.Offset != 100 {
		t.Errorf("%+v, %v", f, err)
	}
	var wrong *bulkfile.OffsetError
	if _, err := w.complete(id, text); !errors.As(err, &wrong) || wrong.Right != 100 {
		t.Errorf("completed too soon: %v", err)
	}
	w.append(id, 100, text[100:])
	_, err = w.Complete(ctx, tele, id, int64(len(text)), ledger.Hash{1})
	wantRefusal(t, err, bulkfile.CodeChecksum)
	_, err = w.complete(id, text)
	must(t, err)
	if f, _ := w.finished(id); f.Succeeded != 5 {
		t.Errorf("%+v", f)
	}
	if f, err := w.complete(id, text); err != nil || f.State != bulkfile.Finished {
		t.Errorf("completed again: %+v, %v", f, err)
	}
	for what, err := range map[string]error{
		"more content":  second(w.Append(ctx, tele, id, int64(len(text)), strings.NewReader("x"))),
		"another end":   second(w.complete(id, text[1:])),
		"to discard it": w.Discard(ctx, tele, id),
	} {
		if !errors.Is(err, bulkfile.ErrNotUploading) {
			t.Errorf("%s after the end: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// blocked is content that comes when it is allowed to.
type blocked struct{ begun, go_ chan struct{} }

func (b blocked) Read([]byte) (int, error) {
	close(b.begun)
	<-b.go_
	return 0, errors.New("never mind")
}

func TestOneRequestAppendsAtATime(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	id := w.create(bulkfile.CSV)
	b := blocked{make(chan struct{}), make(chan struct{})}
	done := make(chan error)
	go func() { done <- second(w.Append(ctx, tele, id, 0, b)) }()
	<-b.begun
	for what, err := range map[string]error{"append": second(w.Append(ctx, tele, id, 0, strings.NewReader("x"))), "complete": second(w.complete(id, "")), "discard": w.Discard(ctx, tele, id)} {
		if !errors.Is(err, bulkfile.ErrInUse) {
			t.Errorf("%s: %v", what, err)
		}
	}
	close(b.go_)
	if err := <-done; !errors.Is(err, bulkfile.ErrContent) {
		t.Error(err)
	}
	must(t, w.Discard(ctx, tele, id))
	if _, err := w.File(ctx, tele, id); !errors.Is(err, bulkfile.ErrNotFound) {
		t.Errorf("discarded: %v", err)
	}
}

func TestTheSameLineAgainIsTheSameConversion(t *testing.T) {
	w := newWorld(t)
	text := w.csv("3000", "3000", "3000", "3000", "3000", "3000")
	twice := text + strings.Split(text, "\n")[1] + "\n" + strings.Split(text, "\n")[6] + "\n" + strings.Replace(strings.Split(text, "\n")[2], "3000", "6000", 1) + "\n"
	_, results := w.finished(w.send(bulkfile.CSV, twice))
	want := []string{"2 converted", "3 converted", "4 converted", "5 converted", "6 converted", "7 converted", "8 repeated", "9 repeated", "10 failed reference_reused"}
	if got := outcomes(t, results); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if first := strings.Split(strings.Split(results, "\r\n")[1], ",")[3]; strings.Count(results, first) != 2 {
		t.Errorf("the repeated line has another conversion:\n%s", results)
	}
	f, again := w.finished(w.send(bulkfile.CSV, text))
	if f.Repeated != 6 || f.Succeeded != 0 {
		t.Errorf("in another file: %+v\n%s", f, again)
	}
	if n, _ := w.conversions(); n != 6 {
		t.Errorf("%d conversions, want 6", n)
	}
}

func TestTheSameFileAgainIsRefused(t *testing.T) {
	w := newWorld(t)
	text := w.lines(3)
	first := w.send(bulkfile.CSV, text)
	id := w.create(bulkfile.CSV)
	w.append(id, 0, text)
	_, err := w.complete(id, text)
	wantRefusal(t, err, bulkfile.CodeFileKnown)
	if err != nil && !strings.Contains(err.Error(), first.String()) {
		t.Errorf("%v does not name the first", err)
	}
}

func TestOthersFilesAreNotThere(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	id := w.send(bulkfile.CSV, w.lines(1))
	w.finished(id)
	for what, err := range map[string]error{"file": second(w.File(ctx, cafe, id)), "append": second(w.Append(ctx, cafe, id, 0, strings.NewReader("x"))), "discard": w.Discard(ctx, cafe, id)} {
		if !errors.Is(err, bulkfile.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := w.Results(ctx, cafe, id); !errors.Is(err, bulkfile.ErrNotFound) {
		t.Errorf("results: %v", err)
	}
	for party, want := range map[exchange.Party]int{tele: 1, cafe: 0, staff: 1} {
		if all, err := w.Files(ctx, party, ledger.ID{}, 10); err != nil || len(all) != want {
			t.Errorf("%s sees %d files, %v", party.Client, len(all), err)
		}
	}
}

func TestOnlyWhoPushesSendsFiles(t *testing.T) {
	w := newWorld(t)
	for _, p := range []exchange.Party{sky, staff} {
		_, err := w.Create(context.Background(), p, bulkfile.CSV, "")
		wantRefusal(t, err, exchange.CodeModeRefused)
	}
	_, err := w.Create(context.Background(), tele, "xml", "")
	wantRefusal(t, err, exchange.CodeInvalid)
	_, err = w.Create(context.Background(), tele, bulkfile.CSV, strings.Repeat("x", 401))
	wantRefusal(t, err, exchange.CodeInvalid)
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	w := newWorld(t, func(o *bulkfile.Options) { o.OpenMax, o.BytesMax, o.DiskMax = 2, 100, 150 })
	ctx := context.Background()
	one, two := w.create(bulkfile.CSV), w.create(bulkfile.NDJSON)
	_, err := w.Create(ctx, tele, bulkfile.CSV, "")
	wantRefusal(t, err, bulkfile.CodeTooManyFiles)
	_, err = w.Append(ctx, tele, one, 0, strings.NewReader(strings.Repeat("x", 101)))
	wantRefusal(t, err, bulkfile.CodeFileTooLarge)
	w.append(one, 0, strings.Repeat("x", 100))
	var busy *exchange.Busy
	if _, err := w.Append(ctx, tele, two, 0, strings.NewReader(strings.Repeat("x", 51))); !errors.As(err, &busy) {
		t.Errorf("a full folder: %v", err)
	}
	w.open() // counts again what is there
	if _, err := w.Append(ctx, tele, two, 0, strings.NewReader(strings.Repeat("x", 51))); !errors.As(err, &busy) {
		t.Errorf("a full folder, after a restart: %v", err)
	}
	must(t, w.Discard(ctx, tele, one))
	w.append(two, 0, strings.Repeat("x", 51))
}

func TestNothingIsKeptForEver(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	done := w.send(bulkfile.CSV, w.lines(2))
	w.finished(done)
	left := w.create(bulkfile.CSV)
	w.append(left, 0, "link_id")
	w.Service.Close()
	w.ahead.Add((49 * time.Hour).Milliseconds())
	w.open()
	w.eventually("the upload expires", func() bool {
		f, err := w.File(ctx, tele, left)
		must(t, err)
		return f.State == bulkfile.Expired
	})
	w.finished(done)
	w.Service.Close()
	w.ahead.Add((6 * 24 * time.Hour).Milliseconds())
	w.open()
	w.eventually("the results go", func() bool {
		_, r, err := w.Results(ctx, tele, done)
		if err == nil {
			must(t, r.Close())
		}
		return errors.Is(err, bulkfile.ErrGone)
	})
	w.eventually("the folder is empty", func() bool {
		entries, err := os.ReadDir(w.dir)
		must(t, err)
		return len(entries) == 0
	})
}

func (w *world) eventually(what string, condition func() bool) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("not in time: %s", what)
		}
	}
}

func TestAServiceSaysWhatItLacks(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*bulkfile.Options){
		"store": func(o *bulkfile.Options) { o.Store = nil }, "clock": func(o *bulkfile.Options) { o.Now = nil },
		"folder": func(o *bulkfile.Options) { o.Dir = nil }, "a bound": func(o *bulkfile.Options) { o.BatchMax = exchange.ManyMax + 1 },
		"a duration": func(o *bulkfile.Options) { o.UploadKept = -1 },
	} {
		o := w.options
		change(&o)
		if _, err := bulkfile.New(o); err == nil {
			t.Errorf("%s is missing or wrong, and New says nothing", name)
		}
	}
}
