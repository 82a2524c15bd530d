package bench

import (
	"time"

	"github.com/valyala/fasthttp"
)

const (
	// steadfast is how long a patient caller tries one request.
	steadfast = time.Minute
	// retryPause is how long it waits before it tries the next gateway.
	retryPause = 50 * time.Millisecond
	// patientTimeout is after how long a patient caller gives up waiting for an answer:
	// a gateway that was paused gives none.
	patientTimeout = 5 * time.Second
)

func readTimeout(l *Load) time.Duration {
	if l.Patient {
		return patientTimeout
	}
	return time.Minute
}

// url is that of a caller's gateway.
func (g *generator) url(caller int) string {
	if len(g.load.URLs) == 0 {
		return g.load.URL
	}
	return g.load.URLs[caller%len(g.load.URLs)]
}

// do sends a request once; a patient caller sends it to one gateway after the other,
// with the same key, until one answers with the status.
func (g *generator) do(req *fasthttp.Request, resp *fasthttp.Response, caller, status int) error {
	for begun := g.now(); ; caller++ {
		err := g.client.Do(req, resp)
		answered := err == nil && (resp.StatusCode() == status || resp.StatusCode() == g.load.Final)
		if !g.load.Patient || answered || g.now().Sub(begun) > steadfast {
			return err
		}
		time.Sleep(retryPause)
		path := string(req.URI().Path())
		req.SetRequestURI(g.url(caller+1) + path)
	}
}

// note keeps the longest time in which nothing was finished.
func (g *generator) note(finished int64, now time.Time) {
	if finished == 0 {
		return
	}
	before := g.last.Swap(now.UnixNano())
	for gap := now.UnixNano() - before; before > 0; {
		longest := g.gap.Load()
		if gap <= longest || g.gap.CompareAndSwap(longest, gap) {
			return
		}
	}
}
