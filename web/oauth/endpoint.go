package oauth

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/jsonbody"
	"github.com/pointgrid/pointgrid/web/origin"
)

// TokenPath is the path of the token endpoint below the issuer.
const TokenPath = "/oauth2/token"

const (
	formType      = "application/x-www-form-urlencoded"
	grantType     = "client_credentials"
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// Endpoint is the token endpoint.
type Endpoint struct {
	tokens     *Tokens
	assertions *assertions
	logger     *slog.Logger
	// Origin finds where requests come from; nil believes the connection only. Set
	// it before use.
	Origin *origin.Finder
	// Note, if set, is told of each answer: who asked, or seemed to, and the status
	// and error code of the answer. Set it before use.
	Note func(r *http.Request, by Caller, status int, code string)
}

// NewEndpoint returns the token endpoint for these tokens. Assertions are for
// the endpoint's URL or the issuer.
func NewEndpoint(t *Tokens, used partners.AssertionStore, logger *slog.Logger) *Endpoint {
	return &Endpoint{tokens: t, logger: logger, assertions: newAssertions(&t.o, used)}
}

// failure is an error answer of RFC 6749, section 5.2.
type failure struct {
	status      int
	code        string
	description string
}

// Error implements error.
func (f *failure) Error() string { return f.code + ": " + f.description }

func badRequest(code, description string) error {
	return &failure{http.StatusBadRequest, code, description}
}

// ServeHTTP implements [http.Handler].
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, p := jsonbody.Read(w, r, formType)
	if p != nil {
		p.Write(w)
		return
	}
	var by Caller
	answer, err := e.grant(r, string(body), &by)
	if err != nil {
		e.refuse(w, r, by, err)
		return
	}
	e.note(r, by, http.StatusOK, "")
	send(w, http.StatusOK, answer)
}

func (e *Endpoint) note(r *http.Request, by Caller, status int, code string) {
	if e.Note != nil {
		e.Note(r, by, status, code)
	}
}

// granted is the answer of RFC 6749, section 5.1.
type granted struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

// grant also says who asked, as far as that is known.
func (e *Endpoint) grant(r *http.Request, body string, by *Caller) (*granted, error) {
	form, err := parseForm(body)
	if err != nil {
		return nil, err
	}
	client, key, err := e.assertions.verify(r.Context(), form["client_assertion"])
	if client != nil {
		by.Client, by.Partner = client.ID, client.Partner
	}
	if key != nil {
		by.Key = key.ID
	}
	if err != nil {
		return nil, err
	}
	certificate := e.Origin.Certificate(r)
	bound := client.BoundTokens || e.tokens.o.FAPI
	if err := checkPlace(client, bound, e.Origin.Address(r), certificate); err != nil {
		return nil, err
	}
	if id := form["client_id"]; id != "" && id != client.ID {
		return nil, refused("client_id is not that of the assertion")
	}
	scopes, err := chooseScopes(client, form["scope"])
	if err != nil {
		return nil, err
	}
	if !bound {
		certificate = origin.Certificate{}
	}
	token, id, life, err := e.tokens.Issue(Grant{Client: client.ID, Key: key.ID, Scopes: scopes, Certificate: certificate})
	if err != nil {
		return nil, err
	}
	by.TokenID = id
	return &granted{AccessToken: token, TokenType: "Bearer", ExpiresIn: int64(life.Seconds()), Scope: scopes.String()}, nil
}

// checkPlace refuses a client where its tokens would not be good either.
func checkPlace(c *partners.Client, bound bool, from netip.Addr, shown origin.Certificate) error {
	switch {
	case !c.Allows(from):
		return refused("the client may not call from this address")
	case bound && shown == (origin.Certificate{}):
		return refused("the client uses tokens bound to its certificate only; show it in the TLS handshake")
	}
	return nil
}

// parseForm checks all but the assertion itself, so that a request that is
// wrong in form uses none up.
func parseForm(body string) (map[string]string, error) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, badRequest("invalid_request", "the body is not a form")
	}
	form := map[string]string{}
	for _, name := range []string{"grant_type", "client_assertion_type", "client_assertion", "client_id", "scope"} {
		if len(values[name]) > 1 {
			return nil, badRequest("invalid_request", name+" is there twice")
		}
		form[name] = values.Get(name)
		delete(values, name)
	}
	if values.Has("client_secret") {
		return nil, badRequest("invalid_request", "there are no client secrets; sign a client_assertion")
	}
	switch {
	case form["grant_type"] == "":
		return nil, badRequest("invalid_request", "grant_type is missing; want "+grantType)
	case form["grant_type"] != grantType:
		return nil, badRequest("unsupported_grant_type", "grant_type must be "+grantType)
	case form["client_assertion_type"] != assertionType:
		return nil, badRequest("invalid_request", "client_assertion_type must be "+assertionType)
	case form["client_assertion"] == "":
		return nil, badRequest("invalid_request", "client_assertion is missing")
	}
	return form, nil
}

func chooseScopes(client *partners.Client, asked string) (Scopes, error) {
	registered := Only(client.Scopes...)
	wanted, unknown := parseScopes(asked)
	switch {
	case unknown != "":
		return 0, badRequest("invalid_scope", "there is a scope among them that does not exist; there are "+Only(known...).String())
	case wanted == 0:
		return registered, nil
	case wanted&^registered != 0:
		return 0, badRequest("invalid_scope", "the client was not registered with "+(wanted&^registered).String())
	}
	return wanted, nil
}

func (e *Endpoint) refuse(w http.ResponseWriter, r *http.Request, by Caller, err error) {
	var f *failure
	var bad refusal
	switch {
	case errors.As(err, &f):
	case errors.As(err, &bad):
		f = &failure{http.StatusUnauthorized, "invalid_client", bad.Error()}
		w.Header().Set("WWW-Authenticate", realm) // RFC 9110, section 15.5.2
	default:
		e.logger.ErrorContext(r.Context(), "token not given", "error", err)
		f = &failure{http.StatusInternalServerError, "server_error", "try again with a new assertion"}
	}
	e.note(r, by, f.status, f.code)
	send(w, f.status, map[string]string{"error": f.code, "error_description": f.description})
}

func send(w http.ResponseWriter, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		panic("oauth: " + err.Error()) // strings and integers only
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
