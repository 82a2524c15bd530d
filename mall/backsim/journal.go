package backsim

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// journal is a file with a line of JSON for each change.
type journal struct{ file *os.File }

// Open returns a system whose books are in a file, which is made when missing. A
// last line that was cut off by a crash was never answered for, and goes.
func Open(path string, owns func(member, account string) bool) (*System, error) {
	s := New(owns)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("backsim: %w", err)
	}
	end, err := s.read(f)
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("backsim: %s: %w", path, err), f.Close())
	}
	s.journal = &journal{f}
	return s, nil
}

// read applies what the file has and returns where its last whole line ends.
func (s *System) read(f io.Reader) (end int64, err error) {
	r := bufio.NewReader(f)
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			return end, err
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return end, fmt.Errorf("at byte %d: %w", end, err)
		}
		s.apply(e)
		end += int64(len(line))
	}
}

func (j *journal) append(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return err
	}
	return j.file.Sync()
}

func (j *journal) close() error { return j.file.Close() }
