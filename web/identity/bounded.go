package identity

import (
	"fmt"
	"io"
	"net/http"
)

// answerMax is how much of an answer of the provider is read, in bytes.
const answerMax = 1 << 20

// bounded ends an answer that is too long with an error.
type bounded struct{ http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{resp.Body, answerMax}
	return resp, nil
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, fmt.Errorf("identity: an answer of more than %d bytes", answerMax)
	}
	return n, err
}
