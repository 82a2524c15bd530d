package api

import (
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/oauth"
	"github.com/pointgrid/pointgrid/web/origin"
	"github.com/pointgrid/pointgrid/web/problem"
)

func (a *API) serveKeySet(c *gin.Context) {
	c.Writer.Header().Set("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, jsonType, a.keySet)
}

// metadata is of RFC 8414 and, for what is bound, of RFC 8705, section 3.3.
type metadata struct {
	Issuer        string           `json:"issuer"`
	TokenEndpoint string           `json:"token_endpoint"`
	KeySet        string           `json:"jwks_uri"`
	Grants        []string         `json:"grant_types_supported"`
	Responses     []string         `json:"response_types_supported"` // required, and none without an authorization endpoint
	Methods       []string         `json:"token_endpoint_auth_methods_supported"`
	Algorithms    []string         `json:"token_endpoint_auth_signing_alg_values_supported"`
	Bound         bool             `json:"tls_client_certificate_bound_access_tokens"`
	Scopes        []partners.Scope `json:"scopes_supported"`
}

func (a *API) serveMetadata(c *gin.Context) {
	c.Writer.Header().Set("Cache-Control", "public, max-age=300")
	c.JSON(http.StatusOK, metadata{Issuer: a.o.Issuer, TokenEndpoint: a.o.Issuer + oauth.TokenPath, KeySet: a.o.Issuer + "/.well-known/jwks.json",
		Grants: []string{"client_credentials"}, Responses: []string{}, Methods: []string{"private_key_jwt"}, Algorithms: oauth.Algorithms(a.o.FAPI),
		Bound: true, Scopes: partners.Scopes()})
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
	out := Readiness{Status: ReadinessStatusOk}
	if a.o.Standing != nil {
		out.Cluster = a.o.Standing()
	}
	c.JSON(http.StatusOK, &out)
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
