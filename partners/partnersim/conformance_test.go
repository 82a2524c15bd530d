package partnersim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/partners/connector/conformance"
	"github.com/pointgrid/pointgrid/partners/connector/conformance/conformancetest"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

func TestTheHostConformsToTheContract(t *testing.T) {
	host := start(t, nil)
	for membership, status := range map[string]connector.MemberStatus{"GONE-1": connector.MemberClosed, "STOP-1": connector.MemberBlocked} {
		if err := host.OpenMember(membership, status, 500); err != nil {
			t.Fatal(err)
		}
	}
	report := conformancetest.Run(t, conformance.Target{
		BaseURL: host.url, KeyID: keyID, Key: host.key, Clock: time.Now,
		Programme: "SKY", Membership: "SKY-000001", Balance: 1000, Closed: "GONE-1", Blocked: "STOP-1",
	})
	if c := report.Counts; !report.Conforms || c.Passed != len(report.Results) {
		t.Errorf("came out as %+v of %d rules", c, len(report.Results))
	}
	if err := host.Audit(); err != nil {
		t.Error(err)
	}
}

func TestTheHostConformsBehindAPrefixAndAnotherName(t *testing.T) {
	host := start(t, func(o *partnersim.Options) { o.Authority, o.PathPrefix = "loyalty.example", "/pointgrid" })
	behind, err := url.Parse(host.url)
	if err != nil {
		t.Fatal(err)
	}
	conformancetest.Run(t, conformance.Target{
		BaseURL: "http://loyalty.example/pointgrid", KeyID: keyID, Key: host.key, Clock: time.Now,
		Programme: "SKY", Membership: "SKY-000001", Balance: 1000, Transport: proxy{behind.Host},
	})
}

// proxy is a reverse proxy that changes host and path, as those that end TLS do.
type proxy struct{ host string }

// RoundTrip implements http.RoundTripper.
func (p proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	inner := r.Clone(r.Context())
	inner.Host, inner.URL.Host = p.host, p.host
	inner.URL.Path = strings.TrimPrefix(r.URL.Path, "/pointgrid")
	return http.DefaultTransport.RoundTrip(inner)
}
