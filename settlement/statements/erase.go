package statements

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pointgrid/pointgrid/ledger"
)

// erasePage is how many statements are looked at together.
const erasePage = 200

// Erase puts a token in the place of memberships, wherever they stand as words of their
// own in a partner's accepted statements, because their member was erased. What a
// statement's digest says stays what came, so that the same file is known when it comes
// again; [Statement.Kept] says what is kept of it. Spreadsheets stay as they are: they
// are packed. Doing it again finds what is left.
func (s *Service) Erase(ctx context.Context, partner string, memberships []string, token string) error {
	if len(memberships) == 0 {
		return nil
	}
	accepted := false
	for before := (ledger.ID{}); ; {
		page, err := s.o.Store.Statements(ctx, Filter{Partner: partner, Refused: &accepted}, before, erasePage)
		if err != nil {
			return err
		}
		for _, st := range page {
			if err := s.eraseIn(ctx, st, memberships, token); err != nil {
				return fmt.Errorf("statements: statement %s: %w", st.ID, err)
			}
			before = st.ID
		}
		if len(page) < erasePage {
			return nil
		}
	}
}

// eraseIn rewrites one file. The row says first what the file is going to be, so that
// after a crash between the two the same is done again.
func (s *Service) eraseIn(ctx context.Context, st *Statement, memberships []string, token string) error {
	from, err := s.o.Dir.Open(fileName(st.Digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer from.Close()
	name := st.ID.String() + unfinished
	to, err := s.o.Dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	changed, size, err := replaceWords(io.MultiWriter(to, sum), from, memberships, token)
	err = errors.Join(err, to.Sync(), to.Close())
	if err != nil || !changed {
		return errors.Join(err, s.o.Dir.Remove(name))
	}
	if err := s.o.Store.KeepRedacted(ctx, st.Digest, ledger.Hash(sum.Sum(nil)), size); err != nil {
		return err
	}
	return s.o.Dir.Rename(name, fileName(st.Digest))
}

// replaceWords copies lines with the token in place of each word. A packed file is
// copied as it is. It returns whether something was replaced, and how many bytes there are.
func replaceWords(to io.Writer, from io.Reader, words []string, token string) (changed bool, size int64, err error) {
	in := bufio.NewReaderSize(from, 64<<10)
	if start, _ := in.Peek(4); bytes.Equal(start, []byte("PK\x03\x04")) {
		return false, 0, nil
	}
	out := bufio.NewWriter(to)
	for err == nil {
		var line []byte
		if line, err = in.ReadBytes('\n'); err != nil && !errors.Is(err, io.EOF) {
			return false, 0, err
		}
		clean := line
		for _, w := range words {
			for _, form := range forms(w, token) {
				clean = replaceWord(clean, form[0], form[1], form[2] != nil)
			}
		}
		changed = changed || !bytes.Equal(clean, line)
		n, wrong := out.Write(clean)
		if size += int64(n); wrong != nil {
			return false, 0, wrong
		}
	}
	return changed, size, out.Flush()
}

// forms are how a word and the token stand in a file of eight-bit characters, and in
// UTF-16 of either order.
func forms(word, token string) [][3][]byte {
	wide := func(s string, big bool) []byte {
		out := make([]byte, 0, 2*len(s))
		for i := range len(s) {
			if big {
				out = append(out, 0, s[i])
			} else {
				out = append(out, s[i], 0)
			}
		}
		return out
	}
	yes := []byte{1}
	return [][3][]byte{{[]byte(word), []byte(token), nil}, {wide(word, false), wide(token, false), yes}, {wide(word, true), wide(token, true), yes}}
}

// replaceWord replaces a word where no letter or digit stands beside it.
func replaceWord(line, word, by []byte, wide bool) []byte {
	for at := 0; ; {
		i := bytes.Index(line[at:], word)
		if i < 0 {
			return line
		}
		i += at
		if end := i + len(word); bounds(line, i, end, wide) {
			line = bytes.Join([][]byte{line[:i], line[end:]}, by)
			at = i + len(by)
		} else {
			at = i + 1
		}
	}
}

// bounds reports whether neither neighbour of line[from:to] is part of a word.
func bounds(line []byte, from, to int, wide bool) bool {
	reach := 1
	if wide {
		reach = 2
	}
	letter := func(b []byte) bool {
		return bytes.ContainsFunc(b, func(r rune) bool { return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' })
	}
	return !letter(line[max(from-reach, 0):from]) && !letter(line[to:min(to+reach, len(line))])
}

// kept is what the file has to be: what came, or what was made of it.
func (st *Statement) kept() (digest ledger.Hash, size int64) {
	if st.Kept == (ledger.Hash{}) {
		return st.Digest, st.Bytes
	}
	return st.Kept, st.KeptBytes
}
