package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/calendar"
)

// Validate reports everything that is wrong, each with its key.
func (c *Config) Validate() error {
	var errs []error
	wrong := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("configuration: %s: %s", key, fmt.Sprintf(format, args...)))
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		wrong("listen", "%q is not an address like 127.0.0.1:8080", c.Listen)
	}
	if c.URL != "" && !isBaseURL(c.URL) {
		wrong("url", "%q is not a base URL like https://gateway.example.com", c.URL)
	}
	c.validateDatabase(wrong)
	if c.Profile != "" && !isLoopback(c.Profile) {
		wrong("profile", "%q is not a loopback address like 127.0.0.1:6060; a profile shows what is in memory", c.Profile)
	}
	if c.DataDir == "" {
		wrong("data_dir", "is missing; name the folder that keeps ledger and database")
	}
	c.validateAlliance(wrong)
	oneOf(wrong, "log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf(wrong, "log.format", c.Log.Format, "json", "text")
	if c.Log.Every < 1 {
		wrong("log.every", "%d is not 1 or more", c.Log.Every)
	}
	oneOf(wrong, "ledger.home", c.Ledger.Home, Embedded, Fabric)
	if (c.Ledger.Home == Fabric) != (c.Ledger.Profile != "") {
		wrong("ledger.profile", "is needed for ledger.home %q, and only for that", Fabric)
	}
	if c.Ledger.BatchMax < 0 || c.Ledger.BatchMax > ledger.BatchMax {
		wrong("ledger.batch_max", "%d is not 0 to %d", c.Ledger.BatchMax, ledger.BatchMax)
	}
	if c.Ledger.Lanes > ledger.LanesMax {
		wrong("ledger.lanes", "%d is not 0 to %d", c.Ledger.Lanes, ledger.LanesMax)
	}
	between(wrong, "ledger.checkpoint_every", c.Ledger.CheckpointEvery, 100*time.Millisecond, time.Minute)
	between(wrong, "exchange.quote_ttl", c.Exchange.QuoteTTL, time.Second, time.Hour)
	between(wrong, "exchange.deadline", c.Exchange.Deadline, time.Second, 24*time.Hour)
	if c.Exchange.DayShare < 1 || c.Exchange.DayShare > 100 {
		wrong("exchange.day_share_percent", "%d is not 1 to 100", c.Exchange.DayShare)
	}
	between(wrong, "tokens.ttl", c.Tokens.TTL, 5*time.Minute, 10*time.Minute)
	c.validateWebhooks(wrong)
	if err := c.Rewards.validate(); err != nil {
		wrong("rewards", "%v", err)
	}
	if c.Traces.Endpoint != "" && !isBaseURL(c.Traces.Endpoint) {
		wrong("traces.endpoint", "%q is not a URL like http://127.0.0.1:4318/v1/traces", c.Traces.Endpoint)
	}
	sealed(wrong, "traces.endpoint", c.Traces.Endpoint, c.Traces.AllowHTTP, "traces.allow_http")
	if c.Traces.Share < 0 || c.Traces.Share > 1 {
		wrong("traces.share", "%g is not 0 to 1", c.Traces.Share)
	}
	c.validateCompanies(wrong)
	c.validateAccess(wrong)
	c.validateSettlement(wrong)
	c.validateReconciliation(wrong)
	c.validateMall(wrong)
	c.validateSupport(wrong)
	c.validateCluster(wrong)
	return errors.Join(errs...)
}

// validateDatabase refuses a connection to another machine that could be read, or lead
// to somebody who poses as the database. The URL is a secret and not repeated.
func (c *Config) validateDatabase(wrong report) {
	if c.DatabaseURL == "" {
		return
	}
	if !strings.HasPrefix(c.DatabaseURL, "postgres://") && !strings.HasPrefix(c.DatabaseURL, "postgresql://") {
		wrong("database_url", "does not begin with postgres://")
		return
	}
	// As who connects reads it, with the variables of PostgreSQL's clients.
	p, err := pgconn.ParseConfig(c.DatabaseURL)
	if err != nil {
		text := err.Error()
		text = text[strings.LastIndex(text, "`")+1:] // the URL between backticks may have something of a password left
		wrong("database_url", "is not like postgres://user:password@host:5432/name%s", text)
		return
	}
	ways := append([]*pgconn.FallbackConfig{{Host: p.Host, Port: p.Port, TLSConfig: p.TLSConfig}}, p.Fallbacks...)
	for _, way := range ways {
		network, _ := pgconn.NetworkAddress(way.Host, way.Port)
		verified := way.TLSConfig != nil && (!way.TLSConfig.InsecureSkipVerify || way.TLSConfig.VerifyPeerCertificate != nil)
		if verified || network == "unix" || isThisMachine(way.Host) || c.DatabaseAllowPlaintext {
			continue
		}
		wrong("database_url", "the connection to %q can be read by whoever is between; want sslmode=verify-full, or database_allow_plaintext inside a network of our own", way.Host)
		return
	}
}

