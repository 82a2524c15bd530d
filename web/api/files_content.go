package api

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pointgrid/pointgrid/exchange/bulkfile"
	"github.com/pointgrid/pointgrid/web/jsonbody"
	"github.com/pointgrid/pointgrid/web/problem"
)

// pieceType is that of the IETF's draft of resumable uploads.
const pieceType = "application/partial-upload"

func (a *API) appendFile(r *request) (reply, error) {
	id, err := r.only("id")
	if err != nil {
		return reply{}, err
	}
	if p := jsonbody.CheckType(r.c.Request.Header, pieceType); p != nil {
		return reply{}, p
	}
	offset, err := r.offset()
	if err != nil {
		return reply{}, err
	}
	f, err := a.o.Files.Append(r.context(), r.party, id, offset, a.unhurried(r.c))
	if err != nil {
		r.c.Writer.Header().Set("Connection", "close") // the rest of the body is not read
		return reply{}, cutOff(err)
	}
	return reply{status: http.StatusNoContent}.at(f.Offset), nil
}

// cutOff is what is wrong with content that could not be read.
func cutOff(err error) error {
	switch {
	case !errors.Is(err, bulkfile.ErrContent):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problem.New(http.StatusRequestTimeout, "body_timeout", "the content came too slowly; what came is kept, ask for the offset and go on there")
	}
	return problem.Invalid(problem.At("", "body_incomplete", "the body ended before it was complete; what came is kept, ask for the offset and go on there"))
}

// piecePause is how long content may stop coming.
const piecePause = 15 * time.Second

// unhurried is a request's body, of which only each portion has to come in time.
func (a *API) unhurried(c *gin.Context) io.Reader {
	control := http.NewResponseController(c.Writer)
	return readerFunc(func(p []byte) (int, error) {
		now := a.o.Now()
		// Where deadlines cannot be set, as in some tests, there are none to extend.
		_ = errors.Join(control.SetReadDeadline(now.Add(piecePause)), control.SetWriteDeadline(now.Add(2*piecePause)))
		return c.Request.Body.Read(p)
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (a *API) getResults(r *request) (reply, error) {
	id, err := r.only("id")
	if err != nil {
		return reply{}, err
	}
	f, content, err := a.o.Files.Results(r.context(), r.party, id)
	if err != nil {
		return reply{}, err
	}
	return reply{stream: func(c *gin.Context) { a.streamResults(c, f, content) }}, nil
}

func (a *API) streamResults(c *gin.Context, f *bulkfile.File, content io.ReadCloser) {
	name, media := f.ID.String()+".ndjson", "application/x-ndjson"
	if f.Format == bulkfile.CSV {
		name, media = f.ID.String()+".csv", "text/csv; charset=utf-8"
	}
	h := c.Writer.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.FormatInt(f.ResultBytes, 10))
	a.stream(c, content, "file", f.ID.String())
}
