package origin_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/pointgrid/pointgrid/web/origin"
)

func request(from string, header ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = from
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func finder(t *testing.T, certificates bool) *origin.Finder {
	t.Helper()
	f, err := origin.New(origin.Options{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}, Certificates: certificates})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const xff = "X-Forwarded-For"

func TestAnAddressIsBelievedOnlyOfOurProxies(t *testing.T) {
	behind := finder(t, false)
	for name, c := range map[string]struct {
		f    *origin.Finder
		r    *http.Request
		want string
	}{
		"the connection":                       {nil, request("192.0.2.1:5"), "192.0.2.1"},
		"a header without proxies":             {nil, request("192.0.2.1:5", xff, "10.9.9.9"), "192.0.2.1"},
		"a header of somebody who is no proxy": {behind, request("192.0.2.1:5", xff, "10.9.9.9, 198.51.100.7"), "192.0.2.1"},
		"a proxy's":                            {behind, request("10.0.0.1:5", xff, "198.51.100.7"), "198.51.100.7"},
		"one before which the caller wrote":    {behind, request("10.0.0.1:5", xff, "1.1.1.1, 198.51.100.7"), "198.51.100.7"},
		"in two headers":                       {behind, request("10.0.0.1:5", xff, "1.1.1.1", xff, "198.51.100.7"), "198.51.100.7"},
		"two proxies":                          {behind, request("10.0.0.1:5", xff, "1.1.1.1, 198.51.100.7, 10.0.0.2"), "198.51.100.7"},
		"a proxy itself":                       {behind, request("10.0.0.1:5"), "10.0.0.1"},
		"what cannot be read":                  {behind, request("10.0.0.1:5", xff, "198.51.100.7, unknown"), "10.0.0.1"},
		"with a port, which is not the form":   {behind, request("10.0.0.1:5", xff, "198.51.100.7:80"), "10.0.0.1"},
		"version 6":                            {behind, request("[2001:db8:1::1]:5", xff, "2001:db8:2::7"), "2001:db8:2::7"},
		"version 4 in version 6":               {behind, request("[::ffff:10.0.0.1]:5", xff, "::ffff:198.51.100.7"), "198.51.100.7"},
	} {
		if got := c.f.Address(c.r); got != netip.MustParseAddr(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := behind.Address(request("pipe")); got.IsValid() {
		t.Errorf("a connection without an address is from %s", got)
	}
}

func TestACertificateIsBelievedOfTheHandshakeOrOfOurProxies(t *testing.T) {
	const header = ":AQID:" // of the bytes 1, 2, 3
	shown := origin.Certificate(sha256.Sum256([]byte{1, 2, 3}))
	direct := request("192.0.2.1:5")
	direct.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Raw: []byte{1, 2, 3}}}}
	proxied := request("10.0.0.1:5")
	proxied.TLS = direct.TLS
	for name, c := range map[string]struct {
		f    *origin.Finder
		r    *http.Request
		want origin.Certificate
	}{
		"in the handshake":            {nil, direct, shown},
		"none":                        {nil, request("192.0.2.1:5"), origin.Certificate{}},
		"a caller's header":           {finder(t, true), request("192.0.2.1:5", "Client-Cert", header), origin.Certificate{}},
		"a header without proxies":    {nil, request("10.0.0.1:5", "Client-Cert", header), origin.Certificate{}},
		"a proxy's header":            {finder(t, true), request("10.0.0.1:5", "Client-Cert", header), shown},
		"one not believed in this":    {finder(t, false), request("10.0.0.1:5", "Client-Cert", header), origin.Certificate{}},
		"the proxy's own certificate": {finder(t, true), proxied, origin.Certificate{}},
		"two headers":                 {finder(t, true), request("10.0.0.1:5", "Client-Cert", header, "Client-Cert", header), origin.Certificate{}},
		"a header of another form":    {finder(t, true), request("10.0.0.1:5", "Client-Cert", "AQID"), origin.Certificate{}},
		"an empty one":                {finder(t, true), request("10.0.0.1:5", "Client-Cert", "::"), origin.Certificate{}},
	} {
		if got := c.f.Certificate(c.r); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if _, err := origin.New(origin.Options{Certificates: true}); err == nil {
		t.Error("certificates are taken from everybody")
	}
	if (origin.Certificate{}).String() != "" || len(shown.String()) != 43 {
		t.Errorf("thumbprint %q", shown)
	}
}
