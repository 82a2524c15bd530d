package cluster

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"time"
)

// remoteHeader carries, between gateways, from where a forwarded request came.
const remoteHeader = "Pointgrid-Remote-Address"

// Forward returns a handler that has requests answered here when everywhere says so
// or this gateway leads, and by the leader otherwise, as they are. Unavailable
// answers when nobody leads or the leader cannot be reached.
func (m *Member) Forward(here http.Handler, everywhere func(*http.Request) bool, unavailable http.Handler) http.Handler {
	proxy := &httputil.ReverseProxy{Transport: m.forward, FlushInterval: -1, Rewrite: rewrite,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				m.o.Logger.Warn("cluster: the leader does not answer", "error", err)
				m.soon()
			}
			unavailable.ServeHTTP(w, r)
		},
		ErrorLog: slog.NewLogLogger(m.o.Logger.Handler(), slog.LevelDebug)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if everywhere(r) || m.Leads() {
			here.ServeHTTP(w, r)
			return
		}
		leader, ok := m.leaderElsewhere()
		if !ok {
			unavailable.ServeHTTP(w, r)
			return
		}
		ctx := context.WithValue(r.Context(), leaderKey{}, leader)
		w, r = m.unhurried(w, r.WithContext(ctx))
		proxy.ServeHTTP(w, r)
	})
}

type leaderKey struct{}

func (m *Member) leaderElsewhere() (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, _, ok := m.view.Holder(Lead)
	return g.Address, ok && g.Slot != m.slot
}

// rewrite sends a request to the leader as it is.
func rewrite(r *httputil.ProxyRequest) {
	leader, _ := r.In.Context().Value(leaderKey{}).(string)
	r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "https", leader, r.In.Host
	// Rewriting takes these away; whom to believe them of is the leader's to say.
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = values
		}
	}
	r.Out.Header.Set(remoteHeader, r.In.RemoteAddr)
}

// serveForwarded answers what another gateway forwards, as if it had come here. It
// forwards nothing any further, so that no request can go round in circles.
func (m *Member) serveForwarded(w http.ResponseWriter, r *http.Request) {
	h := m.leader.Load()
	if h == nil {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "this gateway does not lead", http.StatusServiceUnavailable)
		return
	}
	if from := r.Header.Get(remoteHeader); from != "" {
		r.RemoteAddr = from
	}
	r.Header.Del(remoteHeader)
	r.TLS = nil // between gateways; how the caller came does not show here
	(*h).ServeHTTP(w, r)
}

// portionPatience is how long a body that is forwarded may stop coming or going.
const portionPatience = 40 * time.Second

// unhurried gives large bodies the time they need, as long as they go on.
func (m *Member) unhurried(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
	control := http.NewResponseController(w)
	extend := func() {
		now := m.o.Now()
		_ = control.SetReadDeadline(now.Add(portionPatience)) // where there are none, none need be moved
		_ = control.SetWriteDeadline(now.Add(2 * portionPatience))
	}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &portionsIn{ReadCloser: r.Body, before: extend}
	}
	return &portionsOut{ResponseWriter: w, before: extend}, r
}

type portionsIn struct {
	io.ReadCloser
	before func()
}

func (p *portionsIn) Read(b []byte) (int, error) {
	p.before()
	return p.ReadCloser.Read(b)
}

type portionsOut struct {
	http.ResponseWriter
	before func()
}

func (p *portionsOut) Write(b []byte) (int, error) {
	p.before()
	return p.ResponseWriter.Write(b)
}

// Unwrap lets what is forwarded flush and extend deadlines.
func (p *portionsOut) Unwrap() http.ResponseWriter { return p.ResponseWriter }
