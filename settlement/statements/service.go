package statements

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/calendar"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
)

// Ledger is what is asked of the ledger: which windows a partner settles, and how
// far that has come.
type Ledger interface {
	Settlement(ctx context.Context, partner string, window ledger.Date) (ledger.Settlement, error)
	Due(ctx context.Context, partner string) (ledger.SettlementDue, error)
}

// Options are the parts of a [Service]. All are needed but the limits.
type Options struct {
	Store  Store
	Ledger Ledger
	// Layout says how a partner writes its statements, and whether there is such a
	// partner.
	Layout   func(partner string) (statementfile.Layout, bool)
	Calendar calendar.CutOff
	// Dir is the folder in which files are kept.
	Dir    *os.Root
	Limits statementfile.Limits
	Now    func() time.Time // the alliance's clock
	Random io.Reader        // safe for concurrent use
	Logger *slog.Logger
	// Received, if not nil, is told of each statement that becomes the current one.
	Received func(*Statement)
}

// Service takes statements in. It may be used by many goroutines.
type Service struct {
	o    Options
	room chan struct{}
	mu   sync.Mutex
	busy map[string]bool // partners of whom a file is being received
}

const (
	bytesMax   = 512 << 20 // of a file, unless the limits say otherwise
	receiving  = 4         // files that are received at once
	unfinished = ".part"
)

// New returns a service, after removing what an interrupted one left unfinished.
func New(o Options) (*Service, error) {
	if o.Limits.Bytes <= 0 {
		o.Limits.Bytes = bytesMax
	}
	all, err := fs.ReadDir(o.Dir.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("statements: %w", err)
	}
	for _, entry := range all {
		if strings.HasSuffix(entry.Name(), unfinished) {
			if err := o.Dir.Remove(entry.Name()); err != nil {
				return nil, fmt.Errorf("statements: %w", err)
			}
		}
	}
	return &Service{o: o, room: make(chan struct{}, receiving), busy: map[string]bool{}}, nil
}

// BytesMax is how large a file may be.
func (s *Service) BytesMax() int64 { return s.o.Limits.Bytes }

// Delivery says what a file is.
type Delivery struct {
	Partner string
	Day     ledger.Date
	Name    string // may be empty
	Source  Source
	By      string
	Size    int64 // as far as the sender says; 0 when it does not
}

// Receipt is what became of a delivery.
type Receipt struct {
	Statement *Statement // Refused says whether it counts
	Repeated  bool       // it had come before, and changed nothing
}

// Receive takes a file in. It returns a [*Refusal] for what it does not even look
// into, [ErrInUse], [ErrContent] wrapped, or the error of a store; a file that is
// read and refused is no error.
func (s *Service) Receive(ctx context.Context, d Delivery, from io.Reader) (Receipt, error) {
	layout, err := s.admit(ctx, &d)
	if err != nil {
		return Receipt{}, err
	}
	release, err := s.enter(ctx, d.Partner)
	if err != nil {
		return Receipt{}, err
	}
	defer release()
	part, err := s.receive(from)
	if err != nil {
		return Receipt{}, err
	}
	defer part.discard()
	if known, err := s.known(ctx, &d, part.digest, false); err != nil || known != nil {
		return Receipt{Statement: known, Repeated: true}, err
	}
	return s.judge(ctx, &d, layout, part)
}

// admit refuses what cannot be of use whatever the file says.
func (s *Service) admit(ctx context.Context, d *Delivery) (statementfile.Layout, error) {
	layout, known := s.o.Layout(d.Partner)
	switch {
	case !known:
		return layout, refuse(CodeUnknownPartner, "there is no partner %q", clip(d.Partner))
	case !plain(d.Name, NameMax) || !plain(d.By, ByMax) || d.By == "":
		return layout, refuse(CodeInvalid, "a file's name has at most %d bytes of UTF-8 without control characters", NameMax)
	case d.Day <= 0:
		return layout, refuse(CodeInvalid, "the business day is missing; give it as in 2026-11-21")
	case !s.o.Calendar.Due(d.Day, s.o.Now()):
		return layout, refuse(CodeDayNotEnded, "the business day %s has not ended; it ends at %s", d.Day, s.o.Calendar.Start(d.Day+1).Format(time.RFC3339))
	case d.Size > s.o.Limits.Bytes:
		return layout, s.tooLarge()
	}
	layout.Day = d.Day
	return layout, s.settles(ctx, d)
}

func (s *Service) tooLarge() error {
	return refuse(CodeTooLarge, "a statement has at most %d bytes; send one file per day, as CSV", s.o.Limits.Bytes)
}

// settles refuses a day for which the partner has no settlement, or one that is
// being signed.
func (s *Service) settles(ctx context.Context, d *Delivery) error {
	standing, err := s.o.Ledger.Settlement(ctx, d.Partner, d.Day)
	if err == nil {
		switch standing.Step {
		case ledger.SettlementNetted, ledger.SettlementReconciled, ledger.SettlementDisputed:
			return nil
		}
		return refuse(CodeSigned, "the settlement of %s is %s; what is wrong in it is corrected by an adjustment, or dispute it first", d.Day, standing.Step)
	}
	if !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	due, err := s.o.Ledger.Due(ctx, d.Partner)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return refuse(CodeUnknownPartner, "the ledger has no partner %q", d.Partner)
	case err != nil:
		return err
	case d.Day < due.Window:
		return refuse(CodeBeforeJoining, "the partner has no settlement for %s: it joined the alliance later", d.Day)
	}
	return nil
}

