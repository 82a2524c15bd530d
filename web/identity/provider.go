package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Options say who the provider is and how we are known there. Without a default a
// field is required.
type Options struct {
	Issuer   string // its URL, exactly as it names itself
	ClientID string
	// ClientSecret is that of a confidential client; empty is a public one, which PKCE
	// protects.
	ClientSecret string
	Redirect     string   // where its answers come to, as registered there
	Scopes       []string // besides openid; default profile
	MemberClaim  string   // that has the utility's number of the member; default sub
	NameClaim    string   // that has what to call the member; default name
	Prompt       string   // as OpenID Connect has it, such as login; may be empty
	// Algorithms with which ID tokens may be signed; default RS256, PS256 and ES256.
	Algorithms []string

	Client *http.Client // default one that waits 10 s
	// Now is the machine's clock.
	Now func() time.Time
	// RetryEvery is for how long a failure to find the provider is remembered; default
	// 3 s.
	RetryEvery time.Duration
}

// Algorithms are those that can be configured: asymmetric ones. With a shared secret
// whoever can check a token can make one.
func Algorithms() []string {
	return []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}
}

const callPatience = 10 * time.Second

// Provider is the identity provider. It may be used by many goroutines.
type Provider struct {
	o       Options
	mu      sync.Mutex
	found   *found
	failed  error
	retryAt time.Time
}

// found is what discovery says.
type found struct {
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
	// EndSession is where one signs out; empty when the provider has no such place.
	EndSession string `json:"end_session_endpoint"`
	Keys       string `json:"jwks_uri"`
	// NamesIssuer says that every answer names its issuer.
	NamesIssuer bool     `json:"authorization_response_iss_parameter_supported"`
	Methods     []string `json:"token_endpoint_auth_methods_supported"`
}

// New returns a provider that has not been looked up yet, or an error that says
// which option is missing or wrong.
func New(o Options) (*Provider, error) {
	if o.Issuer == "" || o.ClientID == "" || o.Redirect == "" || o.Now == nil {
		return nil, errors.New("identity: issuer, client, redirect and clock are required")
	}
	if o.Algorithms == nil {
		o.Algorithms = []string{oidc.RS256, oidc.PS256, oidc.ES256}
	}
	for _, a := range o.Algorithms {
		if !slices.Contains(Algorithms(), a) {
			return nil, fmt.Errorf("identity: %q is not one of the algorithms %v", a, Algorithms())
		}
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: callPatience, Transport: bounded{http.DefaultTransport}}
	}
	if o.Scopes == nil {
		o.Scopes = []string{"profile"}
	}
	if o.MemberClaim == "" {
		o.MemberClaim = "sub"
	}
	if o.NameClaim == "" {
		o.NameClaim = "name"
	}
	if o.RetryEvery == 0 {
		o.RetryEvery = 3 * time.Second
	}
	return &Provider{o: o}, nil
}

// Origin is the scheme, host and port of the issuer.
func (p *Provider) Origin() string {
	u, err := url.Parse(p.o.Issuer)
	if err != nil {
		return p.o.Issuer
	}
	return u.Scheme + "://" + u.Host
}

// discover returns what is known of the provider, and asks it while nothing is. One
// asks at a time; a failure is everybody's answer until it is tried again.
func (p *Provider) discover(ctx context.Context) (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if now := p.o.Now(); p.failed != nil && now.Before(p.retryAt) {
		return nil, p.failed
	}
	// Not the caller's context: a browser that leaves must not fail the others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callPatience)
	defer cancel()
	f, err := p.ask(oidc.ClientContext(ctx, p.o.Client))
	if err != nil {
		p.failed, p.retryAt = fmt.Errorf("%w: discovery: %w", ErrUnreachable, err), p.o.Now().Add(p.o.RetryEvery)
		return nil, p.failed
	}
	p.found, p.failed = f, nil
	return f, nil
}

func (p *Provider) ask(ctx context.Context) (*found, error) {
	provider, err := oidc.NewProvider(ctx, p.o.Issuer)
	if err != nil {
		return nil, err
	}
	f := &found{}
	if err := provider.Claims(f); err != nil {
		return nil, err
	}
	f.verifier = provider.VerifierContext(oidc.ClientContext(context.WithoutCancel(ctx), p.o.Client),
		&oidc.Config{ClientID: p.o.ClientID, SupportedSigningAlgs: p.o.Algorithms, Now: p.o.Now})
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = p.style(f.Methods)
	f.oauth = oauth2.Config{ClientID: p.o.ClientID, ClientSecret: p.o.ClientSecret, Endpoint: endpoint, RedirectURL: p.o.Redirect,
		Scopes: append([]string{oidc.ScopeOpenID}, p.o.Scopes...)}
	return f, f.check(p.o.Issuer)
}

// style is how we say who we are at the token endpoint. Finding out by trying would
// use the code up.
func (p *Provider) style(methods []string) oauth2.AuthStyle {
	basic := len(methods) == 0 || slices.Contains(methods, "client_secret_basic")
	if p.o.ClientSecret == "" || !basic {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}
