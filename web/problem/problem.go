package problem

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ContentType is that of every problem.
const ContentType = "application/problem+json"

const typePrefix = "https://pointgrid.example/problems/"

// Problem is an error as it is sent.
type Problem struct {
	Type   string  `json:"type"`
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Code   string  `json:"code"`
	Detail string  `json:"detail,omitempty"` // what was wrong and what would be right; no personal data
	Errors []Field `json:"errors,omitempty"`
	// ConversionID and ReversalID lead to what was made and failed.
	ConversionID string `json:"conversion_id,omitempty"`
	ReversalID   string `json:"reversal_id,omitempty"`
	// OrderID leads to an order that was cancelled.
	OrderID string `json:"order_id,omitempty"`
	// Offers are the prices that count, where another one was asked for.
	Offers []Offer `json:"offers,omitempty"`

	// RetryAfter, if positive, goes into the header of that name, in whole seconds
	// rounded up.
	RetryAfter time.Duration `json:"-"`
}

// Offer is a price in electricity points and cash, as digits.
type Offer struct {
	Fen        string `json:"fen"`
	ListPoints string `json:"list_points"`
	Points     string `json:"points"`
}

// Field is one thing that is wrong with a request: at a JSON Pointer into the
// body, or in a parameter or a header.
type Field struct {
	Pointer   *string `json:"pointer,omitempty"`
	Parameter string  `json:"parameter,omitempty"`
	Header    string  `json:"header,omitempty"`
	Code      string  `json:"code"`
	Detail    string  `json:"detail"`
}

// At names a place in the body.
func At(pointer, code, detail string) Field {
	return Field{Pointer: &pointer, Code: code, Detail: detail}
}

// Parameter names a query parameter.
func Parameter(name, code, detail string) Field {
	return Field{Parameter: name, Code: code, Detail: detail}
}

// New returns a problem; its type and title follow from the code.
func New(status int, code, detail string) *Problem {
	return &Problem{Type: typePrefix + code, Title: title(code), Status: status, Code: code, Detail: detail}
}

// CodeInvalidRequest is the code of [Invalid].
const CodeInvalidRequest = "invalid_request"

// Invalid is the problem that lists all that is wrong with a request.
func Invalid(errors ...Field) *Problem {
	detail := "1 thing is wrong with the request"
	if len(errors) != 1 {
		detail = strconv.Itoa(len(errors)) + " things are wrong with the request"
	}
	p := New(http.StatusBadRequest, CodeInvalidRequest, detail)
	p.Errors = errors
	return p
}

func title(code string) string {
	if code == "" {
		return ""
	}
	return strings.ToUpper(code[:1]) + strings.ReplaceAll(code[1:], "_", " ")
}

// Error implements error, so that a problem can travel to the edge.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// Bytes returns the body as it is sent.
func (p *Problem) Bytes() []byte {
	b, err := json.Marshal(p)
	if err != nil {
		// Strings and numbers only; if this can fail, nothing can be sent.
		panic("problem: " + err.Error())
	}
	return b
}

// Write sends the problem. An error of the connection is the connection's.
func (p *Problem) Write(w http.ResponseWriter) {
	h := w.Header()
	h["Content-Type"] = []string{ContentType}
	h["Cache-Control"] = []string{"no-store"}
	if p.RetryAfter > 0 {
		h["Retry-After"] = []string{strconv.FormatInt(int64((p.RetryAfter+time.Second-1)/time.Second), 10)}
	}
	body := p.Bytes()
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}
