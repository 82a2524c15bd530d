package partners

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Registry finds partners and clients. It does not change once it is made and
// may be used by many goroutines.
type Registry struct {
	partners    []Partner // by code
	byCode      map[string]*Partner
	byProgramme map[string]*Partner
	clients     map[string]*Client
}

// NewRegistry checks all entries and returns a registry of them. The error
// names every entry that is wrong, and what would be right. The registry fills
// in the connectors' defaults; the slices stay the caller's.
func NewRegistry(all []Partner, clients []Client) (*Registry, error) {
	r := &Registry{
		partners:    slices.Clone(all),
		byCode:      make(map[string]*Partner, len(all)),
		byProgramme: make(map[string]*Partner, len(all)),
		clients:     make(map[string]*Client, len(clients)),
	}
	slices.SortFunc(r.partners, func(a, b Partner) int { return strings.Compare(a.Code, b.Code) })
	err := errors.Join(r.addPartners(), r.addClients(clients))
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Registry) addPartners() error {
	var problems []error
	msps := make(map[string]string, len(r.partners))
	for i := range r.partners {
		p := &r.partners[i]
		p.Connector = p.Connector.withDefaults()
		for _, err := range p.check() {
			problems = append(problems, fmt.Errorf("partner %q: %w", p.Code, err))
		}
		if _, taken := r.byCode[p.Code]; taken {
			problems = append(problems, fmt.Errorf("partner %q: code is there twice", p.Code))
			continue
		}
		if other, taken := r.byProgramme[p.Programme]; taken {
			problems = append(problems, fmt.Errorf("partner %q: programme %q is that of partner %q already", p.Code, p.Programme, other.Code))
		}
		if other, taken := msps[p.MSP]; taken {
			problems = append(problems, fmt.Errorf("partner %q: msp %q is that of partner %q already", p.Code, p.MSP, other))
		}
		r.byCode[p.Code], r.byProgramme[p.Programme], msps[p.MSP] = p, p, p.Code
	}
	return errors.Join(problems...)
}

func (r *Registry) addClients(clients []Client) error {
	var problems []error
	for i := range clients {
		c := clients[i]
		c.Scopes, c.Keys = slices.Clone(c.Scopes), slices.Clone(c.Keys)
		for _, err := range c.check() {
			problems = append(problems, fmt.Errorf("client %q: %w", c.ID, err))
		}
		if _, known := r.byCode[c.Partner]; c.Partner != "" && !known {
			problems = append(problems, fmt.Errorf("client %q: partner %q is not registered", c.ID, c.Partner))
		}
		if _, taken := r.clients[c.ID]; taken {
			problems = append(problems, fmt.Errorf("client %q: ID is there twice", c.ID))
		}
		r.clients[c.ID] = &c
	}
	return errors.Join(problems...)
}

// Partner returns the partner with a code. The caller must not change it.
func (r *Registry) Partner(code string) (*Partner, bool) {
	p, ok := r.byCode[code]
	return p, ok
}

// ByProgramme returns the partner that runs a programme. The caller must not
// change it.
func (r *Registry) ByProgramme(programme string) (*Partner, bool) {
	p, ok := r.byProgramme[programme]
	return p, ok
}

// Client returns the client with an ID. The caller must not change it.
func (r *Registry) Client(id string) (*Client, bool) {
	c, ok := r.clients[id]
	return c, ok
}

// Clients returns the clients in ascending order of ID. The caller must not
// change them.
func (r *Registry) Clients() []*Client { return slices.SortedFunc(maps.Values(r.clients), byID) }

// All returns the partners in ascending order of code.
func (r *Registry) All() []Partner { return slices.Clone(r.partners) }
