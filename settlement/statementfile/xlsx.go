package statementfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// book is a sheet of an XLSX file.
type book struct {
	from   io.ReaderAt
	size   int64
	name   string
	date04 bool
	limits Limits
}

func (b *book) raw() (bool, bool) { return true, b.date04 }
func (b *book) kind() string      { return "xlsx, sheet " + b.name }

// xlsxParts bounds the files in an XLSX file, ratioMax how much smaller one that
// is larger than ratioFrom may be when it is compressed.
const (
	xlsxParts = 2000
	ratioMax  = 200
	ratioFrom = 1 << 20
)

// checkArchive unpacks everything once, and keeps nothing, so that what is read
// later is known to have an end whatever the archive's directory claims.
func checkArchive(from io.ReaderAt, size int64, limits Limits) *Problem {
	if size > limits.XLSXBytes {
		return &Problem{Code: TooLarge, Found: fmt.Sprintf("%d bytes", size), Rule: Rule{Name: "xlsx_bytes", A: strconv.FormatInt(limits.XLSXBytes, 10)}}
	}
	archive, err := zip.NewReader(from, size)
	if err != nil {
		return &Problem{Code: BadFile, Found: "an XLSX file that is damaged", Rule: rule("xlsx_broken")}
	}
	if len(archive.File) > xlsxParts {
		return &Problem{Code: TooLarge, Found: fmt.Sprintf("%d parts in an XLSX file", len(archive.File)), Rule: Rule{Name: "xlsx_parts", A: strconv.Itoa(xlsxParts)}}
	}
	left := limits.UnpackedBytes
	for _, part := range archive.File {
		n, err := unpack(part, left)
		if left -= n; left < 0 || n > ratioFrom && n/ratioMax > int64(part.CompressedSize64) {
			return &Problem{Code: TooLarge, Found: "an XLSX file that unpacks to far more than a statement has", Rule: rule("xlsx_ratio")}
		}
		if err != nil {
			return &Problem{Code: BadFile, Found: "an XLSX file that is damaged or encrypted", Rule: rule("xlsx_broken")}
		}
	}
	return nil
}

func unpack(part *zip.File, left int64) (int64, error) {
	r, err := part.Open()
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, io.LimitReader(r, left+1))
	if n > left {
		return n, nil
	}
	return n, errors.Join(err, r.Close())
}

func openBook(from io.ReaderAt, size int64, w *words, limits Limits, f *findings) (*book, error) {
	if p := checkArchive(from, size, limits); p != nil {
		f.add(*p)
		return nil, f.refusal()
	}
	b := &book{from: from, size: size, name: w.Sheet, limits: limits}
	file, err := b.open()
	if err != nil {
		f.add(Problem{Code: BadFile, Found: "an XLSX file that cannot be read", Rule: rule("xlsx_broken")})
		return nil, f.refusal()
	}
	defer file.Close() // it was only read
	sheets := file.GetSheetList()
	if b.name == "" && len(sheets) > 0 {
		b.name = sheets[0]
		if len(sheets) > 1 {
			f.note(Problem{Code: Sheets, Found: fmt.Sprintf("%d sheets", len(sheets)), Rule: rule("more_sheets")})
		}
	}
	if i, err := file.GetSheetIndex(b.name); err != nil || i < 0 {
		f.add(Problem{Code: BadFile, Found: "no sheet " + clip(b.name), Rule: Rule{Name: "no_sheet", A: clip(strings.Join(sheets, ", "))}})
		return nil, f.refusal()
	}
	if props, err := file.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		b.date04 = *props.Date1904
	}
	return b, nil
}

func (b *book) open() (*excelize.File, error) {
	return excelize.OpenReader(io.NewSectionReader(b.from, 0, b.size), excelize.Options{RawCellValue: true,
		UnzipSizeLimit: b.limits.UnpackedBytes, UnzipXMLSizeLimit: 1 << 20})
}

// each implements sheet. A damaged sheet is reported and ends the visit.
func (b *book) each(visit func(int, []string) error, report func(Problem)) (err error) {
	file, err := b.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }() // removes its temporary files
	rows, err := file.Rows(b.name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	line := 0
	for rows.Next() {
		line++
		cells, err := rows.Columns()
		if err != nil {
			report(Problem{Line: line, Code: BadFile, Found: "a row that cannot be read", Rule: rule("xlsx_broken")})
			return nil
		}
		if err := visit(line, cells); err != nil {
			return err
		}
	}
	if rows.Error() != nil {
		report(Problem{Line: line, Code: BadFile, Found: "a sheet that breaks off", Rule: rule("xlsx_broken")})
	}
	return nil
}
