package webhooks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// ErrForbiddenAddress: the address lies inside a network that is not called.
var ErrForbiddenAddress = errors.New("webhooks: the address is not on the public internet")

// Guard decides which addresses may be called. The zero Guard allows the public
// internet and nothing else.
type Guard struct {
	// Allow are networks that may be called although they are not public, such as
	// loopback in a sandbox.
	Allow []netip.Prefix
	// AllowHTTP permits URLs without TLS.
	AllowHTTP bool
	// Resolver looks names up; nil is the system's.
	Resolver *net.Resolver
}

// special are networks that are not on the public internet, or that lead to such
// by translation or a tunnel: the IANA registries of special-purpose addresses
// (RFC 6890), multicast and what is reserved.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	// Of IPv6 only 2000::/3 is public; within it these are not, or embed an IPv4
	// address: Teredo and the rest of 2001::/23, documentation, 6to4, AS112, SRv6.
	"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16",
)

var globalUnicast = netip.MustParsePrefix("2000::/3")

func prefixes(all ...string) (out []netip.Prefix) {
	for _, s := range all {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// Check returns [ErrForbiddenAddress] for an address that may not be called. An
// IPv4 address in IPv6's clothes is judged as IPv4; one behind a translator
// (64:ff9b::/96 and others) is outside of 2000::/3 and refused as it is.
func (g *Guard) Check(a netip.Addr) error {
	if a.Zone() != "" {
		return ErrForbiddenAddress
	}
	a = a.Unmap()
	if within(a, g.Allow) {
		return nil
	}
	if !a.IsValid() || within(a, special) || a.Is6() && !globalUnicast.Contains(a) {
		return ErrForbiddenAddress
	}
	return nil
}

func within(a netip.Addr, all []netip.Prefix) bool {
	for _, p := range all {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// control is called by a dialer with the address that it is about to connect to,
// after names were resolved, so that nothing leads around it.
func (g *Guard) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForbiddenAddress, err)
	}
	return g.Check(ap.Addr())
}

// dialer connects to what may be called only.
func (g *Guard) dialer(timeout time.Duration) *net.Dialer {
	return &net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second, Control: g.control, Resolver: g.Resolver}
}

// Codes of a [Refusal] about a URL.
const (
	CodeURLInvalid    = "webhook_url_invalid"
	CodeURLForbidden  = "webhook_url_forbidden"
	CodeURLUnresolved = "webhook_url_unresolved"
)

// lookupMax bounds how long a partner waits for its own DNS.
const lookupMax = 5 * time.Second

// CheckURL returns a [*Refusal] when a URL cannot be that of an endpoint. That
// it can is no promise for later: what is dialled is checked each time.
func (g *Guard) CheckURL(ctx context.Context, text string) error {
	u, err := g.parse(text)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lookupMax)
	defer cancel()
	resolver := g.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	all, err := resolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil || len(all) == 0 {
		return refuse(CodeURLUnresolved, "the name %q has no address; check it, or try again when your DNS has it", u.Hostname())
	}
	for _, a := range all {
		if g.Check(a) != nil {
			return refuse(CodeURLForbidden, "%q leads to %s, which is not on the public internet; give an address that can be reached from outside of your network",
				u.Hostname(), a.Unmap())
		}
	}
	return nil
}

func (g *Guard) parse(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case len(text) > URLMax:
		return nil, refuse(CodeURLInvalid, "the URL has %d characters, at most %d", len(text), URLMax)
	case err != nil:
		return nil, refuse(CodeURLInvalid, "the URL does not parse; want for example https://partner.example/webhooks") // the parser's message would repeat a password
	case u.Scheme != "https" && !(g.AllowHTTP && u.Scheme == "http"):
		return nil, refuse(CodeURLInvalid, "the scheme is %q, must be https", u.Scheme)
	case u.Hostname() == "" || u.Opaque != "":
		return nil, refuse(CodeURLInvalid, "the URL names no host; want for example https://partner.example/webhooks")
	case u.User != nil:
		return nil, refuse(CodeURLInvalid, "the URL carries a user or password; verify the signature instead")
	case u.Fragment != "":
		return nil, refuse(CodeURLInvalid, "the URL has a fragment, which is not sent")
	}
	return u, nil
}
