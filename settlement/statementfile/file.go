package statementfile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/ledger"
)

// Limits bound what is read; a zero is the default.
type Limits struct {
	Bytes         int64 // of the file: 1 GiB
	XLSXBytes     int64 // of an XLSX file: 64 MiB
	UnpackedBytes int64 // of what it unpacks to: 1 GiB
	LineBytes     int   // of one line: 64 KiB
	Columns       int   // of one line: 256
	Lines         int64 // of a file: 20,000,000
	Problems      int   // that are listed: 1,000
}

func (l Limits) orDefault() Limits {
	return Limits{orDefault(l.Bytes, 1<<30), orDefault(l.XLSXBytes, 64<<20), orDefault(l.UnpackedBytes, 1<<30), orDefault(l.LineBytes, 64<<10),
		orDefault(l.Columns, 256), orDefault(l.Lines, 20_000_000), orDefault(l.Problems, 1000)}
}

func orDefault[T int | int64](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// ErrChanged is returned when a file is not any more what was accepted.
var ErrChanged = errors.New("statementfile: the file has changed since it was checked")

// File is a statement that was accepted.
type File struct {
	Digest ledger.Hash // SHA-256 of the bytes
	Kind   string      // such as "csv, gb18030", for people
	Totals Totals
	Notes  []Problem // what was unusual

	from   io.ReaderAt
	size   int64
	w      *words
	limits Limits
	sheet  sheet // nil for the form of the Connector API
	cols   columns
}

// Open reads a whole file and accepts or refuses it: a [*Refusal] says why. Other
// errors are of the layout, of reading, or the context's.
func Open(ctx context.Context, from io.ReaderAt, size int64, layout Layout, limits Limits) (*File, error) {
	w, err := layout.compile()
	if err != nil {
		return nil, err
	}
	f := &File{from: from, size: size, w: w, limits: limits.orDefault()}
	found := &findings{max: f.limits.Problems, notes: map[Code]*Problem{}}
	if err := f.examine(found); err != nil {
		return nil, err
	}
	if f.Digest, err = f.digest(); err != nil {
		return nil, err
	}
	if f.sheet == nil {
		err = f.checkConnector(ctx, found)
	} else {
		f.Kind = f.sheet.kind()
		err = f.check(ctx, found)
	}
	for _, c := range []Code{Grouped, FullWidth, OtherForm, Rounded, Sheets} {
		if n := found.notes[c]; n != nil {
			f.Notes = append(f.Notes, *n)
		}
	}
	if err = errors.Join(err, found.refusal()); err != nil {
		return nil, err
	}
	return f, nil
}

// Reopen opens a file that was accepted before, with what [Open] said of it, without
// reading its lines: [File.Each] does. It returns [ErrChanged] when it is not that
// file any more.
func Reopen(from io.ReaderAt, size int64, layout Layout, limits Limits, digest ledger.Hash, totals Totals) (*File, error) {
	w, err := layout.compile()
	if err != nil {
		return nil, err
	}
	f := &File{Digest: digest, Totals: totals, from: from, size: size, w: w, limits: limits.orDefault()}
	found := &findings{max: f.limits.Problems, notes: map[Code]*Problem{}}
	if err := f.examine(found); err != nil {
		return nil, errors.Join(err, found.refusal())
	}
	now, err := f.digest()
	if err == nil && now != digest {
		err = ErrChanged
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// examine looks at the first bytes.
func (f *File) examine(found *findings) error {
	if f.size > f.limits.Bytes {
		found.add(Problem{Code: TooLarge, Found: strconv.FormatInt(f.size, 10) + " bytes", Rule: Rule{Name: "file_bytes", A: strconv.FormatInt(f.limits.Bytes, 10)}})
		return found.refusal()
	}
	start := make([]byte, min(f.size, 512))
	if _, err := f.from.ReadAt(start, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	refuse := func(what, want string) error {
		found.add(Problem{Code: BadFile, Found: what, Rule: rule(want)})
		return found.refusal()
	}
	var err error
	switch {
	case len(bytes.TrimSpace(start)) == 0 && f.size <= 512:
		return refuse("an empty file", "empty")
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		f.sheet, err = openBook(f.from, f.size, f.w, f.limits, found)
	case bytes.HasPrefix(start, []byte("\xd0\xcf\x11\xe0")):
		return refuse("an XLS file, or an XLSX file with a password", "old_xls")
	case bytes.HasPrefix(start, []byte("%PDF")), bytes.HasPrefix(start, []byte("\x1f\x8b")), bytes.HasPrefix(start, []byte("Rar!")):
		return refuse("a PDF or a compressed file", "packed")
	case isConnector(start):
	case bytes.IndexByte(start, 0) >= 0 && start[0] != 0xff && start[0] != 0xfe:
		return refuse("a file that is not text", "binary")
	default:
		f.sheet, err = openText(f.from, f.size, f.w, f.limits)
	}
	return err
}

func (f *File) digest() (h ledger.Hash, err error) {
	sum := sha256.New()
	_, err = io.Copy(sum, io.NewSectionReader(f.from, 0, f.size))
	sum.Sum(h[:0])
	return h, err
}

// check reads the file for the first time, and again if lines may be the same.
func (f *File) check(ctx context.Context, found *findings) error {
	twice := newRepeats(f.size)
	r := &reading{f: f, found: found, p: f.parser(found)}
	if err := r.read(ctx, func(l *Line) error {
		if !f.Totals.add(l) {
			found.add(Problem{Line: l.Number, Code: BadTotals, Found: "a sum that does not fit", Rule: rule("sum_range")})
		}
		if !f.w.Repeats {
			twice.see(l)
		}
		return nil
	}); err != nil {
		return err
	}
	f.cols = r.p.cols
	r.end()
	if len(twice.suspect) == 0 {
		return nil
	}
	again := &reading{f: f, found: &findings{notes: map[Code]*Problem{}}}
	again.p = f.parser(again.found)
	return again.read(ctx, func(l *Line) error {
		if first := twice.again(l); first != 0 {
			found.add(Problem{Line: l.Number, Code: Repeated, Found: "the same as line " + strconv.Itoa(first),
				Rule: Rule{Name: "once", A: strconv.Itoa(first)}})
		}
		return nil
	})
}

// Each visits the lines, after making sure that the file is what was accepted. A
// line is valid until visit returns. It returns [ErrChanged], the error of visit,
// of reading, the context's, or a [*Refusal] when the layout that the file was
// reopened with makes something else of it; what was visited is worth nothing then.
func (f *File) Each(ctx context.Context, visit func(*Line) error) error {
	now, err := f.digest()
	if err != nil {
		return err
	}
	if now != f.Digest {
		return ErrChanged
	}
	if f.sheet == nil {
		return f.eachConnector(ctx, visit)
	}
	found := &findings{max: f.limits.Problems, notes: map[Code]*Problem{}}
	r := &reading{f: f, found: found, p: f.parser(found)}
	if err := r.read(ctx, visit); err != nil {
		return err
	}
	r.end()
	return found.refusal()
}

func (f *File) parser(found *findings) *parser {
	p := &parser{w: f.w, f: found}
	p.numbers, p.from1904 = f.sheet.raw()
	return p
}

// reading is one way through a file.
type reading struct {
	f      *File
	found  *findings
	p      *parser
	rows   int64 // of data, good or bad
	last   int   // line
	best   []string
	bestAt int
	lacks  []string
	total  bool
	over   bool
}

// read visits the lines that have no problem.
func (r *reading) read(ctx context.Context, visit func(*Line) error) error {
	var l Line
	err := r.f.sheet.each(func(line int, cells []string) error {
		r.last = line
		if line%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if len(cells) > r.f.limits.Columns {
			r.found.add(Problem{Line: line, Code: TooLarge, Found: strconv.Itoa(len(cells)) + " columns", Rule: Rule{Name: "columns", A: strconv.Itoa(r.f.limits.Columns)}})
			return nil
		}
		switch {
		case blank(cells):
		case r.p.cols.at == nil:
			return r.seekHeader(line, cells)
		case r.f.w.isTotals(&r.p.cols, cells):
			r.total = true
			r.p.checkTotals(line, cells, &r.f.Totals, r.rows)
		case r.p.remark(cells) || r.total && r.p.cols.cell(cells, Date) == "":
			// Such as who made the file.
		default:
			return r.data(line, cells, &l, visit)
		}
		return nil
	}, r.found.add)
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

func (r *reading) data(line int, cells []string, l *Line, visit func(*Line) error) error {
	if r.rows++; r.rows > r.f.limits.Lines {
		r.over = true
		r.found.add(Problem{Line: line, Code: TooLarge, Found: "more lines", Rule: Rule{Name: "lines", A: strconv.FormatInt(int64(r.f.limits.Lines), 10)}})
		return errStop
	}
	if r.total && !r.over {
		r.over = true
		r.found.add(Problem{Line: line, Code: BadTotals, Found: "a movement after the totals", Rule: rule("totals_last")})
	}
	if !r.p.parse(line, cells, l) {
		return nil
	}
	return visit(l)
}

// seekHeader looks for the row of names among the first.
func (r *reading) seekHeader(line int, cells []string) error {
	cols, lacks, twice := r.f.w.place(line, cells)
	if len(lacks) == 0 {
		if r.p.cols = cols; twice != nil {
			r.found.add(*twice)
		}
		return nil
	}
	if r.bestAt == 0 || len(cols.at) > len(r.best) {
		r.best, r.bestAt, r.lacks = make([]string, len(cols.at)), line, lacks
	}
	if line >= headerLines {
		return errStop
	}
	return nil
}

// end reports what only the end of the file shows.
func (r *reading) end() {
	if r.p.cols.at == nil {
		for _, l := range r.lacks {
			r.found.add(Problem{Line: r.bestAt, Code: MissingColumn, Found: "no column for it among the first lines", Rule: Rule{Name: "column", A: l}})
		}
		if len(r.lacks) == 0 {
			r.found.add(Problem{Code: BadFile, Found: "no header", Rule: rule("no_header")})
		}
		return
	}
	if !r.total && !r.f.w.NoTotals && !r.over {
		r.found.add(Problem{Line: r.last, Code: BadTotals, Found: "no line of totals",
			Rule: Rule{Name: "no_totals", A: strconv.FormatInt(int64(r.rows), 10)}})
	}
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// points formats smallest units as whole points.
func points(n int64, scale uint8) string {
	return decimal.New(n, -int32(scale)).StringFixed(int32(scale))
}
