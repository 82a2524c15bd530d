package origin

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Options say which proxies are believed.
type Options struct {
	// Proxies are the networks of our own proxies, which append the address of
	// whoever called them to X-Forwarded-For.
	Proxies []netip.Prefix
	// Certificates says that those proxies ask callers for their certificate, verify
	// that they have its key, and replace the header Client-Cert (RFC 9440) with it,
	// or remove it.
	Certificates bool
}

// Finder finds where requests come from. Without proxies, or as nil, it believes
// the connection only.
type Finder struct{ o Options }

// New returns a finder. It returns an error when certificates are to be taken
// from proxies and there are none.
func New(o Options) (*Finder, error) {
	if o.Certificates && len(o.Proxies) == 0 {
		return nil, errors.New("origin: certificates are taken from a header only of proxies that are listed")
	}
	o.Proxies = slices.Clone(o.Proxies)
	return &Finder{o: o}, nil
}

// Certificate is the SHA-256 of a certificate's DER; zero is none.
type Certificate [sha256.Size]byte

// String returns the thumbprint as x5t#S256 has it, empty for none.
func (c Certificate) String() string {
	if c == (Certificate{}) {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(c[:])
}

// Address returns the caller's address: that of the connection, or, when that is
// a proxy's, the last one in X-Forwarded-For that is not. What cannot be read
// ends the search at the proxy that wrote it. It is invalid when there is none.
func (f *Finder) Address(r *http.Request) netip.Addr {
	at := peer(r)
	if !f.proxy(at) {
		return at
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return at
		}
		if at = next.Unmap().WithZone(""); !f.proxy(at) {
			return at
		}
	}
	return at
}

// peer is the other end of the connection.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

func (f *Finder) proxy(at netip.Addr) bool {
	return f != nil && slices.ContainsFunc(f.o.Proxies, func(p netip.Prefix) bool { return p.Contains(at) })
}

// certificateMax bounds the header Client-Cert, in bytes.
const certificateMax = 16 << 10

// Certificate returns the certificate that the caller showed: in the TLS
// handshake, which proves that it has the key, or, behind a proxy that is
// believed in this, in the header Client-Cert.
func (f *Finder) Certificate(r *http.Request) Certificate {
	if f.proxy(peer(r)) {
		if !f.o.Certificates {
			return Certificate{}
		}
		return fromHeader(r.Header["Client-Cert"])
	}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	}
	return Certificate{}
}

// fromHeader reads a byte sequence (RFC 9651, section 3.3.5).
func fromHeader(values []string) Certificate {
	if len(values) != 1 || len(values[0]) > certificateMax {
		return Certificate{}
	}
	text, ok := strings.CutPrefix(strings.TrimSpace(values[0]), ":")
	text, end := strings.CutSuffix(text, ":")
	der, err := base64.StdEncoding.DecodeString(text)
	if !ok || !end || err != nil || len(der) == 0 {
		return Certificate{}
	}
	return sha256.Sum256(der)
}
