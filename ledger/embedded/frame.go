package embedded

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/pointgrid/pointgrid/ledger"
)

// A frame is a block in a segment file: four bytes of magic, the length of the
// block's bytes (little endian, 32 bits), the CRC-32C of these eight bytes, the
// bytes, and their SHA-256. The CRC makes the length trustworthy, so that a
// damaged block can be told from a file that ends too early.
const (
	frameHead = 12
	frameTail = sha256.Size
	// blockMax bounds the bytes of one block: a full batch of the largest commands.
	blockMax = ledger.BatchMax*(ledger.CommandMax+16) + 4096
)

var (
	frameMagic = [4]byte{'P', 'G', 'B', 'K'}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// appendFrame appends the frame of a block and sets the block's hash.
func appendFrame(buf []byte, b *Block) []byte {
	start := len(buf)
	buf = append(buf, make([]byte, frameHead)...)
	buf = b.Append(buf)
	putHead(buf[start:start+frameHead], len(buf)-start-frameHead)
	return append(buf, b.Hash[:]...)
}

// putHead writes the head of a frame with so many bytes of a block.
func putHead(head []byte, length int) {
	copy(head, frameMagic[:])
	binary.LittleEndian.PutUint32(head[4:], uint32(length))
	binary.LittleEndian.PutUint32(head[8:], crc32.Checksum(head[:8], castagnoli))
}

// frameOf returns the frame of a block's bytes.
func frameOf(block []byte, hash ledger.Hash) []byte {
	buf := make([]byte, frameHead, frameHead+len(block)+frameTail)
	putHead(buf, len(block))
	return append(append(buf, block...), hash[:]...)
}

// frameLength reads a frame's head and returns the length of the block's bytes.
func frameLength(head []byte) (int, error) {
	if !bytes.Equal(head[:4], frameMagic[:]) {
		return 0, errors.New("no frame begins here")
	}
	if crc32.Checksum(head[:8], castagnoli) != binary.LittleEndian.Uint32(head[8:]) {
		return 0, errors.New("head of the frame has a wrong checksum")
	}
	n := binary.LittleEndian.Uint32(head[4:])
	if n > blockMax {
		return 0, fmt.Errorf("frame of %d bytes, at most %d", n, blockMax)
	}
	return int(n), nil
}

// frameError is a frame that cannot be read.
type frameError struct {
	offset int64 // of the frame
	end    int64 // where the frame would end; 0 when its head is not to be trusted
	short  bool  // the file ends inside the frame
	whole  bool  // the frame is whole, but its block is not understood
	what   string
}

func (e *frameError) Error() string { return e.what }

// frames reads the frames of a segment in order. After a frame with a wrong hash
// it can go on with the next.
type frames struct {
	r      *bufio.Reader
	offset int64 // of the next frame
	buf    []byte
}

const readSize = 1 << 20

func newFrames(r io.Reader, offset int64) *frames {
	return &frames{r: bufio.NewReaderSize(r, readSize), offset: offset}
}

// next returns the bytes of the next block, valid until the next call, and
// their SHA-256. It returns io.EOF after the last frame, a *frameError for a
// frame that is not whole, or the error of reading.
func (f *frames) next() ([]byte, ledger.Hash, error) {
	var head [frameHead]byte
	n, err := io.ReadFull(f.r, head[:])
	switch {
	case err == io.EOF:
		return nil, ledger.Hash{}, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ledger.Hash{}, &frameError{offset: f.offset, short: true,
			what: fmt.Sprintf("file ends after %d bytes of a frame's head", n)}
	case err != nil:
		return nil, ledger.Hash{}, err
	}
	length, err := frameLength(head[:])
	if err != nil {
		return nil, ledger.Hash{}, &frameError{offset: f.offset, what: err.Error()}
	}
	return f.body(length)
}

func (f *frames) body(length int) ([]byte, ledger.Hash, error) {
	whole := length + frameTail
	if cap(f.buf) < whole {
		f.buf = make([]byte, whole+whole/2)
	}
	buf := f.buf[:whole]
	end := f.offset + int64(frameHead+whole)
	n, err := io.ReadFull(f.r, buf)
	switch {
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ledger.Hash{}, &frameError{offset: f.offset, end: end, short: true,
			what: fmt.Sprintf("file ends after %d of %d bytes of a frame", frameHead+n, frameHead+whole)}
	case err != nil:
		return nil, ledger.Hash{}, err
	}
	offset := f.offset
	f.offset = end
	sum := ledger.Hash(sha256.Sum256(buf[:length]))
	if !bytes.Equal(sum[:], buf[length:]) {
		return nil, ledger.Hash{}, &frameError{offset: offset, end: end, what: "bytes of the block do not have the hash written after them"}
	}
	return buf[:length], sum, nil
}

// holdsFrame reports whether a whole frame begins anywhere in b.
func holdsFrame(b []byte) bool {
	for {
		i := bytes.Index(b, frameMagic[:])
		if i < 0 {
			return false
		}
		if _, _, err := newFrames(bytes.NewReader(b[i:]), 0).next(); err == nil {
			return true
		}
		b = b[i+1:]
	}
}
