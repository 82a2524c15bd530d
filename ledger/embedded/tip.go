package embedded

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// A ledger that was closed in order leaves a tip: it says that the blocks end
// exactly there and that the state includes them all. While it is there, nothing
// can be a torn write.

// sealed ends a text with a line that holds its SHA-256.
func sealed(text string) []byte {
	return fmt.Appendf(nil, "%ssha256 %x\n", text, sha256.Sum256([]byte(text)))
}

// unsealed returns the text without that line.
func unsealed(b []byte) (string, error) {
	body := strings.TrimSuffix(string(b), "\n")
	text := body[:strings.LastIndexByte(body, '\n')+1]
	if string(sealed(text)) != string(b) {
		return "", errors.New("last line is not the SHA-256 of the lines before it")
	}
	return text, nil
}

const tipLayout = "pointgrid ledger tip\nblocks %d\nhash %s\n"

func (f *folder) writeTip(p position) error {
	return writeFile(f.file(tipFile), sealed(fmt.Sprintf(tipLayout, p.height, p.hash)))
}

// readTip returns the tip, or nil when there is none.
func (f *folder) readTip() (*position, error) {
	b, err := os.ReadFile(f.file(tipFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := unsealed(b)
	if err != nil {
		return nil, damagedFile(tipFile, "%v", err)
	}
	var p position
	var hash string
	if _, err := fmt.Sscanf(text, tipLayout, &p.height, &hash); err != nil {
		return nil, damagedFile(tipFile, "%v", err)
	}
	if err := (*ledger.Hash)(&p.hash).UnmarshalText([]byte(hash)); err != nil {
		return nil, damagedFile(tipFile, "%v", err)
	}
	return &p, nil
}
