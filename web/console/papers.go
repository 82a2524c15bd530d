package console

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/papers"
)

// downloadCSV sends the statement as it was written that night, the file that the
// digest is of.
func (c *Console) downloadCSV(v *visit) error {
	s, file, err := c.statement(v)
	if err != nil {
		return err
	}
	defer file.Close()
	v.file(s.ID+".csv", "text/csv; charset=utf-8")
	v.w.Header().Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(s.Digest[:])+":")
	return c.stream(v, file)
}

func (c *Console) statement(v *visit) (*settlement.Settlement, io.ReadCloser, error) {
	s, err := c.settlement(v)
	if err != nil {
		return nil, nil, err
	}
	file, err := c.o.Statement(s)
	return s, file, err
}

// Sending of a file: each portion must be taken within the pause.
const (
	streamPortion = 256 << 10
	streamPause   = 30 * time.Second
)

// stream sends a file to its end, and cuts the answer off when it cannot, so that
// the receiver does not take a part for the whole.
func (c *Console) stream(v *visit, file io.Reader) error {
	control := http.NewResponseController(v.w)
	v.w.WriteHeader(http.StatusOK)
	var err error
	for err == nil {
		// Where the deadline cannot be set, as in some tests, there is none to extend.
		_ = control.SetWriteDeadline(c.o.Machine().Add(streamPause))
		_, err = io.CopyN(v.w, file, streamPortion)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	c.cutOff(v, err)
	return nil
}

// unhurried lets a large body come for as long as each portion of it comes in
// time. Nothing of it is read before the guard has let the user in.
func (c *Console) unhurried(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = &paced{r.Body, http.NewResponseController(w), c.o.Machine}
		next.ServeHTTP(w, r)
	})
}

type paced struct {
	io.ReadCloser
	control *http.ResponseController
	now     func() time.Time
}

// Read implements [io.Reader].
func (p *paced) Read(b []byte) (int, error) {
	until := p.now().Add(streamPause)
	// Where deadlines cannot be set, as in some tests, there are none to extend.
	_ = errors.Join(p.control.SetReadDeadline(until), p.control.SetWriteDeadline(until.Add(streamPause)))
	return p.ReadCloser.Read(b)
}

// cutOff ends an answer that has begun and cannot be finished.
func (c *Console) cutOff(v *visit, err error) {
	c.o.Logger.ErrorContext(v.r.Context(), "answer cut off", "path", Area, "error", err)
	panic(http.ErrAbortHandler)
}

// downloadXLSX sends the statement as a spreadsheet.
func (c *Console) downloadXLSX(v *visit) error {
	s, err := c.settlement(v)
	if err != nil {
		return err
	}
	file, digest, err := c.o.Papers.Sheet(v.r.Context(), s)
	if errors.Is(err, papers.ErrNotNetted) {
		return errNotFound
	}
	if err != nil {
		return err
	}
	defer file.Close()
	v.file(s.ID+".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	v.w.Header().Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(digest[:])+":")
	return c.stream(v, file)
}

// downloadJournal sends the entries for the general ledger.
func (c *Console) downloadJournal(v *visit) error {
	s, err := c.settlement(v)
	if err != nil {
		return err
	}
	b, err := c.o.Papers.Journal(v.r.Context(), s)
	if errors.Is(err, papers.ErrNotNetted) {
		return errNotFound
	}
	if err != nil {
		return err
	}
	v.file("journal-"+s.ID+".csv", "text/csv; charset=utf-8")
	_, _ = v.w.Write(b) // an error is that of the connection
	return nil
}

// showPrint is the statement for paper, the same page that the API has, with the
// names of people that the reader may know.
func (c *Console) showPrint(v *visit) error {
	s, err := c.settlement(v)
	if err != nil {
		return err
	}
	alliance, err := c.o.Ledger.Alliance(v.r.Context())
	if err != nil {
		return err
	}
	if err := c.learnNames(v); err != nil {
		return err
	}
	b, err := c.o.Papers.Page(v.r.Context(), s, func(by ledger.Identity) string {
		name, err := c.signatory(v, by, alliance.MSP)
		if err != nil {
			return by.Subject
		}
		return name
	})
	if errors.Is(err, papers.ErrNotNetted) {
		return errNotFound
	}
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+papers.StyleHash()+"; frame-ancestors 'none'")
	_, _ = v.w.Write(b) // an error is that of the connection
	return nil
}
