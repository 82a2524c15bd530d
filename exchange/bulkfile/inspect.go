package bulkfile

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// inspection is what a look over the whole content finds.
type inspection struct {
	digest ledger.Hash
	lines  int64 // line ends
	last   byte
	first  []byte // the first line, or as much of it as a line may have
}

// inspect reads the whole content once, before any of it is converted.
func (s *Service) inspect(ctx context.Context, f *File) (found inspection, err error) {
	if f.Offset == 0 {
		found.digest = sha256.Sum256(nil)
		return found, nil
	}
	in, err := s.folder.root.Open(content(f.ID))
	if err != nil {
		return found, fmt.Errorf("bulkfile: %w", err)
	}
	defer in.Close()
	sum, buffer := sha256.New(), make([]byte, portion)
	for err = ctx.Err(); err == nil; {
		var n int
		if n, err = in.Read(buffer); n > 0 {
			found.add(buffer[:n], s.o.LineMax)
			sum.Write(buffer[:n])
		}
	}
	if !errors.Is(err, io.EOF) {
		return found, fmt.Errorf("bulkfile: %w", err)
	}
	sum.Sum(found.digest[:0])
	return found, nil
}

func (i *inspection) add(p []byte, lineMax int) {
	if i.lines == 0 && len(i.first) < lineMax {
		first, _, _ := bytes.Cut(p, []byte{'\n'})
		i.first = append(i.first, first[:min(len(first), lineMax)]...)
	}
	i.lines += int64(bytes.Count(p, []byte{'\n'}))
	i.last = p[len(p)-1]
}

// judge refuses what is no file of the format as a whole.
func (i *inspection) judge(o *Options, format Format) *exchange.Refusal {
	lines := i.lines
	if format == CSV {
		lines--
	}
	switch {
	case i.lines == 0 && i.last == 0, i.last == '\n' && lines < 1:
		return refuse(CodeFileEmpty, "the file has no line to convert")
	case i.last != '\n':
		return refuse(CodeFileCut, "the last line has no end, so the file may have been cut; end every line with a line feed")
	case lines > o.LinesMax:
		return refuse(CodeFileTooManyLines, "the file has %d lines, at most %d; send several files", lines, o.LinesMax)
	case format == CSV:
		_, refusal := header(i.first)
		return refusal
	}
	return nil
}

var bom = []byte("\xef\xbb\xbf")

// lines reads a content line by line.
type lines struct {
	in       *bufio.Reader
	max      int
	position int64 // behind the last line read
	number   int64 // of the last line read, from 1
}

func newLines(in io.Reader, position, number int64, max int) *lines {
	return &lines{in: bufio.NewReaderSize(in, max+2), max: max, position: position, number: number}
}

// next returns the next line without its end and a byte order mark before the
// first one. It is valid until the next call. One that is longer than the
// maximum is nil.
func (l *lines) next() ([]byte, error) {
	line, err := l.in.ReadSlice('\n')
	l.position += int64(len(line))
	long := false
	for errors.Is(err, bufio.ErrBufferFull) {
		long = true
		line, err = l.in.ReadSlice('\n')
		l.position += int64(len(line))
	}
	if err != nil {
		return nil, err
	}
	l.number++
	if l.number == 1 {
		line = bytes.TrimPrefix(line, bom)
	}
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
	if long || len(line) > l.max {
		return nil, nil
	}
	if line == nil {
		line = []byte{}
	}
	return line, nil
}
