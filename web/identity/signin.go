package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Errors of [Provider].
var (
	// ErrUnreachable: the provider does not answer, or not as one does.
	ErrUnreachable = errors.New("identity: the provider cannot be reached")
	// ErrForeign: the answer is not to the sign-in that this browser began, or not from
	// the provider that was asked.
	ErrForeign = errors.New("identity: the answer belongs to no sign-in of this browser")
	// ErrRefused: the provider does not take our code: it is used, old, or our
	// registration there is wrong.
	ErrRefused = errors.New("identity: the provider refused the code")
	// ErrToken: the ID token is not one that we may believe.
	ErrToken = errors.New("identity: the ID token is not valid")
	// ErrNoMember: the ID token does not say which member it is.
	ErrNoMember = errors.New("identity: the ID token names no member")
)

// Denied is the provider's answer that the member is not signed in.
type Denied struct {
	Code string // of OAuth 2 or OpenID Connect, such as access_denied; a-z and _
}

// Error implements error.
func (d *Denied) Error() string { return "identity: the provider answered " + d.Code }

// Person is who signed in.
type Person struct {
	Member  string // the utility's number
	Name    string // may be empty
	IDToken string // for [Provider.SignOut]
}

// Begin returns where the browser signs in, in a language such as zh. It returns
// [ErrUnreachable].
func (p *Provider) Begin(ctx context.Context, a Attempt, language string) (string, error) {
	f, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(a.nonce()), oauth2.S256ChallengeOption(a.verifier()), oauth2.SetAuthURLParam("ui_locales", language)}
	if p.o.Prompt != "" {
		options = append(options, oauth2.SetAuthURLParam("prompt", p.o.Prompt))
	}
	return f.oauth.AuthCodeURL(a.State(), options...), nil
}

// Finish takes the provider's answer, the query of the redirect, to the attempt that
// this browser began. It returns [ErrForeign], [*Denied], [ErrUnreachable],
// [ErrRefused], [ErrToken] or [ErrNoMember].
func (p *Provider) Finish(ctx context.Context, a Attempt, answer url.Values) (Person, error) {
	f, err := p.discover(ctx)
	if err != nil {
		return Person{}, err
	}
	if err := p.ours(f, a, answer); err != nil {
		return Person{}, err
	}
	if code := answer.Get("error"); code != "" {
		return Person{}, &Denied{clean(code)}
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.o.Client), callPatience)
	defer cancel()
	token, err := f.oauth.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(a.verifier()))
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 {
		return Person{}, fmt.Errorf("%w: %s", ErrRefused, clean(refused.ErrorCode))
	}
	if err != nil {
		return Person{}, fmt.Errorf("%w: token endpoint: %w", ErrUnreachable, err)
	}
	return p.person(ctx, f, a, token)
}

// ours says that the answer is to this attempt and from this provider.
func (p *Provider) ours(f *found, a Attempt, answer url.Values) error {
	for name, values := range answer {
		if len(values) > 1 {
			return fmt.Errorf("%w: %s is there twice", ErrForeign, clean(name))
		}
	}
	if !same(answer.Get("state"), a.State()) {
		return fmt.Errorf("%w: state", ErrForeign)
	}
	if answer.Has("iss") && answer.Get("iss") != p.o.Issuer || f.NamesIssuer && !answer.Has("iss") {
		return fmt.Errorf("%w: issuer", ErrForeign)
	}
	return nil
}

// person reads the ID token.
func (p *Provider) person(ctx context.Context, f *found, a Attempt, token *oauth2.Token) (Person, error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Person{}, fmt.Errorf("%w: there is none", ErrToken)
	}
	id, err := f.verifier.Verify(ctx, raw)
	if err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	claims := map[string]json.RawMessage{}
	if err := id.Claims(&claims); err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	if err := p.check(id, a, claims, token.AccessToken); err != nil {
		return Person{}, err
	}
	who := Person{Member: text(claims, p.o.MemberClaim), Name: text(claims, p.o.NameClaim), IDToken: raw}
	if who.Member == "" {
		return Person{}, fmt.Errorf("%w: claim %s", ErrNoMember, p.o.MemberClaim)
	}
	return who, nil
}

// clockSkew is by how much the provider's clock may be ahead of ours.
const clockSkew = time.Minute

// check looks at what go-oidc leaves to its user.
func (p *Provider) check(id *oidc.IDToken, a Attempt, claims map[string]json.RawMessage, access string) error {
	_, hasAZP := claims["azp"]
	switch azp := text(claims, "azp"); {
	case !same(id.Nonce, a.nonce()):
		return fmt.Errorf("%w: nonce", ErrToken)
	case hasAZP && azp != p.o.ClientID, len(id.Audience) > 1 && azp != p.o.ClientID:
		return fmt.Errorf("%w: azp", ErrToken)
	case id.IssuedAt.After(p.o.Now().Add(clockSkew)):
		return fmt.Errorf("%w: iat lies in the future", ErrToken)
	case id.AccessTokenHash != "" && id.VerifyAccessToken(access) != nil:
		return fmt.Errorf("%w: at_hash", ErrToken)
	}
	return nil
}

// text is a claim that is a text, and empty when it is none.
func text(claims map[string]json.RawMessage, name string) (s string) {
	_ = json.Unmarshal(claims[name], &s) // what is no text counts as not there
	return s
}

// clean keeps of an error code what codes are made of, so that it can stand in a log.
func clean(code string) string {
	kept := make([]byte, 0, 40)
	for _, c := range []byte(code[:min(len(code), 40)]) {
		if c >= 'a' && c <= 'z' || c == '_' {
			kept = append(kept, c)
		}
	}
	return string(kept)
}

// SignOut returns where the browser signs out at the provider and from where it comes
// back to an address; empty when the provider has no such place, or isn't known yet.
func (p *Provider) SignOut(idToken, back string) string {
	p.mu.Lock()
	f := p.found
	p.mu.Unlock()
	if f == nil || f.EndSession == "" {
		return ""
	}
	u, err := url.Parse(f.EndSession)
	if err != nil {
		return "" // [found.check] has read it
	}
	q := u.Query()
	q.Set("client_id", p.o.ClientID)
	q.Set("post_logout_redirect_uri", back)
	if idToken != "" {
		q.Set("id_token_hint", idToken)
	}
	u.RawQuery = q.Encode()
	return u.String()
}
