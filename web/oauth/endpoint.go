package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/jsonbody"
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
}

// NewEndpoint returns the token endpoint for these tokens. Assertions are for
// the endpoint's URL or the issuer.
func NewEndpoint(t *Tokens, used partners.AssertionStore, logger *slog.Logger) *Endpoint {
	return &Endpoint{tokens: t, logger: logger,
		assertions: newAssertions(&t.o, used, t.o.Issuer+TokenPath, t.o.Issuer)}
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
	answer, err := e.grant(r.Context(), string(body))
	if err != nil {
		e.refuse(w, r, err)
		return
	}
	send(w, http.StatusOK, answer)
}

// granted is the answer of RFC 6749, section 5.1.
type granted struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

func (e *Endpoint) grant(ctx context.Context, body string) (*granted, error) {
	form, err := parseForm(body)
	if err != nil {
		return nil, err
	}
	client, err := e.assertions.verify(ctx, form["client_assertion"])
	if err != nil {
		return nil, err
	}
	if id := form["client_id"]; id != "" && id != client.ID {
		return nil, refused("client_id is not that of the assertion")
	}
	scopes, err := chooseScopes(client, form["scope"])
	if err != nil {
		return nil, err
	}
	token, life, err := e.tokens.Mint(client.ID, scopes)
	if err != nil {
		return nil, err
	}
	return &granted{AccessToken: token, TokenType: "Bearer", ExpiresIn: int64(life.Seconds()), Scope: scopes.String()}, nil
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

func (e *Endpoint) refuse(w http.ResponseWriter, r *http.Request, err error) {
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
