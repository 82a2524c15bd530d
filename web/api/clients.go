package api

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/problem"
)

const clientsPath = "/v1/clients/"

func (a *API) listClients(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	by := a.administrator(r)
	all := a.o.Registry.Clients(by.Partner)
	if by.Operator {
		all = a.o.Registry.Everybody()
	}
	out := ClientList{Clients: make([]APIClient, 0, len(all))}
	for _, c := range all {
		out.Clients = append(out.Clients, a.renderClient(c))
	}
	return ok(&out), nil
}

func (a *API) getClient(r *request) (reply, error) {
	if _, err := r.query(); err != nil {
		return reply{}, err
	}
	c, err := a.client(r)
	if err != nil {
		return reply{}, err
	}
	return ok(a.renderClient(c)), nil
}

// client is the one that stands in the path.
func (a *API) client(r *request) (*partners.Client, error) {
	c, ok := a.o.Registry.Find(a.administrator(r), r.c.Param("client_id"))
	if !ok {
		return nil, partners.ErrNoClient
	}
	return c, nil
}

func (a *API) createClient(r *request, body ClientRequest) (reply, error) {
	by := a.administrator(r)
	n := partners.NewClient{Name: body.Name, Scopes: scopesOf(body.Scope),
		Settings: partners.Settings{SignedRequests: body.SignedRequests, BoundTokens: body.BoundTokens}}
	if body.Partner != nil {
		if n.Partner = *body.Partner; !by.Operator && n.Partner != by.Partner {
			return reply{}, problem.New(http.StatusUnprocessableEntity, partners.CodeClientRefused, "partner is the utility's to say; leave it out")
		}
	}
	if body.Networks != nil {
		networks, err := networksOf(*body.Networks)
		if err != nil {
			return reply{}, err
		}
		n.Settings.Networks = networks
	}
	c, err := a.o.Registry.Create(r.context(), by, n)
	if err != nil {
		return reply{}, err
	}
	return created(clientsPath+c.ID, a.renderClient(c)), nil
}

func (a *API) changeClient(r *request, body ClientChange) (reply, error) {
	change := partners.ClientChange{Name: body.Name, Disabled: body.Disabled, SignedRequests: body.SignedRequests, BoundTokens: body.BoundTokens}
	if body.Scope != nil {
		change.Scopes = scopesOf(*body.Scope)
	}
	if body.Networks != nil {
		networks, err := networksOf(*body.Networks)
		if err != nil {
			return reply{}, err
		}
		change.Networks = &networks
	}
	c, err := a.o.Registry.Change(r.context(), a.administrator(r), r.c.Param("client_id"), change)
	if err != nil {
		return reply{}, err
	}
	return ok(a.renderClient(c)), nil
}

func scopesOf(text string) (scopes []partners.Scope) {
	for _, s := range strings.Fields(text) {
		scopes = append(scopes, partners.Scope(s))
	}
	return scopes
}

func networksOf(text string) ([]netip.Prefix, error) {
	networks := []netip.Prefix{}
	for _, s := range strings.Fields(text) {
		p, err := netip.ParsePrefix(s)
		if err != nil || p.Addr().Is4In6() || p != p.Masked() {
			return nil, problem.Invalid(problem.At("/networks", "pattern", "each must be a network in CIDR form whose host bits are zero, for example 192.0.2.0/24 or 2001:db8::/32"))
		}
		networks = append(networks, p)
	}
	return networks, nil
}

func (a *API) renderClient(c *partners.Client) APIClient {
	out := APIClient{ID: c.ID, Partner: c.Partner, Name: c.Name, Configured: c.Configured, Disabled: c.Disabled, SignedRequests: c.SignedRequests,
		BoundTokens: c.BoundTokens, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
	names := make([]string, len(c.Scopes))
	for i, s := range c.Scopes {
		names[i] = string(s)
	}
	out.Scope = strings.Join(names, " ")
	networks := make([]string, len(c.Networks))
	for i, n := range c.Networks {
		networks[i] = n.String()
	}
	out.Networks = strings.Join(networks, " ")
	for i := range c.Keys {
		if c.Keys[i].State(a.o.Now()) == partners.KeyActive {
			out.Keys++
		}
	}
	return out
}

// credentialConflicts are the refusals that another state of the client would not
// have got.
var credentialConflicts = map[string]bool{
	partners.CodeKeyExists: true, partners.CodeKeysFull: true, partners.CodeClientsFull: true, partners.CodeKeyRetired: true,
	partners.CodeLastKey: true, partners.CodeClientConfigured: true, partners.CodeChanged: true,
}

// credentialProblem is the problem that a refused change of credentials is, if it
// is one.
func credentialProblem(err error) *problem.Problem {
	var refused *partners.CredentialError
	switch {
	case errors.Is(err, partners.ErrNoClient):
		return notFound("it is not there, or not yours")
	case !errors.As(err, &refused):
		return nil
	}
	status := http.StatusUnprocessableEntity
	if credentialConflicts[refused.Code] {
		status = http.StatusConflict
	}
	return problem.New(status, refused.Code, refused.Detail)
}
