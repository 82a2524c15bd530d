//go:build unix

package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// proxies stand before the hosts of partners, by code. The zero value has none.
type proxies struct {
	server *toxiproxy.ApiServer // what they log and count; it serves nothing
	all    []*toxiproxy.Proxy
}

// toxic is something that is wrong with a connection, as toxiproxy names it.
type toxic struct {
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Toxicity   float32        `json:"toxicity"` // share of the connections that have it
	Attributes map[string]int `json:"attributes"`
}

// before starts a proxy before the host at a URL, and returns the proxy's.
func (p *proxies) before(name, host string) (string, error) {
	u, err := url.Parse(host)
	if err != nil {
		return "", err
	}
	if p.server == nil {
		zerolog.SetGlobalLevel(zerolog.Disabled) // its toxics log by themselves
		p.server = toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	}
	proxy := toxiproxy.NewProxy(p.server, name, "127.0.0.1:0", u.Host)
	if err := proxy.Start(); err != nil {
		return "", err
	}
	p.all = append(p.all, proxy)
	u.Host = proxy.Listen
	return u.String(), nil
}

// add makes all connections bad.
func (p *proxies) add(t toxic) error {
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	for _, proxy := range p.all {
		if _, err := proxy.Toxics.AddToxicJson(bytes.NewReader(b)); err != nil {
			return err
		}
	}
	return nil
}

// heal makes all connections good.
func (p *proxies) heal(ctx context.Context) {
	for _, proxy := range p.all {
		proxy.Toxics.ResetToxics(ctx)
	}
}

// cut ends all connections and refuses new ones, until they are let through again.
func (p *proxies) cut() {
	for _, proxy := range p.all {
		proxy.Stop()
	}
}

func (p *proxies) letThrough() error {
	for _, proxy := range p.all {
		if err := proxy.Start(); err != nil {
			return err
		}
	}
	return nil
}

func (p *proxies) close() error {
	p.cut()
	p.all = nil
	return nil
}
