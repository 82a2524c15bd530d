package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/web/docs"
	"github.com/pointgrid/pointgrid/web/idempotency"
	"github.com/pointgrid/pointgrid/web/oauth"
	"github.com/pointgrid/pointgrid/web/observe"
	"github.com/pointgrid/pointgrid/web/origin"
	webpage "github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/problem"
)

// Options are the parts of an [API]. Without a default a field is required.
type Options struct {
	Exchange    Exchange
	Files       Files
	Rewards     Rewards
	Bonuses     Bonuses
	Quotes      Quotes
	Settlements Settlements
	Statements  Statements
	Signing     Signing
	Payments    Payments
	Papers      Papers
	Received    Received
	Breaks      Breaks
	Reconciler  Reconciler
	// MSP returns a partner's identity on the ledger, under which its programs act.
	MSP        func(partner string) (string, bool)
	Webhooks   Webhooks
	Privacy    Privacy                                                // nil answers 503
	Mall       Mall                                                   // nil answers 503
	Insight    Insight                                                // nil answers 503
	Support    Support                                                // nil answers 503
	Held       Held                                                   // needed with Support
	SettleDue  func(context.Context) ([]settlement.Settlement, error) // see settlement.Night
	Answers    idempotency.Store
	Registry   Credentials
	Assertions partners.AssertionStore
	Access     AccessLog
	Signed     exchange.SignedRequests

	// Origin finds where requests come from; nil believes the connection only.
	Origin *origin.Finder
	Limits Limits

	// Issuer is the public base URL, without a slash at the end: tokens name it,
	// and clients reach the token endpoint below it.
	Issuer string
	// Keys sign, the first of them, and verify. PreviousKeys only verify.
	Keys         []partners.SigningKey
	PreviousKeys []partners.Key
	TokenLife    time.Duration // default 5 min, at most 10
	FAPI         bool          // see oauth.Options

	// Pages are those for people, with their forms. They are no operations of the
	// document: they have no contract but what a reader sees.
	Pages []webpage.Route

	Clock SandboxClock                // only in a sandbox
	Ready func(context.Context) error // whether stores and ledger can do their work
	// Standing tells what this gateway does in its cluster; nil for one alone. What it
	// returns is shown to everybody.
	Standing func() Standing

	Metrics *prometheus.Registry
	// Scrapers are networks that may read metrics, besides this machine.
	Scrapers []netip.Prefix
	// Span records spans of requests; see observe.Options.
	Span     func(ctx context.Context, method, came string) (context.Context, string, func(route string, status int))
	LogEvery int              // see observe.Options; default 1
	Lease    time.Duration    // see idempotency.Once; default 2 min
	Now      func() time.Time // the real clock, also in a sandbox
	Random   io.Reader        // safe for concurrent use
	Logger   *slog.Logger
}

func (o *Options) check() error {
	switch {
	case o.Exchange == nil || o.Files == nil || o.Rewards == nil || o.Bonuses == nil || o.Quotes == nil || o.Settlements == nil || o.Statements == nil || o.SettleDue == nil:
		return errors.New("api: exchange, files, rewards, bonuses, quotes, settlements, statements and the night are required")
	case o.Signing == nil || o.Payments == nil || o.Papers == nil:
		return errors.New("api: signing, payments and papers are required")
	case o.Received == nil || o.Breaks == nil || o.Reconciler == nil || o.MSP == nil:
		return errors.New("api: received statements, breaks, reconciler and the companies' identities are required")
	case o.Answers == nil || o.Registry == nil || o.Assertions == nil || o.Webhooks == nil || o.Access == nil || o.Signed == nil:
		return errors.New("api: answers, registry, assertions, webhooks, access log and signed requests are required")
	case o.Ready == nil || o.Metrics == nil || o.Now == nil || o.Random == nil || o.Logger == nil:
		return errors.New("api: readiness, metrics, clock, randomness and logger are required")
	}
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || strings.HasSuffix(o.Issuer, "/") {
		return fmt.Errorf("api: issuer %q must be an http or https URL without a slash at the end", o.Issuer)
	}
	return checkPages(o.Pages)
}

// API serves the document's routes. It may be used by many goroutines.
type API struct {
	o      Options
	tokens *oauth.Tokens
	token  *oauth.Endpoint
	keySet []byte
	once   *idempotency.Once
	limits *limiters
	site   *docs.Site
	forms  *forms
	engine *gin.Engine
}

// New returns an API, or an error that says which option is missing or wrong.
func New(o Options) (*API, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	a := &API{o: o, once: &idempotency.Once{Store: o.Answers, Now: o.Now, Lease: cmp.Or(o.Lease, 2*time.Minute), Logger: o.Logger}}
	if err := errors.Join(a.setAuthentication(), a.setDocuments()); err != nil {
		return nil, err
	}
	watch, err := observe.New(observe.Options{Logger: o.Logger, Registerer: o.Metrics, Now: o.Now, Random: o.Random, LogEvery: o.LogEvery, Span: o.Span})
	if err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode) // gin keeps it for the whole process; debug mode prints
	a.engine = gin.New()
	a.engine.HandleMethodNotAllowed = true
	a.engine.RedirectTrailingSlash = false
	a.engine.Use(watch.Watch, secure(strings.HasPrefix(o.Issuer, "https:")))
	a.engine.NoRoute(a.noRoute)
	a.engine.NoMethod(func(c *gin.Context) {
		problem.New(http.StatusMethodNotAllowed, "method_not_allowed", "the header Allow names the methods of this route").Write(c.Writer)
	})
	for _, op := range a.operations() {
		a.engine.Handle(op.method, op.path, a.serve(op))
	}
	a.addPages()
	return a, nil
}

func (a *API) setAuthentication() (err error) {
	a.tokens, err = oauth.NewTokens(oauth.Options{Issuer: a.o.Issuer, Keys: a.o.Keys, Previous: a.o.PreviousKeys,
		Registry: a.o.Registry, Life: a.o.TokenLife, FAPI: a.o.FAPI, Now: a.o.Now, Random: a.o.Random})
	if err != nil {
		return err
	}
	a.token = oauth.NewEndpoint(a.tokens, a.o.Assertions, a.o.Logger)
	a.token.Origin, a.token.Note = a.o.Origin, a.noteToken
	if a.limits, err = newLimiters(a.o.Limits, a.o.Now); err != nil {
		return err
	}
	a.keySet, err = partners.KeySet(a.tokens.PublicKeys()...)
	return err
}

func (a *API) setDocuments() (err error) {
	if a.site, err = docs.New(); err != nil {
		return err
	}
	a.forms, err = newForms()
	return err
}

// Handler returns the routes, to be served by an [NewServer] or mounted beside
// others.
func (a *API) Handler() http.Handler { return a.engine }

// secure sets what holds for every answer; handlers that know better overwrite
// it.
func secure(encrypted bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		h := c.Writer.Header()
		h["X-Content-Type-Options"] = []string{"nosniff"}
		h["Cache-Control"] = []string{"no-store"}
		h["Content-Security-Policy"] = []string{"default-src 'none'; frame-ancestors 'none'"}
		h["Referrer-Policy"] = []string{"no-referrer"}
		if encrypted {
			h["Strict-Transport-Security"] = []string{webpage.StrictTransport}
		}
	}
}
