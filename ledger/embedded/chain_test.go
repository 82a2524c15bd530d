package embedded

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/annals"
	"pgregory.net/rapid"
)

// writeChain makes a folder with n blocks in segments of about roll bytes and
// returns its path and where each block begins.
func writeChain(t testing.TB, n int, roll int64) (string, []mark) {
	t.Helper()
	dir := t.TempDir()
	f, err := openFolder(dir, realDisk{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	c, err := openChain(f, realDisk{}, roll, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	places := extend(t, c, n)
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	return dir, places
}

func extend(t testing.TB, c *chain, n int) (places []mark) {
	t.Helper()
	for range n {
		b := testBlock(c.end.height)
		if _, err := c.append(b); err != nil {
			t.Fatal(err)
		}
		places = append(places, mark{b.Number, c.segment, c.size})
		if err := c.sync(b); err != nil {
			t.Fatal(err)
		}
		c.publish()
	}
	return places
}

// testBlock is a block with a few commands; chains do not look into them.
func testBlock(n uint64) *Block {
	b := &Block{Tx: ledger.EmbeddedTx(n), At: int64(1000 + n), Caller: ledger.Identity{MSP: "UtilityMSP", Subject: "test"}}
	b.Writes = sha256.Sum256([]byte(b.Tx))
	for i := range n%3 + 1 {
		var id ledger.ID
		id[6], id[8], id[14], id[15] = 0x70, 0x80, byte(n), byte(i)
		b.Commands = append(b.Commands, ledger.Command{ID: id, Body: &ledger.Issue{Account: ledger.Account{1}, Amount: int64(n + 1), Expiry: 700, Reason: "test"}})
	}
	return b
}

// reopen opens the chain of a folder as after a crash, or with a tip as after a
// stop in order, and returns what was logged.
func reopen(t testing.TB, dir string, tip *position) (*chain, string, error) {
	t.Helper()
	f, err := lockFolder(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.close() })
	defer f.close()
	var log bytes.Buffer
	c, err := openChain(f, realDisk{}, 1000, tip, slog.New(slog.NewTextHandler(&log, nil)))
	return c, log.String(), err
}

func TestBlocksComeBackAsTheyWereWritten(t *testing.T) {
	dir, _ := writeChain(t, 400, 5000)
	c, _, err := reopen(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.end.height != 400 || c.segment < 5 {
		t.Fatalf("%d blocks in %d segments", c.end.height, c.segment)
	}
	for _, from := range []uint64{0, 1, 127, 128, 129, 300, 399} {
		next := from
		err := c.read(from, func(h header) error {
			want := testBlock(h.Number)
			if err := h.Decode(); err != nil {
				return err
			}
			if h.Number != next || h.Tx != want.Tx || h.At != want.At || h.Caller != want.Caller || h.Writes != want.Writes ||
				!bytes.Equal(ledger.EncodeBatch(h.Commands), ledger.EncodeBatch(want.Commands)) {
				t.Fatalf("block %d, wanted %d, is not what was written", h.Number, next)
			}
			next++
			return nil
		})
		if err != nil || next != 400 {
			t.Errorf("reading from %d ended before %d with %v", from, next, err)
		}
	}
	if err := c.read(400, func(header) error { return errors.New("there is no block 400") }); err != nil {
		t.Error(err)
	}
}

func TestReadingStopsAtTheFirstError(t *testing.T) {
	dir, _ := writeChain(t, 20, 1000)
	c, _, err := reopen(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	seen := 0
	if err := c.read(3, func(header) error { seen++; return stop }); !errors.Is(err, stop) || seen != 1 {
		t.Errorf("got %v after %d blocks", err, seen)
	}
}

func TestATornTailIsRemovedAtEveryLength(t *testing.T) {
	dir, places := writeChain(t, 12, 800)
	last := places[len(places)-1]
	name := filepath.Join(dir, segmentName(last.segment))
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for size := last.offset; size < int64(len(whole)); size++ {
		for _, tail := range []string{"", strings.Repeat("\x00", int(int64(len(whole))-size)), "garbage"} {
			torn := append(bytes.Clone(whole[:size]), tail...)
			if len(torn) > len(whole) || bytes.Equal(torn, whole) {
				continue
			}
			if err := os.WriteFile(name, torn, 0o600); err != nil {
				t.Fatal(err)
			}
			c, log, err := reopen(t, dir, nil)
			if err != nil {
				t.Fatalf("%d bytes and %q: %v", size, tail, err)
			}
			if c.end.height != 11 {
				t.Fatalf("%d bytes: %d blocks, want 11", size, c.end.height)
			}
			if len(torn) > int(last.offset) && (!strings.Contains(log, "block=11") || !strings.Contains(log, fmt.Sprintf("bytes=%d", len(torn)-int(last.offset)))) {
				t.Fatalf("%d bytes: warning does not name block and bytes: %s", size, log)
			}
			if info, _ := os.Stat(name); info.Size() != last.offset {
				t.Fatalf("file has %d bytes, want %d", info.Size(), last.offset)
			}
		}
	}
	c, _, err := reopen(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	extend(t, c, 3)
	if c, _, err := reopen(t, dir, nil); err != nil || c.end.height != 14 {
		t.Errorf("after going on: %v", err)
	}
}

func TestAStoppedLedgerHasNoTornTail(t *testing.T) {
	dir, places := writeChain(t, 3, 1<<20)
	c, _, err := reopen(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	tip := c.end
	if _, _, err := reopen(t, dir, &tip); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, segmentName(1))
	whole, _ := os.ReadFile(name)
	for _, size := range []int64{places[2].offset, places[2].offset + 5, int64(len(whole)) - 1} {
		if err := os.WriteFile(name, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		var damage *DamageError
		if _, _, err := reopen(t, dir, &tip); !errors.As(err, &damage) || damage.Block != 2 || damage.Offset != places[2].offset {
			t.Errorf("cut to %d: got %v, want damage at block 2", size, err)
		}
	}
}

// TestAFlippedByteIsDamage flips every byte of every block but the last of a
// ledger that was not stopped in order, and of the last with a tip.
func TestAFlippedByteIsDamage(t *testing.T) {
	dir, places := writeChain(t, 8, 700)
	c, _, err := reopen(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	tip := c.end
	for i, p := range places {
		name := filepath.Join(dir, segmentName(p.segment))
		whole, _ := os.ReadFile(name)
		end := int64(len(whole))
		if i+1 < len(places) && places[i+1].segment == p.segment {
			end = places[i+1].offset
		}
		for at := p.offset; at < end; at++ {
			flipped := bytes.Clone(whole)
			flipped[at] ^= 1 << (at % 8)
			os.WriteFile(name, flipped, 0o600)
			tips := []*position{&tip, nil}
			if i == len(places)-1 {
				tips = tips[:1]
			}
			for _, tip := range tips {
				var damage *DamageError
				_, _, err := reopen(t, dir, tip)
				if !errors.As(err, &damage) || damage.Block != int64(i) || damage.Offset != p.offset || damage.File != segmentName(p.segment) {
					t.Fatalf("byte %d of block %d flipped: got %v", at, i, err)
				}
			}
		}
		os.WriteFile(name, whole, 0o600)
	}
}

func TestAMissingOrStrangeSegmentIsDamage(t *testing.T) {
	dir, _ := writeChain(t, 30, 500)
	strange := filepath.Join(dir, blocksDir, "000001.blk.bak")
	os.WriteFile(strange, nil, 0o600)
	if _, _, err := reopen(t, dir, nil); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("strange file: %v", err)
	}
	os.Remove(strange)
	os.Remove(filepath.Join(dir, segmentName(2)))
	if _, _, err := reopen(t, dir, nil); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("missing segment: %v", err)
	}
}

func TestABlockOfALaterVersionIsNotTakenForATornOne(t *testing.T) {
	dir, places := writeChain(t, 2, 1<<20)
	name := filepath.Join(dir, segmentName(1))
	whole, _ := os.ReadFile(name)
	b := testBlock(1)
	body := b.Append(nil)
	body[0] = 3
	// A frame around a body that this version does not write.
	frame := append(whole[places[1].offset:places[1].offset+frameHead:places[1].offset+frameHead], body...)
	sum := sha256.Sum256(body)
	os.WriteFile(name, append(bytes.Clone(whole[:places[1].offset]), append(frame, sum[:]...)...), 0o600)
	if _, _, err := reopen(t, dir, nil); !errors.Is(err, ledger.ErrDamaged) || !strings.Contains(err.Error(), "version 3") {
		t.Errorf("got %v, want damage that names the version", err)
	}
}

func TestBlocksSurviveTheirEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := testBlock(rapid.Uint64Range(0, 1<<40).Draw(t, "number"))
		b.Number = rapid.Uint64().Draw(t, "height")
		b.At = rapid.Int64().Draw(t, "at")
		b.Caller.Subject = rapid.String().Draw(t, "subject")
		copy(b.Previous[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "previous"))
		if rapid.Bool().Draw(t, "signed") {
			b.Signature = &ledger.Signature{KeyID: rapid.String().Draw(t, "key"), Value: rapid.SliceOf(rapid.Byte()).Draw(t, "value")}
		}
		frame := appendFrame(nil, b)
		bytes, hash, err := newFrames(strings.NewReader(string(frame)), 0).next()
		if err != nil || hash != b.Hash {
			t.Fatalf("frame: %v", err)
		}
		h, err := annals.Read(bytes, hash)
		if err == nil {
			err = h.Decode()
		}
		if err != nil || string(appendFrame(nil, &h.Block)) != string(frame) {
			t.Fatalf("block came back different: %v", err)
		}
	})
}

func FuzzFrames(f *testing.F) {
	frame := appendFrame(nil, testBlock(0))
	f.Add(frame)
	f.Add(frame[:40])
	f.Add(append(bytes.Clone(frame), frame...))
	f.Fuzz(func(t *testing.T, b []byte) {
		for frames := newFrames(bytes.NewReader(b), 0); ; {
			body, hash, err := frames.next()
			if err != nil {
				return
			}
			if h, err := annals.Read(body, hash); err == nil && h.Decode() == nil {
				if again := h.Block.Append(nil); !bytes.Equal(again, body) {
					t.Fatal("a block has two encodings")
				}
			}
		}
	})
}
