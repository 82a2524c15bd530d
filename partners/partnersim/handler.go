package partnersim

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

// Handler returns the Connector API and, under /sim/, the administration.
func (h *Host) Handler() http.Handler {
	mux := http.NewServeMux()
	h.route(mux, "POST", "/members/validate", h.serveValidate)
	h.route(mux, "POST", "/debits", func(c *call) *reply { return h.serveTransfer(c, connector.VerbDebit, connector.Debit) })
	h.route(mux, "POST", "/credits", func(c *call) *reply { return h.serveTransfer(c, connector.VerbCredit, connector.Credit) })
	h.route(mux, "POST", "/reversals", h.serveReversal)
	h.route(mux, "GET", "/transfers/{id}", h.serveTransferStatus)
	h.route(mux, "GET", "/reversals/{id}", h.serveReversalStatus)
	h.route(mux, "GET", "/statements/{date}", h.serveStatement)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		h.sent(problem(connector.NotFound, "there is no such route").write(w))
	})
	h.routeAdministration(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id := r.Header[requestIDKey]; len(id) == 1 && len(id[0]) <= requestIDMax {
			w.Header()[requestIDKey] = id
		}
		mux.ServeHTTP(w, r)
	})
}

// requestIDMax bounds what is repeated, in bytes.
const requestIDMax = 64

// requestIDKey is connector.RequestIDHeader as package http spells it in maps.
const requestIDKey = "Pointgrid-Request-Id"

// call is a signed request with its body, and what it is about.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	body    []byte
	subject subject
	date    time.Time // of a statement
}

// route serves a method of a path with serve, which returns what to answer, or
// nil if it has answered, and other methods of the path with a problem.
func (h *Host) route(mux *http.ServeMux, method, path string, serve func(*call) *reply) {
	mux.HandleFunc(method+" "+path, func(w http.ResponseWriter, r *http.Request) {
		h.calls.Add(1)
		defer h.calls.Done()
		c := &call{w: w, r: r}
		answer := h.admit(c)
		if answer == nil {
			answer = serve(c)
		}
		if answer != nil {
			h.sent(answer.write(w))
		}
	})
	mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", method)
		h.sent(problem(connector.MethodNotAllowed, "the method must be "+method).write(w))
	})
}

// sent takes note of an answer that did not reach the caller; it will repeat.
func (h *Host) sent(err error) {
	if err != nil {
		h.o.Logger.Debug("answer not sent", "error", err)
	}
}

// admit reads the body and checks the signature and the media type. It returns
// nil if the call may go on.
func (h *Host) admit(c *call) *reply {
	body, err := readBody(c.r)
	if errors.Is(err, errBodyTooLarge) {
		return problem(connector.BodyTooLarge, fmt.Sprintf("a body may have %d bytes", connector.BodyBytesMax))
	}
	if err != nil {
		return problem(connector.InvalidRequest, "the body could not be read to its end")
	}
	c.body = body
	var refused *signature.Error
	if _, err := h.verifier.Verify(c.r, body); errors.As(err, &refused) {
		return h.failed(err)
	} else if err != nil {
		h.o.Logger.Error("keys not available", "error", err)
		return unavailable("the gateway's keys could not be fetched")
	}
	if c.r.Method == http.MethodPost && !isJSON(c.r.Header.Get("Content-Type")) {
		return problem(connector.UnsupportedMediaType, "send "+connector.MediaJSON)
	}
	return nil
}

var errBodyTooLarge = errors.New("partnersim: body too large")

func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > connector.BodyBytesMax {
		return nil, errBodyTooLarge
	}
	if r.ContentLength >= 0 {
		body := make([]byte, r.ContentLength)
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, connector.BodyBytesMax+1))
	if err == nil && len(body) > connector.BodyBytesMax {
		err = errBodyTooLarge
	}
	return body, err
}

