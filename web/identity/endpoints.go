package identity

import (
	"fmt"
	"net/url"
	"strings"
)

// check refuses what discovery says when a browser, or our code and its verifier, would
// go anywhere but to an address as safe as the issuer's own. OpenID Connect Discovery
// 1.0, section 3, wants https.
func (f *found) check(issuer string) error {
	encrypted := strings.HasPrefix(issuer, "https:")
	for _, e := range []struct {
		name, address string
		needed        bool
	}{
		{"authorization_endpoint", f.oauth.Endpoint.AuthURL, true},
		{"token_endpoint", f.oauth.Endpoint.TokenURL, true},
		{"jwks_uri", f.Keys, true},
		{"end_session_endpoint", f.EndSession, false},
	} {
		if e.address == "" && !e.needed {
			continue
		}
		u, err := url.Parse(e.address)
		if err != nil || u.Scheme != "https" && (encrypted || u.Scheme != "http") || u.Hostname() == "" || u.User != nil || strings.Contains(e.address, "#") {
			return fmt.Errorf("its %s is %.200q; want a URL like https://id.example.com/place, without user and fragment", e.name, e.address)
		}
	}
	return nil
}
