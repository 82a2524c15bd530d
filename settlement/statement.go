package settlement

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/shopspring/decimal"
)

// The columns of a statement. Amounts are decimal numbers of whole points,
// values are yuan with six decimals, both without grouping. Reversals have the
// amounts taken back, as positive numbers, in lines of kind "reversal".
var columns = []string{"line", "kind", "direction", "transfer_id", "original_id", "time", "agreement_id",
	"agreement_hash", "from_programme", "from_amount", "to_programme", "to_amount", "ept_amount", "fee_ept",
	"value_cny", "partner_reference", "batch", "index"}

// statement is a CSV file being written for one partner and window. It appears
// under its name only when it is complete.
type statement struct {
	partner ledger.Partner
	hub     string
	zone    *time.Location
	name    string // below the statements' folder
	path    string
	file    *os.File
	buf     *bufio.Writer
	csv     *csv.Writer
	sum     hash.Hash
	lines   int64
	row     [18]string
}

func createStatement(dir string, w ledger.Date, p ledger.Partner, hub string, zone *time.Location) (*statement, error) {
	folder := filepath.Join(dir, w.String())
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(folder, p.Code+".*.tmp")
	if err != nil {
		return nil, err
	}
	s := &statement{partner: p, hub: hub, zone: zone, file: file, sum: sha256.New(),
		name: w.String() + "/" + p.Code + ".csv", path: filepath.Join(folder, p.Code+".csv")}
	s.buf = bufio.NewWriterSize(io.MultiWriter(file, s.sum), 64<<10)
	s.csv = csv.NewWriter(s.buf)
	if err := s.csv.Write(columns); err != nil {
		s.discard()
		return nil, err
	}
	return s, nil
}

func (s *statement) write(e ledger.Entry, leg *ledger.Leg, d ledger.Direction) error {
	t := &e.Transfer
	s.lines++
	kind, original := "conversion", ""
	if t.Kind == ledger.KindReverse {
		kind, original = "reversal", t.Related.String()
	}
	from, to := s.programmes(d)
	s.row = [18]string{strconv.FormatInt(s.lines, 10), kind, d.String(), t.ID.String(), original,
		time.UnixMilli(t.At).In(s.zone).Format("2006-01-02T15:04:05.000Z07:00"), leg.Agreement.String(), leg.Hash.String(),
		from.code, points(leg.From, from.scale), to.code, points(leg.To, to.scale),
		points(leg.EPT, 0), points(leg.Fee, 0), yuan(leg.Value), plainText(t.Reference),
		strconv.FormatUint(e.Locator.Batch, 10), strconv.FormatUint(uint64(e.Locator.Index), 10)}
	return s.csv.Write(s.row[:])
}

// adjust writes a correction that both companies agreed to.
func (s *statement) adjust(e ledger.Entry) error {
	t := &e.Transfer
	s.lines++
	s.row = [18]string{strconv.FormatInt(s.lines, 10), "adjustment", "", t.ID.String(), t.Related.String(),
		time.UnixMilli(t.At).In(s.zone).Format("2006-01-02T15:04:05.000Z07:00"), "", "", "", "", "", "", "", "", yuan(t.Amount), "",
		strconv.FormatUint(e.Locator.Batch, 10), strconv.FormatUint(uint64(e.Locator.Index), 10)}
	return s.csv.Write(s.row[:])
}

type programme struct {
	code  string
	scale uint8
}

func (s *statement) programmes(d ledger.Direction) (from, to programme) {
	theirs, ours := programme{s.partner.Programme, s.partner.Scale}, programme{s.hub, 0}
	if d == ledger.In {
		return theirs, ours
	}
	return ours, theirs
}

// finish writes the totals, puts the file on disk and gives it its name.
func (s *statement) finish(p *ledger.Position) error {
	for _, f := range []struct {
		kind      string
		direction ledger.Direction
		flow      *ledger.Flow
	}{
		{"total conversion", ledger.In, &p.In}, {"total reversal", ledger.In, &p.ReversedIn},
		{"total conversion", ledger.Out, &p.Out}, {"total reversal", ledger.Out, &p.ReversedOut},
	} {
		if err := s.total(f.kind, f.direction, f.flow); err != nil {
			return err
		}
	}
	if p.Adjusted.Count > 0 {
		adjusted := make([]string, len(columns))
		adjusted[0], adjusted[1], adjusted[14] = strconv.FormatInt(p.Adjusted.Count, 10), "total adjustment", yuan(p.Adjusted.Value)
		if err := s.csv.Write(adjusted); err != nil {
			return err
		}
	}
	net := make([]string, len(columns))
	net[0], net[1], net[14] = strconv.FormatInt(s.lines, 10), "net owed by partner", yuan(p.Net())
	if err := s.csv.Write(net); err != nil {
		return err
	}
	return s.store()
}

func (s *statement) total(kind string, d ledger.Direction, f *ledger.Flow) error {
	from, to := s.programmes(d)
	return s.csv.Write([]string{strconv.FormatInt(f.Count, 10), kind, d.String(), "", "", "", "", "",
		from.code, points(f.From, from.scale), to.code, points(f.To, to.scale),
		points(f.EPT, 0), points(f.Fee, 0), yuan(f.Value), "", "", ""})
}

func (s *statement) store() error {
	s.csv.Flush()
	if err := s.csv.Error(); err != nil {
		return err
	}
	if err := s.buf.Flush(); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	if err := s.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(s.file.Name(), s.path); err != nil {
		return err
	}
	s.file = nil
	return syncFolder(filepath.Dir(s.path))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (s *statement) digest() (h ledger.Hash) {
	s.sum.Sum(h[:0])
	return h
}

// discard removes the unfinished file; after finish it does nothing.
func (s *statement) discard() {
	if s.file == nil {
		return
	}
	// Nothing depends on these: the file has no name that anybody looks for.
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
	s.file = nil
}

// points formats an amount in smallest units as whole points.
func points(n int64, scale uint8) string {
	return decimal.New(n, -int32(scale)).StringFixed(int32(scale))
}

// yuan formats millionths of a yuan.
func yuan(n int64) string { return decimal.New(n, -6).StringFixed(6) }

// plainText keeps a spreadsheet from taking a partner's text for a formula.
func plainText(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// OpenStatement opens the statement of a settlement below a statements' folder.
// It returns [ErrNotFound] while there is none.
func OpenStatement(dir string, s *Settlement) (io.ReadCloser, error) {
	if s.File == "" {
		return nil, ErrNotFound
	}
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(s.File)))
	if os.IsNotExist(err) {
		return nil, fmt.Errorf("%w: the file of statement %s is gone", ErrNotFound, s.ID)
	}
	return f, err
}
