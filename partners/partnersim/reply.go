package partnersim

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

// reply is an answer before it is sent, so that a fault can spoil it.
type reply struct {
	status     int
	media      string
	retryAfter int // seconds, 0 for none
	body       []byte
}

func (p *reply) write(w http.ResponseWriter) error {
	header := w.Header()
	header["Content-Type"] = []string{p.media}
	header["Content-Length"] = []string{strconv.Itoa(len(p.body))}
	if p.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	w.WriteHeader(p.status)
	_, err := w.Write(p.body)
	return err
}

// answered wraps what an Encode function of the connector returned.
func answered(body []byte, err error) *reply {
	if err != nil {
		return problem(connector.InternalError, "")
	}
	return &reply{status: http.StatusOK, media: connector.MediaJSON, body: body}
}

func problem(code connector.ProblemCode, detail string) *reply {
	return problemReply(connector.NewProblem(code, detail))
}

func problemReply(p connector.Problem) *reply {
	body, err := json.Marshal(p)
	if err != nil { // a struct of strings and a number
		body = []byte(`{"title":"Internal Server Error","status":500,"code":"internal_error"}`)
		p.Status = http.StatusInternalServerError
	}
	return &reply{status: p.Status, media: connector.MediaProblem, body: body}
}

// busyAfter is the Retry-After of a host that cannot answer now, in seconds.
const busyAfter = 2

// unavailable promises that nothing was done.
func unavailable(detail string) *reply {
	p := problem(connector.Unavailable, detail)
	p.retryAfter = busyAfter
	return p
}

// failed makes a problem document of an error. What it does not know is the
// host's own fault: the caller must take the outcome for unknown.
func (h *Host) failed(err error) *reply {
	var field *connector.FieldError
	var refused *signature.Error
	switch {
	case errors.As(err, &field):
		p := connector.NewProblem(connector.InvalidRequest, field.Detail)
		p.Field = field.Field
		return problemReply(p)
	case errors.As(err, &refused):
		p := connector.NewProblem(connector.SignatureInvalid, refused.Detail)
		p.Reason = refused.Reason
		return problemReply(p)
	case errors.Is(err, errTransferConflict):
		return problem(connector.TransferConflict, err.Error())
	case errors.Is(err, errReversalConflict):
		return problem(connector.ReversalConflict, err.Error())
	case errors.Is(err, errProgramme):
		p := connector.NewProblem(connector.ProgrammeUnknown, "this host runs "+h.o.Programme)
		p.Field = "programme"
		return problemReply(p)
	}
	h.o.Logger.Error("call failed", "error", err)
	return problem(connector.InternalError, "")
}
