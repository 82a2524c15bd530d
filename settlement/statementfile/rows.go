package statementfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// sheet is a file as rows of cells. Each visits them all; the cells are valid
// until visit returns. It gives a [Problem] to report for what cannot be read, and
// goes on where that makes sense.
type sheet interface {
	each(visit func(line int, cells []string) error, report func(Problem)) error
	// raw says that numbers are a spreadsheet's, and from1904 how it counts days.
	raw() (numbers, from1904 bool)
	// kind is "csv" or "xlsx", with the encoding.
	kind() string
}

// errStop ends a visit that has seen enough.
var errStop = errors.New("stop")

// text is a CSV file.
type text struct {
	from     io.ReaderAt
	size     int64
	encoding string
	comma    rune
	limits   Limits
}

func (t *text) raw() (bool, bool) { return false, false }
func (t *text) kind() string      { return "csv, " + t.encoding }

// openText finds out encoding and delimiter.
func openText(from io.ReaderAt, size int64, w *words, limits Limits) (*text, error) {
	t := &text{from: from, size: size, encoding: w.Encoding, limits: limits}
	var err error
	if t.encoding == "" {
		if t.encoding, err = detect(from, size); err != nil {
			return nil, err
		}
	}
	if w.Delimiter != "" {
		t.comma, _ = utf8.DecodeRuneInString(w.Delimiter)
		return t, nil
	}
	return t, t.findComma(w)
}

var byteOrders = []struct {
	mark, name string
}{{"\xef\xbb\xbf", "utf-8 with BOM"}, {"\xff\xfe", "utf-16le"}, {"\xfe\xff", "utf-16be"}}

// detect tells UTF-8 from GB18030: text of the one is hardly ever valid in the
// other. A byte order mark decides at once.
func detect(from io.ReaderAt, size int64) (string, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(from, 0, size), 64<<10)
	start, err := r.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	for _, o := range byteOrders {
		if strings.HasPrefix(string(start), o.mark) {
			return o.name, nil
		}
	}
	for {
		c, n, err := r.ReadRune()
		switch {
		case errors.Is(err, io.EOF):
			return "utf-8", nil
		case err != nil:
			return "", err
		case c == utf8.RuneError && n == 1:
			return "gb18030", nil
		}
	}
}

// decoded reads the file as UTF-8. What the encoding does not allow becomes
// U+FFFD, which is reported where it stands.
func (t *text) decoded() io.Reader {
	r := io.Reader(io.NewSectionReader(t.from, 0, t.size))
	var e encoding.Encoding
	switch t.encoding {
	case "gb18030":
		e = simplifiedchinese.GB18030
	case "utf-16le":
		e = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
	case "utf-16be":
		e = unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM)
	default:
		e = unicode.UTF8BOM
	}
	return transform.NewReader(r, e.NewDecoder())
}

// findComma takes the delimiter that makes most columns of the layout in any of
// the first lines.
func (t *text) findComma(w *words) error {
	best := -1
	for _, comma := range []rune{',', '\t', ';', '|', '，'} {
		probe, found, seen := *t, 0, 0
		probe.comma = comma
		err := probe.each(func(_ int, cells []string) error {
			if found = max(found, len(w.header(cells))); seen == headerLines {
				return errStop
			}
			seen++
			return nil
		}, func(Problem) {})
		if err != nil && !errors.Is(err, errStop) {
			return err
		}
		if found > best {
			best, t.comma = found, comma
		}
	}
	return nil
}

// each implements sheet.
func (t *text) each(visit func(int, []string) error, report func(Problem)) error {
	limit := &rowLimit{r: t.decoded(), max: t.limits.LineBytes}
	r := csv.NewReader(limit)
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = t.comma, -1, true
	for {
		limit.since = 0
		cells, err := r.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errLongRow):
			report(Problem{Line: limit.line(r), Code: TooLarge, Found: "a line that does not end",
				Rule: Rule{Name: "line_bytes", A: strconv.FormatInt(int64(t.limits.LineBytes), 10)}})
			return nil
		case errors.As(err, &bad):
			report(Problem{Line: bad.Line, Code: BadForm, Found: bad.Err.Error(),
				Rule: rule("quotes")})
		case err != nil:
			return err
		default:
			line, _ := r.FieldPos(0)
			if err := visit(line, cells); err != nil {
				return err
			}
		}
	}
}

var errLongRow = errors.New("statementfile: a line is too long")

// rowLimit keeps a row without end from filling the memory.
type rowLimit struct {
	r     io.Reader
	since int // bytes since the reader above asked for a new row
	lines int
	max   int
}

func (l *rowLimit) Read(p []byte) (int, error) {
	if l.since > l.max {
		return 0, errLongRow
	}
	n, err := l.r.Read(p)
	l.since += n
	l.lines += bytes.Count(p[:n], []byte{'\n'})
	return n, err
}

func (l *rowLimit) line(*csv.Reader) int { return l.lines + 1 }
