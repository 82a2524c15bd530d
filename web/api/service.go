package api

import (
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pointgrid/pointgrid/web/oauth"
	"github.com/pointgrid/pointgrid/web/origin"
	"github.com/pointgrid/pointgrid/web/problem"
)

func (a *API) serveKeySet(c *gin.Context) {
	c.Writer.Header().Set("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, jsonType, a.keySet)
}

func (a *API) serveHealth(c *gin.Context) { c.Data(http.StatusOK, jsonType, []byte(`{"status":"ok"}`)) }

func (a *API) serveReadiness(c *gin.Context) {
	if err := a.o.Ready(c.Request.Context()); err != nil {
		a.o.Logger.WarnContext(c.Request.Context(), "not ready", "error", err)
		p := problem.New(http.StatusServiceUnavailable, "not_ready", "a store or the ledger cannot do its work now")
		p.RetryAfter = 2 * time.Second
		p.Write(c.Writer)
		return
	}
	a.serveHealth(c)
}

// metricsHandler serves metrics to this machine and to the listed networks: they count
// what each partner does, which is no business of the others.
func (a *API) metricsHandler() gin.HandlerFunc {
	serve := gin.WrapH(promhttp.HandlerFor(a.o.Metrics, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	return func(c *gin.Context) {
		if !a.mayScrape(c.Request) {
			problem.New(http.StatusForbidden, oauth.CodeAddress, "metrics are read from this machine and from metrics.networks").Write(c.Writer)
			return
		}
		serve(c)
	}
}

// mayScrape reports whether a request may read metrics. What a proxy forwards that we
// were not told of could come from anywhere.
func (a *API) mayScrape(r *http.Request) bool {
	var connection *origin.Finder
	from := a.o.Origin.Address(r)
	if from == connection.Address(r) && (r.Header["X-Forwarded-For"] != nil || r.Header["Forwarded"] != nil) {
		return false
	}
	return from.IsLoopback() || slices.ContainsFunc(a.o.Scrapers, func(p netip.Prefix) bool { return p.Contains(from) })
}

func (a *API) serveDocsFile(c *gin.Context) {
	if !a.site.File(c.Writer, c.Request, c.Param("file")) {
		notFound("the page has no such file").Write(c.Writer)
	}
}

func (a *API) serveDocument(c *gin.Context) {
	if !a.site.Document(c.Writer, c.Request, c.Param("document")) {
		notFound("there are exchange.yaml and connector.yaml").Write(c.Writer)
	}
}
