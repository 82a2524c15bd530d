package partnersim

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// misbehave does the work and returns its reply, unless a fault befalls the
// call. It returns nil if the call was answered already.
func (h *Host) misbehave(c *call, do func() *reply) *reply {
	fault := h.faults.take(c.subject, false)
	if fault == nil {
		fault = h.forcing.take(c.subject)
	}
	if fault == nil {
		return do()
	}
	switch fault.Kind {
	case FaultDown:
		cut()
	case FaultHang:
		h.pause(c.r, fault.Delay)
		cut()
	case FaultError:
		return problem(connector.InternalError, "a fault of the simulation")
	case FaultBusy:
		return unavailable("a fault of the simulation")
	case FaultDecline: // of a call that moves nothing
		if c.subject.verb == connector.VerbValidate {
			return answered(connector.EncodeMemberStatus(c.subject.membership, connector.MemberBlocked))
		}
	case FaultLoseAnswer:
		do()
		cut()
	case FaultAnswerLate:
		answer := do()
		h.pause(c.r, max(fault.Delay, time.Nanosecond))
		return answer
	case FaultAnswerTwice:
		return h.answerTwice(c, do(), fault.Delay)
	case FaultMisstate:
		return h.misstate(c, fault)
	case FaultNonsense:
		return nonsense(do(), fault.Variant, c.subject.echo)
	}
	return do()
}

// cut ends the connection without an answer.
func cut() { panic(http.ErrAbortHandler) }

// pause waits until the caller leaves, the host ends, or, if it is not zero, the
// time has passed.
func (h *Host) pause(r *http.Request, d time.Duration) {
	var passed <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		passed = timer.C
	}
	select {
	case <-passed:
	case <-r.Context().Done():
	case <-h.stopping:
	}
}

// nonsense spoils a good answer; echo is what a good one repeats of the request.
func nonsense(good *reply, variant, echo string) *reply {
	bad := *good
	switch variant {
	case VariantWrongID:
		bad.body = bytes.ReplaceAll(good.body, []byte(echo), []byte(another(echo)))
	case VariantHuge:
		bad.body = []byte(`{"filler":"` + strings.Repeat("x", 2*connector.BodyBytesMax) + `"}`)
	default:
		bad.body = []byte("<html><body>It works!</body></html>")
	}
	return &bad
}

// another is an identifier that differs in its last character.
func another(id string) string {
	if id == "" {
		return ""
	}
	last := byte('0')
	if id[len(id)-1] == last {
		last = '1'
	}
	return id[:len(id)-1] + string(last)
}

// twicePause is how long the second answer waits for the connection to be used
// again, if the fault does not say.
const twicePause = 200 * time.Millisecond

// answerTwice takes the connection over and answers, and answers once more when
// the caller sends its next request on it: that caller, if it trusts the
// connection, takes the old answer for the new one.
func (h *Host) answerTwice(c *call, answer *reply, pause time.Duration) *reply {
	conn, buffered, err := http.NewResponseController(c.w).Hijack()
	if err != nil {
		return answer // not a connection that can be taken over
	}
	defer func() { h.sent(conn.Close()) }()
	if pause == 0 {
		pause = twicePause
	}
	raw := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s: %s\r\n\r\n%s",
		answer.status, http.StatusText(answer.status), answer.media, len(answer.body),
		connector.RequestIDHeader, c.w.Header().Get(connector.RequestIDHeader), answer.body)
	if _, err := conn.Write(raw); err != nil {
		return nil
	}
	h.within(pause, conn, func() {
		_, _ = buffered.Peek(1) // a request, the end of the pause or of the connection: all the same here
	})
	if _, err := conn.Write(raw); err != nil {
		return nil
	}
	h.drain(conn, buffered)
	return nil
}

// drain reads what the caller still sends, so that closing does not reset the
// connection before the answer is read.
func (h *Host) drain(conn net.Conn, from io.Reader) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		h.sent(tcp.CloseWrite())
	}
	h.within(twicePause, conn, func() {
		_, err := io.Copy(io.Discard, from)
		h.sent(err)
	})
}

// within lets read read from a connection for a while.
func (h *Host) within(d time.Duration, conn net.Conn, read func()) {
	timer := time.AfterFunc(d, func() { h.sent(conn.SetReadDeadline(time.Unix(1, 0))) })
	defer timer.Stop()
	h.sent(conn.SetReadDeadline(time.Time{}))
	read()
}

// bufferedStatement makes a reply of a statement, for a fault to spoil.
func (h *Host) bufferedStatement(date time.Time, wrong *Fault) *reply {
	var file bytes.Buffer
	if err := h.writeStatement(&file, date, wrong); err != nil {
		return h.failed(err)
	}
	return &reply{status: http.StatusOK, media: connector.MediaCSV, body: file.Bytes()}
}