func isJSON(contentType string) bool {
	if contentType == connector.MediaJSON {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == connector.MediaJSON
}

func (h *Host) serveValidate(c *call) *reply {
	membership, programme, err := connector.DecodeMember(c.body)
	if err == nil && programme != h.o.Programme {
		err = errProgramme
	}
	if err != nil {
		return h.failed(err)
	}
	c.subject = subject{verb: connector.VerbValidate, membership: membership, echo: membership}
	return h.misbehave(c, func() *reply {
		status, err := h.validate(membership)
		if err != nil {
			return h.failed(err)
		}
		return answered(connector.EncodeMemberStatus(membership, status))
	})
}

func (h *Host) serveTransfer(c *call, verb connector.Verb, kind connector.Kind) *reply {
	t, err := connector.DecodeTransfer(c.body)
	if err != nil {
		return h.failed(err)
	}
	c.subject = subject{verb: verb, membership: t.Membership, transfer: t.ID, amount: t.Amount, echo: t.ID.String()}
	return h.misbehave(c, func() *reply {
		a, err := h.transfer(kind, &t, h.decided(c.subject))
		if err != nil {
			return h.failed(err)
		}
		return answered(connector.EncodeTransferAnswer(t.ID, a))
	})
}

func (h *Host) serveReversal(c *call) *reply {
	r, err := connector.DecodeReversal(c.body)
	if err != nil {
		return h.failed(err)
	}
	c.subject = h.about(connector.VerbReverse, r.TransferID, r.ID)
	return h.misbehave(c, func() *reply {
		a, err := h.reverse(&r, h.faults.forced(c.subject))
		if err != nil {
			return h.failed(err)
		}
		return answered(connector.EncodeReversalAnswer(r.ID, r.TransferID, a))
	})
}

func (h *Host) serveTransferStatus(c *call) *reply {
	id, err := connector.ParseID(c.r.PathValue("id"))
	if err != nil {
		return h.failed(&connector.FieldError{Field: "transfer_id", Detail: "must be a UUID in lower case with hyphens"})
	}
	c.subject = h.about(connector.VerbStatus, id, id)
	return h.misbehave(c, func() *reply {
		s, err := h.transferStatus(id)
		if errors.Is(err, errNeverSeen) {
			return problem(connector.TransferUnknown, "no transfer with this identifier was ever received")
		}
		if err != nil {
			return h.failed(err)
		}
		return answered(connector.EncodeTransferStatus(id, s))
	})
}

func (h *Host) serveReversalStatus(c *call) *reply {
	id, err := connector.ParseID(c.r.PathValue("id"))
	if err != nil {
		return h.failed(&connector.FieldError{Field: "reversal_id", Detail: "must be a UUID in lower case with hyphens"})
	}
	c.subject = subject{verb: connector.VerbReversalStatus, echo: id.String()}
	return h.misbehave(c, func() *reply {
		s, err := h.reversalStatus(id)
		if errors.Is(err, errNeverSeen) {
			return problem(connector.ReversalUnknown, "no reversal with this identifier was ever received")
		}
		if err != nil {
			return h.failed(err)
		}
		return answered(connector.EncodeReversalStatus(id, s))
	})
}

func (h *Host) serveStatement(c *call) *reply {
	date, err := time.Parse(time.DateOnly, c.r.PathValue("date"))
	if err != nil || date.Unix() < 0 {
		return h.failed(&connector.FieldError{Field: "date", Detail: "must be a date such as 2026-03-01, from 1970 on"})
	}
	c.subject, c.date = subject{verb: connector.VerbStatement}, date
	if h.faults.any.Load() {
		return h.misbehave(c, func() *reply { return h.bufferedStatement(date, nil) })
	}
	c.w.Header().Set("Content-Type", connector.MediaCSV)
	if err := h.writeStatement(c.w, date, nil); err != nil {
		h.o.Logger.Error("statement cut off", "error", err)
		panic(http.ErrAbortHandler) // so that nobody takes what was sent for the whole
	}
	return nil
}

// about adds the membership of a transfer to a call that does not name it; only
// faults ask for it.
func (h *Host) about(verb connector.Verb, transfer, echo connector.ID) subject {
	s := subject{verb: verb, transfer: transfer}
	if h.faults.any.Load() {
		s.echo = echo.String()
		var e entry
		if found, err := h.store.get(transferKey(transfer), e.decode); err == nil && found {
			s.membership = e.membership
		}
	}
	return s
}
