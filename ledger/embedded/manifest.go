package embedded

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Pebble's manifest says which tables make up the state. Pebble takes the first
// record that it cannot read for the end of the manifest, since a crash may have
// cut the last one short, and forgets what comes after. For a damaged record in
// the middle that would be an older state, made of tables that may no longer be
// whole, so the ledger looks for itself first.

// checkManifest returns damage when something readable follows what is not.
func checkManifest(dir string) error {
	state, err := pebble.Peek(dir, vfs.Default)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return openError(err)
	}
	if !state.Exists {
		return nil
	}
	b, err := os.ReadFile(state.ManifestFilename)
	if err != nil {
		return openError(err)
	}
	if at := unreadable(b); at < len(b) && readableAfter(b, at) {
		return damagedFile(stateDir, "its manifest cannot be read from byte %d on, and does not end there; %s", at, rebuildHint)
	}
	return nil
}

// A manifest is a log of chunks: masked CRC-32C of the rest (little endian),
// length (16 bits), type, bytes. No chunk crosses a block of 32 KiB; what is too
// short for one at a block's end is zero.
const (
	chunkHead = 7
	logBlock  = 32 << 10
)

// unreadable returns the offset of the first chunk that is not whole.
func unreadable(b []byte) int {
	at := 0
	for at < len(b) {
		if left := logBlock - at%logBlock; left < chunkHead {
			at += left
			continue
		}
		n := chunk(b[at:])
		if n == 0 {
			return at
		}
		at += n
	}
	return len(b)
}

func readableAfter(b []byte, at int) bool {
	for at++; at < len(b); at++ {
		if chunk(b[at:]) > 0 {
			return true
		}
	}
	return false
}

// chunk returns the size of the chunk at the beginning of b, or 0 when there is
// none.
func chunk(b []byte) int {
	if len(b) < chunkHead {
		return 0
	}
	size := chunkHead + int(binary.LittleEndian.Uint16(b[4:]))
	if kind := b[6]; kind < 1 || kind > 4 || size > len(b) || size > logBlock {
		return 0
	}
	crc := crc32.Checksum(b[6:size], castagnoli)
	if (crc>>15|crc<<17)+0xa282ead8 != binary.LittleEndian.Uint32(b) {
		return 0
	}
	return size
}