// validateAccess checks what bounds callers; what is wrong with a quota the
// limiter says.
func (c *Config) validateAccess(wrong report) {
	for key, networks := range map[string][]string{"proxies.trusted": c.Proxies.Trusted, "metrics.networks": c.Metrics.Networks} {
		for i, text := range networks {
			if p, err := netip.ParsePrefix(text); err != nil || p != p.Masked() {
				wrong(fmt.Sprintf("%s[%d]", key, i), "%q is not a network like 10.0.0.0/8", text)
			}
		}
	}
	c.validateTLS(wrong)
	oneOf(wrong, "staff.second_factor", c.Staff.SecondFactor, Required, Optional)
	if c.Proxies.Certificates && len(c.Proxies.Trusted) == 0 {
		wrong("proxies.certificates", "is believed only of proxies.trusted, which is empty")
	}
	for key, n := range map[string]int64{"read": c.Limits.Read, "write": c.Limits.Write, "convert": c.Limits.Convert,
		"tokens": c.Limits.Tokens, "strangers": c.Limits.Strangers, "in_flight": int64(c.Limits.InFlight)} {
		if n < 1 {
			wrong("limits."+key, "%d is not 1 or more", n)
		}
	}
	between(wrong, "limits.patience", c.Limits.Patience, 10*time.Millisecond, 30*time.Second)
	if c.Limits.Target != 0 {
		between(wrong, "limits.target", c.Limits.Target, time.Millisecond, 10*time.Second)
	}
	between(wrong, "access_log.keep", c.AccessLog.Keep, time.Hour, 2*365*24*time.Hour)
	if c.AccessLog.Entries < 1000 {
		wrong("access_log.entries", "%d is not 1000 or more", c.AccessLog.Entries)
	}
}

func (c *Config) validateTLS(wrong report) {
	encrypts := c.TLS.Cert != ""
	switch {
	case encrypts != (c.TLS.Key != ""):
		wrong("tls", "cert and key belong together; give both or neither")
	case c.TLS.Certificates && !encrypts:
		wrong("tls.certificates", "are shown in the handshake of tls.cert, which is empty; behind a proxy use proxies.certificates")
	case encrypts && strings.HasPrefix(c.URL, "http:"):
		wrong("url", "%q is not https, and with tls.cert the gateway speaks nothing else", c.URL)
	case c.Tokens.FAPI && !c.TLS.Certificates && !c.Proxies.Certificates:
		wrong("tokens.fapi", "binds tokens to client certificates: it needs tls.certificates or proxies.certificates")
	}
}

func (c *Config) validateMall(wrong report) {
	for key, url := range map[string]string{"mall.billing": c.Mall.Billing, "mall.payments": c.Mall.Payments} {
		if url != "" && !isBaseURL(url) {
			wrong(key, "%q is not a URL like https://billing.example", url)
		}
		sealed(wrong, key, url, c.Mall.AllowHTTP, "mall.allow_http")
	}
	between(wrong, "mall.timeout", c.Mall.Timeout, 100*time.Millisecond, 30*time.Second)
	between(wrong, "mall.offer_ttl", c.Mall.OfferTTL, time.Minute, 24*time.Hour)
	between(wrong, "mall.deadline", c.Mall.Deadline, time.Second, 24*time.Hour)
	between(wrong, "mall.dispatch_within", c.Mall.DispatchWithin, time.Hour, 90*24*time.Hour)
	c.Mall.Identity.validate(wrong, c.Sandbox)
}

