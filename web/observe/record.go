package observe

import (
	"context"
	"encoding/hex"
	"strings"
)

// Record is what is known about a request while it is worked on. It belongs to
// the goroutine that serves the request.
type Record struct {
	RequestID string
	// TraceParent names the trace and our span in it, as it is to be sent on.
	TraceParent string
	// Client is who asked, once that is known.
	Client string
}

type recordKey struct{}

// FromContext returns the record of the request that the context is of, or nil.
func FromContext(ctx context.Context) *Record {
	r, _ := ctx.Value(recordKey{}).(*Record)
	return r
}

const requestIDMax = 64

// plainID reports whether s is 1 to 64 letters, digits, -, _ and . characters.
func plainID(s string) bool {
	if s == "" || len(s) > requestIDMax {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

const (
	traceIDEnd    = 3 + 32
	spanIDEnd     = traceIDEnd + 1 + 16
	traceParentIs = spanIDEnd + 3
)

// continueTrace returns the traceparent of our own span: in the trace of the
// one that came, or, when that is missing or malformed, in a new one that
// nobody has asked to record (W3C Trace Context, sections 2.2 and 3.4).
func continueTrace(came string, random *[24]byte) string {
	var b [traceParentIs]byte
	copy(b[:], "00-")
	hex.Encode(b[3:traceIDEnd], random[8:])
	copy(b[spanIDEnd:], "-00")
	if validTrace(came) {
		copy(b[3:traceIDEnd], came[3:traceIDEnd])
		copy(b[spanIDEnd:], came[spanIDEnd:traceParentIs])
	}
	b[traceIDEnd] = '-'
	hex.Encode(b[traceIDEnd+1:spanIDEnd], random[:8])
	return string(b[:])
}

func validTrace(s string) bool {
	if len(s) < traceParentIs || len(s) > traceParentIs && (s[:2] == "00" || s[traceParentIs] != '-') {
		return false
	}
	if s[2] != '-' || s[traceIDEnd] != '-' || s[spanIDEnd] != '-' || s[:2] == "ff" {
		return false
	}
	for i := range traceParentIs {
		if i != 2 && i != traceIDEnd && i != spanIDEnd && !lowerHex(s[i]) {
			return false
		}
	}
	return strings.Trim(s[3:traceIDEnd], "0") != "" && strings.Trim(s[traceIDEnd+1:spanIDEnd], "0") != ""
}

func lowerHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }
