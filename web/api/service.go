package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"

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

func (a *API) metricsHandler() gin.HandlerFunc {
	return gin.WrapH(promhttp.HandlerFor(a.o.Metrics, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
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
