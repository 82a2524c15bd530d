package gateway

import (
	"fmt"
	"os"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/partners"
)

// keyFileMax bounds a client's key file, in bytes.
const keyFileMax = 64 << 10

// registry reads the clients' key files and checks the companies.
func registry(c *config.Config) (*partners.Registry, error) {
	var companies []partners.Partner
	clients, err := readClients("", c.Utility.Clients)
	if err != nil {
		return nil, err
	}
	for _, p := range c.Companies {
		one := company(p)
		if c.Sandbox && len(one.Scopes) == 0 {
			one.Scopes = append(partners.PartnerScopes(), partners.ScopeSandbox)
		}
		companies = append(companies, one)
		theirs, err := readClients(p.Code, p.Clients)
		if err != nil {
			return nil, err
		}
		clients = append(clients, theirs...)
	}
	r, err := partners.NewRegistry(companies, clients)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return r, nil
}

func company(p config.Partner) partners.Partner {
	return partners.Partner{
		Code: p.Code, Name: p.Name, NameZH: p.NameZH, Programme: p.Programme, Scale: p.Scale, MSP: p.MSP,
		In: partners.Mode(p.In), Out: partners.Mode(p.Out),
		Connector: partners.Connector{URL: p.Connector.URL, Timeout: p.Connector.Timeout,
			MaxInFlight: p.Connector.MaxInFlight, MaxQueue: p.Connector.MaxQueue},
		Scopes: scopes(p.Scopes),
	}
}

func scopes(names []string) (all []partners.Scope) {
	for _, name := range names {
		all = append(all, partners.Scope(name))
	}
	return all
}

func readClients(partner string, all []config.Client) ([]partners.Client, error) {
	var clients []partners.Client
	for _, c := range all {
		keys, err := readKeys(c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("configuration: client %q: key_file: %w", c.ID, err)
		}
		clients = append(clients, partners.Client{ID: c.ID, Partner: partner, Keys: keys, Scopes: scopes(c.Scopes)})
	}
	return clients, nil
}

func readKeys(path string) ([]partners.Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > keyFileMax {
		return nil, fmt.Errorf("%s has %d bytes, at most %d", path, info.Size(), keyFileMax)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return partners.ParseKeys(b)
}
