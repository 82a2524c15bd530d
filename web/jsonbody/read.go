package jsonbody

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"github.com/pointgrid/pointgrid/web/problem"
)

// BytesMax bounds the size of a body.
const BytesMax = 64 << 10

// Read is [ReadMost] with [BytesMax].
func Read(w http.ResponseWriter, r *http.Request, mediaType string) ([]byte, *problem.Problem) {
	return ReadMost(w, r, mediaType, BytesMax)
}

// ReadMost returns the body of a request of a media type, or the problem to
// answer with: 415 for another type or an encoded body, 413 for more than max
// bytes, 408 when it did not arrive in time.
func ReadMost(w http.ResponseWriter, r *http.Request, mediaType string, max int64) ([]byte, *problem.Problem) {
	if p := CheckType(r.Header, mediaType); p != nil {
		return nil, p
	}
	if r.ContentLength > max {
		w.Header().Set("Connection", "close") // the rest of the body is not read
		return nil, tooLarge(max)
	}
	if r.ContentLength >= 0 {
		data := make([]byte, r.ContentLength)
		_, err := io.ReadFull(r.Body, data)
		return data, unreadable(err)
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, max))
	return data, unreadable(err)
}

// CheckType returns the problem to answer with when a request's body is of
// another media type, or encoded.
func CheckType(h http.Header, want string) *problem.Problem {
	if encoding := h.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return problem.New(http.StatusUnsupportedMediaType, "unsupported_media_type", "send the body without a content encoding")
	}
	got := h.Get("Content-Type")
	if got == want {
		return nil
	}
	media, parameters, err := mime.ParseMediaType(got)
	charset := parameters["charset"]
	if err != nil || media != want || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return problem.New(http.StatusUnsupportedMediaType, "unsupported_media_type", fmt.Sprintf("send Content-Type: %s", want))
	}
	return nil
}

func tooLarge(max int64) *problem.Problem {
	return problem.New(http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("a body has at most %d bytes", max))
}

func unreadable(err error) *problem.Problem {
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return tooLarge(large.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return problem.New(http.StatusRequestTimeout, "body_timeout", "the body did not arrive in time; nothing was done")
	}
	return problem.Invalid(problem.At("", "body_incomplete", "the body ended before it was complete"))
}
