package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/schemathesis"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

// A host answers as the document says, whether the gateway asks or a stranger.
func TestNoRequestGetsAnAnswerThatIsNotDocumented(t *testing.T) {
	schemathesis.Need(t)
	key, file := keyPair(t)
	c := startChild(t, "--dir", t.TempDir(), "--programme", "SKY", "--members", "20", "--balance", "1000000", "--key-file", file)
	brief := []string{"--phases", "coverage,fuzzing,stateful"}
	t.Run("signed", func(t *testing.T) {
		schemathesis.Run(t, schemathesis.Target{Document: "connector.yaml", URL: signing(t, c.url, key), Brief: brief, Always: []string{"--exclude-checks", "missing_required_header"}})
	})
	t.Run("not signed", func(t *testing.T) {
		schemathesis.Run(t, schemathesis.Target{Document: "connector.yaml", URL: c.url, Brief: []string{"--phases", "coverage"},
			Always: []string{"--exclude-checks", "response_headers_conformance"}}) // without a request's ID an answer has none to repeat
	})
}

// signing is an address at which every request is signed as the gateway does, and
// passed on.
func signing(t *testing.T, to string, key ed25519.PrivateKey) string {
	t.Helper()
	signer, err := signature.NewSigner(signature.Thumbprint(key.Public().(ed25519.PublicKey)), key, time.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		if err := sign(signer, r.Out); err != nil {
			t.Error(err)
		}
	}}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

// requestID is what the gateway gives each request, and an answer repeats.
var requestID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

func sign(signer *signature.Signer, r *http.Request) error {
	if !requestID.MatchString(r.Header.Get(connector.RequestIDHeader)) {
		r.Header.Set(connector.RequestIDHeader, "attack")
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return err
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	if r.Method == http.MethodPost && body == nil {
		body = []byte{}
	}
	return signer.Sign(r, body)
}