// validateCluster checks what gateways can only share when all of them have it.
func (c *Config) validateCluster(wrong report) {
	if !c.Cluster.Enabled() {
		if c.Cluster.Address != "" {
			wrong("cluster.address", "is of use only with cluster.listen, which is empty")
		}
		return
	}
	host, _, err := net.SplitHostPort(c.Cluster.Listen)
	if err != nil {
		wrong("cluster.listen", "%q is not an address like 10.0.0.5:7443", c.Cluster.Listen)
	}
	if ip := net.ParseIP(host); err == nil && c.Cluster.Address == "" && (host == "" || ip != nil && ip.IsUnspecified()) {
		wrong("cluster.address", "is missing; with cluster.listen %q the others do not know where to reach this gateway", c.Cluster.Listen)
	}
	if _, _, err := net.SplitHostPort(c.Cluster.Address); err != nil && c.Cluster.Address != "" {
		wrong("cluster.address", "%q is not an address like 10.0.0.5:7443", c.Cluster.Address)
	}
	if c.DatabaseURL == "" {
		wrong("database_url", "is missing; gateways of a cluster share a PostgreSQL database")
	}
	if c.Ledger.Home != Fabric {
		wrong("ledger.home", "is %q; gateways of a cluster share a ledger on %q", c.Ledger.Home, Fabric)
	}
	if c.URL == "" {
		wrong("url", "is missing; all gateways of a cluster are one issuer of access tokens, under the address that callers use")
	}
}

type report func(key, format string, args ...any)

func (c *Config) validateAlliance(wrong report) {
	if !ledger.ValidProgramme(c.Alliance.Hub) {
		wrong("alliance.hub", "%q is not 2 to 8 of A-Z and 0-9, starting with a letter", c.Alliance.Hub)
	}
	if c.Alliance.MSP == "" {
		wrong("alliance.msp", "is missing")
	}
	if _, err := calendar.Parse(c.Alliance.TimeZone, c.Alliance.CutOff); err != nil {
		wrong("alliance", "%v", err)
	}
}

func (c *Config) validateWebhooks(wrong report) {
	for i, network := range c.Webhooks.AllowNetworks {
		if _, err := netip.ParsePrefix(network); err != nil {
			wrong(fmt.Sprintf("webhooks.allow_networks[%d]", i), "%q is not a network like 127.0.0.0/8", network)
		}
	}
	between(wrong, "webhooks.timeout", c.Webhooks.Timeout, time.Second, 30*time.Second)
	between(wrong, "webhooks.disable_after", c.Webhooks.DisableAfter, time.Hour, 720*time.Hour)
	between(wrong, "webhooks.keep", c.Webhooks.Keep, 24*time.Hour, 8760*time.Hour)
	if c.Webhooks.Concurrency < 1 || c.Webhooks.Concurrency > 256 {
		wrong("webhooks.concurrency", "%d is not 1 to 256", c.Webhooks.Concurrency)
	}
}

// validateCompanies checks what the registry cannot see; the registry checks the
// rest with the keys at hand.
func (c *Config) validateCompanies(wrong report) {
	for i, p := range c.Companies {
		key := fmt.Sprintf("partners[%d]", i)
		oneOf(wrong, key+".in", p.In, "callback", "push")
		oneOf(wrong, key+".out", p.Out, "callback", "push")
		p.Connector.validate(wrong, key+".connector")
		for j, client := range p.Clients {
			validateClient(wrong, fmt.Sprintf("%s.clients[%d]", key, j), client)
		}
	}
	for j, client := range c.Utility.Clients {
		validateClient(wrong, fmt.Sprintf("utility.clients[%d]", j), client)
	}
}

// validate leaves the form of the URL to the registry.
func (c *Connector) validate(wrong report, key string) {
	sealed(wrong, key+".url", c.URL, c.AllowHTTP, key+".allow_http")
}

// sealed refuses http to another machine. Requests to systems of partners and of the
// back office name memberships and contracts, and are signed: only TLS keeps them from
// readers.
func sealed(wrong report, key, address string, allowed bool, allow string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || allowed || isThisMachine(u.Hostname()) {
		return
	}
	wrong(key, "http to %q can be read by whoever is between; want https, or %s inside a network of our own", u.Host, allow)
}

func validateClient(wrong report, key string, c Client) {
	switch c.ID {
	case "":
		wrong(key+".id", "is missing")
	case "mall": // as which the mall converts, with orders' IDs as keys
		wrong(key+".id", "\"mall\" is the mall's own; want another")
	}
	if c.KeyFile == "" {
		wrong(key+".key_file", "is missing; name the file with the client's public keys")
	}
}

func oneOf(wrong report, key, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	wrong(key, "%q is not one of %q", value, allowed)
}

func between(wrong report, key string, value, low, high time.Duration) {
	if value < low || value > high {
		wrong(key, "%s is not between %s and %s", value, low, high)
	}
}

func isBaseURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

// isThisMachine takes localhost at its word: RFC 6761 keeps the name for loopback.
func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
