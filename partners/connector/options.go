package connector

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// RequestSigner signs a request that is about to be sent with this body, nil if
// it has none. [signature.Signer] is one; a gateway that rotates keys wraps it.
// It must be safe for concurrent use.
type RequestSigner interface {
	Sign(r *http.Request, body []byte) error
}

// Options configure a [Client]. The zero value of a field that is not required
// means its default.
type Options struct {
	BaseURL string        // of the partner, http or https, without query; required
	Partner string        // the partner's code, for errors, logs and metrics; required
	Signer  RequestSigner // required

	// Timeout bounds one attempt of a call that may do work, StatusTimeout one
	// attempt of a question. The context of the call bounds all attempts together.
	Timeout       time.Duration // default 5 s
	StatusTimeout time.Duration // default 2 s

	// Attempts is how often one method call may ask the partner; default 3.
	// Between attempts the client waits a random time below a bound that begins at
	// BackoffFirst and doubles up to BackoffMax. A partner that asks for more
	// patience than BackoffMax is left to the caller.
	Attempts     int
	BackoffFirst time.Duration // default 50 ms
	BackoffMax   time.Duration // default 1 s

	MaxInFlight int // calls under way, default 64
	MaxQueue    int // calls waiting for one of those to end, default 1,024; negative: none
	Breaker     BreakerOptions

	StatementBytesMax int64         // default 4 GiB
	StatementStall    time.Duration // longest silence within a statement; default 30 s

	// DialContext and TLS shape the connections; Transport replaces them
	// altogether. Without them the standard dialer and trust are used.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	TLS         *tls.Config
	Transport   http.RoundTripper

	Clock   func() time.Time    // required; only durations are measured with it
	Rand    func(n int64) int64 // uniform in [0, n), safe for concurrent use; required
	Logger  *slog.Logger        // required
	Observe func(Observation)   // may be nil; must be quick and safe for concurrent use
	// ObserveBreaker is told whether the circuit breaker lets calls through: when it
	// opens and when it closes. It may be nil.
	ObserveBreaker func(partner string, open bool)
}

// BreakerOptions configure the circuit breaker. It opens after so many attempts
// in a row that ended unknown, or reached nobody, or met 503; a decline, a
// refusal and a 429 show that the partner is there.
type BreakerOptions struct {
	Failures uint32        // in a row; default 20
	OpenFor  time.Duration // then it lets Probes calls through; default 5 s
	Probes   uint32        // all of which must succeed; default 1
}

func (o Options) withDefaults() Options {
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	o.StatusTimeout = cmp.Or(o.StatusTimeout, 2*time.Second)
	o.Attempts = cmp.Or(o.Attempts, 3)
	o.BackoffFirst = cmp.Or(o.BackoffFirst, 50*time.Millisecond)
	o.BackoffMax = cmp.Or(o.BackoffMax, time.Second)
	o.MaxInFlight = cmp.Or(o.MaxInFlight, 64)
	o.MaxQueue = max(cmp.Or(o.MaxQueue, 1024), 0)
	o.Breaker.Failures = cmp.Or(o.Breaker.Failures, 20)
	o.Breaker.OpenFor = cmp.Or(o.Breaker.OpenFor, 5*time.Second)
	o.Breaker.Probes = cmp.Or(o.Breaker.Probes, 1)
	o.StatementBytesMax = min(cmp.Or(o.StatementBytesMax, 4<<30), 1<<60)
	o.StatementStall = cmp.Or(o.StatementStall, 30*time.Second)
	if o.ObserveBreaker == nil {
		o.ObserveBreaker = func(string, bool) {}
	}
	if o.Observe == nil {
		o.Observe = func(Observation) {}
	}
	return o
}

func (o *Options) validate() error {
	switch {
	case o.Partner == "":
		return errors.New("connector: partner code is required")
	case o.Signer == nil, o.Clock == nil, o.Rand == nil, o.Logger == nil:
		return errors.New("connector: signer, clock, randomness and logger are required")
	case o.Timeout < 0, o.StatusTimeout < 0, o.BackoffFirst < 0, o.BackoffMax < 0, o.StatementStall < 0:
		return errors.New("connector: durations must be positive")
	case o.Attempts < 0, o.MaxInFlight < 0, o.StatementBytesMax < 0:
		return errors.New("connector: attempts, calls in flight and statement size must be positive")
	}
	return nil
}

// parseBase reads a base URL and gives it the one spelling that the signature's
// @authority needs: lower case, no default port.
func parseBase(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("connector: base URL: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, fmt.Errorf("connector: base URL must be http or https with a host, without user, query and fragment")
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.Host = strings.ToLower(u.Host)
	if port := u.Port(); port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	return u, nil
}

// transport keeps one idle connection for each call that may be under way, so
// that a steady load opens no new ones. HTTP/1.1 on purpose: one call, one
// connection, so that a partner that writes nonsense spoils one call only.
func (o *Options) transport() http.RoundTripper {
	if o.Transport != nil {
		return o.Transport
	}
	dial := o.DialContext
	if dial == nil {
		dial = (&net.Dialer{Timeout: o.Timeout, KeepAlive: 30 * time.Second}).DialContext
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext: dial, TLSClientConfig: o.TLS, TLSHandshakeTimeout: o.Timeout,
		MaxIdleConns: o.MaxInFlight, MaxIdleConnsPerHost: o.MaxInFlight, IdleConnTimeout: 90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10, DisableCompression: true, Protocols: protocols,
	}
}