// enter keeps a partner's files apart, and bounds how many are received at once.
func (s *Service) enter(ctx context.Context, partner string) (release func(), err error) {
	s.mu.Lock()
	if s.busy[partner] {
		s.mu.Unlock()
		return nil, ErrInUse
	}
	s.busy[partner] = true
	s.mu.Unlock()
	leave := func() {
		s.mu.Lock()
		delete(s.busy, partner)
		s.mu.Unlock()
	}
	select {
	case s.room <- struct{}{}:
		return func() { <-s.room; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// known returns what is on record of the same file, or nil.
func (s *Service) known(ctx context.Context, d *Delivery, digest ledger.Hash, refused bool) (*Statement, error) {
	known, err := s.o.Store.StatementOf(ctx, d.Partner, d.Day, digest, refused)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return known, err
}

// judge reads the whole file, and stores what it comes to.
func (s *Service) judge(ctx context.Context, d *Delivery, layout statementfile.Layout, part *part) (Receipt, error) {
	st, err := s.describe(ctx, d, part)
	if err != nil {
		return Receipt{}, err
	}
	file, err := statementfile.Open(ctx, part.file, part.size, layout, s.o.Limits)
	var refusal *statementfile.Refusal
	switch {
	case errors.As(err, &refusal):
		return s.refuse(ctx, d, st, refusal)
	case err != nil:
		return Receipt{}, err
	}
	st.Kind, st.Totals, st.Notes = file.Kind, file.Totals, file.Notes
	if err := part.keep(st.Digest); err != nil {
		return Receipt{}, fmt.Errorf("statements: %w", err)
	}
	err = s.o.Store.SaveStatement(ctx, st)
	if errors.Is(err, ErrKnown) {
		known, err := s.known(ctx, d, st.Digest, false)
		return Receipt{Statement: known, Repeated: true}, err
	}
	if err != nil {
		return Receipt{}, err
	}
	s.o.Logger.InfoContext(ctx, "statement accepted", "partner", st.Partner, "day", st.Day.String(), "source", string(st.Source), "lines", st.Totals.Lines)
	if s.o.Received != nil {
		s.o.Received(st)
	}
	return Receipt{Statement: st}, nil
}

// describe gives the statement an ID after that of the current one, whatever the
// clock says: the last one counts.
func (s *Service) describe(ctx context.Context, d *Delivery, part *part) (*Statement, error) {
	var random [10]byte
	if _, err := io.ReadFull(s.o.Random, random[:]); err != nil {
		return nil, fmt.Errorf("statements: randomness: %w", err)
	}
	now := s.o.Now()
	named := now
	last, err := s.o.Store.CurrentStatement(ctx, d.Partner, d.Day)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if err == nil && last.ID.Milli() >= named.UnixMilli() {
		named = time.UnixMilli(last.ID.Milli() + 1)
	}
	return &Statement{ID: ledger.NewID(named, random), Partner: d.Partner, Day: d.Day, Digest: part.digest, Name: d.Name,
		Source: d.Source, By: d.By, At: now.UnixMilli(), Bytes: part.size}, nil
}

// refuse puts a refused file on record, unless there are enough of the day.
func (s *Service) refuse(ctx context.Context, d *Delivery, st *Statement, r *statementfile.Refusal) (Receipt, error) {
	st.Refused, st.Problems, st.More = true, r.Problems, int64(r.More)
	if cut := len(st.Problems) - ProblemsMax; cut > 0 {
		st.Problems, st.More = st.Problems[:ProblemsMax], st.More+int64(cut)
	}
	s.o.Logger.InfoContext(ctx, "statement refused", "partner", st.Partner, "day", st.Day.String(), "source", string(st.Source),
		"problems", int64(len(st.Problems))+st.More, "first", string(st.Problems[0].Code))
	yes := true
	before, err := s.o.Store.Statements(ctx, Filter{Partner: d.Partner, Day: d.Day, Refused: &yes}, ledger.ID{}, RefusedMax)
	if err != nil || len(before) >= RefusedMax {
		return Receipt{Statement: st}, err
	}
	err = s.o.Store.SaveStatement(ctx, st)
	if errors.Is(err, ErrKnown) {
		known, err := s.known(ctx, d, st.Digest, true)
		return Receipt{Statement: known, Repeated: true}, err
	}
	return Receipt{Statement: st}, err
}

// Statement returns one, or [ErrNotFound]. An empty partner sees all.
func (s *Service) Statement(ctx context.Context, partner string, id ledger.ID) (*Statement, error) {
	st, err := s.o.Store.Statement(ctx, id)
	if err == nil && partner != "" && st.Partner != partner {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return st, nil
}

// Statements returns a page of them; see [Store].
func (s *Service) Statements(ctx context.Context, f Filter, before ledger.ID, limit int) ([]*Statement, error) {
	return s.o.Store.Statements(ctx, f, before, limit)
}

// Current returns the one that counts for a partner and day, or [ErrNotFound].
func (s *Service) Current(ctx context.Context, partner string, day ledger.Date) (*Statement, error) {
	return s.o.Store.CurrentStatement(ctx, partner, day)
}

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Detail: fmt.Sprintf(format, args...)}
}

func plain(text string, max int) bool {
	return len(text) <= max && utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}

func clip(text string) string { return text[:min(len(text), 40)] }
