package origin_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/pointgrid/pointgrid/web/origin"
)

// Whatever stands in the headers, somebody who is not one of our proxies is who the
// connection says, shows no certificate by a header, and a proxy's word is an address.
func FuzzNobodyIsBelievedButOurProxies(f *testing.F) {
	finder, err := origin.New(origin.Options{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Certificates: true})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"203.0.113.7", "203.0.113.7, 10.0.0.2", "::1", "fe80::1%eth0", "::ffff:10.0.0.1", "unknown", ",", ":MIIB:", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		stranger := &http.Request{RemoteAddr: "192.0.2.1:9", Header: http.Header{"X-Forwarded-For": {header}, "Client-Cert": {header}}}
		if at := finder.Address(stranger); at != netip.MustParseAddr("192.0.2.1") {
			t.Errorf("%q makes a stranger %s", header, at)
		}
		if c := finder.Certificate(stranger); c != (origin.Certificate{}) {
			t.Errorf("%q shows a stranger's certificate %s", header, c)
		}
		proxy := &http.Request{RemoteAddr: "10.0.0.1:9", Header: stranger.Header}
		if at := finder.Address(proxy); !at.IsValid() {
			t.Errorf("%q gives no address", header)
		}
		finder.Certificate(proxy)
	})
}
