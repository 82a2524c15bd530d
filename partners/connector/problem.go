package connector

import (
	"net/http"

	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

// ProblemCode is the stable code of a problem document.
type ProblemCode string

// The problem codes of the Connector API.
const (
	InvalidRequest       ProblemCode = "invalid_request"
	SignatureInvalid     ProblemCode = "signature_invalid"
	TransferUnknown      ProblemCode = "transfer_unknown"
	ReversalUnknown      ProblemCode = "reversal_unknown"
	NotFound             ProblemCode = "not_found"
	MethodNotAllowed     ProblemCode = "method_not_allowed"
	TransferConflict     ProblemCode = "transfer_conflict"
	ReversalConflict     ProblemCode = "reversal_conflict"
	BodyTooLarge         ProblemCode = "body_too_large"
	UnsupportedMediaType ProblemCode = "unsupported_media_type"
	ProgrammeUnknown     ProblemCode = "programme_unknown"
	TooManyRequests      ProblemCode = "too_many_requests"
	InternalError        ProblemCode = "internal_error"
	Unavailable          ProblemCode = "unavailable"
)

// HTTPStatus is the status that goes with the code, 0 for an unknown code.
func (c ProblemCode) HTTPStatus() int {
	switch c {
	case InvalidRequest:
		return http.StatusBadRequest
	case SignatureInvalid:
		return http.StatusUnauthorized
	case TransferUnknown, ReversalUnknown, NotFound:
		return http.StatusNotFound
	case MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case TransferConflict, ReversalConflict:
		return http.StatusConflict
	case BodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case UnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case ProgrammeUnknown:
		return http.StatusUnprocessableEntity
	case TooManyRequests:
		return http.StatusTooManyRequests
	case InternalError:
		return http.StatusInternalServerError
	case Unavailable:
		return http.StatusServiceUnavailable
	}
	return 0
}

// The media types of the Connector API.
const (
	MediaJSON    = "application/json"
	MediaProblem = "application/problem+json"
	MediaCSV     = "text/csv"
)

// Problem is an RFC 9457 problem document.
type Problem struct {
	Type   string           `json:"type,omitempty"`
	Title  string           `json:"title"`
	Status int              `json:"status"`
	Code   ProblemCode      `json:"code"`
	Detail string           `json:"detail,omitempty"`
	Field  string           `json:"field,omitempty"`
	Reason signature.Reason `json:"reason,omitempty"`
}

// NewProblem returns the document for a code; detail says what was wrong and
// what would be right, without personal data.
func NewProblem(code ProblemCode, detail string) Problem {
	status := code.HTTPStatus()
	return Problem{
		Type:  "https://pointgrid.example/problems/" + string(code),
		Title: http.StatusText(status), Status: status, Code: code, Detail: detail,
	}
}

// readProblem reads a problem document that fits its HTTP status; ok is false
// for anything else, such as the error page of a proxy.
func readProblem(status int, contentType string, body []byte) (p Problem, ok bool) {
	if !isMedia(contentType, MediaProblem) || unmarshal(body, &p, problemFields) != nil {
		return Problem{}, false
	}
	return p, p.Status == status && p.Code.HTTPStatus() == status
}
