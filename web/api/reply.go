package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pointgrid/pointgrid/web/idempotency"
)

const jsonType = "application/json"

// reply is the answer to a request that was granted.
type reply struct {
	status   int
	body     any    // to be sent as JSON
	raw      []byte // JSON already; takes the place of body
	location string
	link     string // header of that name
	offset   *int64 // Upload-Offset, if any
	replayed bool
	// waited is the wait that was asked for, if there was one.
	waited *time.Duration
	// stream sends everything itself.
	stream func(c *gin.Context)
}

func ok(body any) reply { return reply{status: http.StatusOK, body: body} }

func created(location string, body any) reply {
	return reply{status: http.StatusCreated, body: body, location: location}
}

func (r *reply) bytes() []byte {
	if r.raw != nil || r.body == nil {
		return r.raw
	}
	b, err := json.Marshal(r.body)
	if err != nil {
		panic("api: " + err.Error()) // a body of ours that is no JSON is a defect
	}
	return append(b, '\n') // for people at a terminal
}

// answer is what is kept to be sent again.
func (r *reply) answer() idempotency.Answer {
	return idempotency.Answer{Status: r.status, ContentType: jsonType, Location: r.location, Body: r.bytes()}
}

func (r *reply) send(c *gin.Context) {
	if r.stream != nil {
		r.stream(c)
		return
	}
	r.setHeaders(c.Writer.Header())
	body := r.bytes()
	if body == nil {
		c.Writer.WriteHeader(r.status)
		c.Writer.WriteHeaderNow()
		return
	}
	h := c.Writer.Header()
	h["Content-Type"] = []string{jsonType}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.Writer.WriteHeader(r.status)
	_, _ = c.Writer.Write(body) // an error is that of the connection
}

func (r reply) setHeaders(h http.Header) {
	if r.location != "" {
		h["Location"] = []string{r.location}
	}
	if r.link != "" {
		h["Link"] = []string{r.link}
	}
	if r.offset != nil {
		h[uploadOffset] = []string{strconv.FormatInt(*r.offset, 10)}
	}
	if r.replayed {
		h["Idempotency-Replayed"] = []string{"true"}
	}
	if r.waited != nil {
		h["Preference-Applied"] = []string{"wait=" + strconv.Itoa(int(*r.waited/time.Second))}
	}
}
