package network

import (
	"context"
	"fmt"
	"path"
	"slices"
)

// AddCompany admits a company to the running channel: its certificates are made,
// a majority of the companies' administrators sign the change of the channel's
// configuration, which also lets it endorse, and its peer and chaincode start.
// Nothing else stops meanwhile; who connects by the profile reads it again when
// a command first concerns the company. Called again after an error it goes on where it stopped.
//
// On the ledger the company then still has to be registered as a partner.
func (n *Network) AddCompany(ctx context.Context, c Company) error {
	unlock, err := await(ctx, n.site.path("lock"), func() { n.progress("waiting for another command on this network") })
	if err != nil {
		return err
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(ctx, raiseMax)
	defer cancel()
	m, err := n.newcomer(c)
	if err != nil {
		return err
	}
	if !m.Admitted {
		n.progress("the companies admit " + m.MSP + " to the channel")
		if err := n.admit(ctx, m); err != nil {
			return err
		}
	}
	if err := n.writeProfiles(); err != nil {
		return err
	}
	return n.raise(ctx)
}

// newcomer returns the company's place in the site, and makes it if there is
// none.
func (n *Network) newcomer(c Company) (*member, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	for _, m := range n.site.Companies {
		if m.Company == c {
			return m, nil
		}
		if m.Name == c.Name || m.MSP == c.MSP {
			return nil, fmt.Errorf("network: %s (%s) is in the channel already", m.Name, m.MSP)
		}
	}
	if c.Name == ordererCompany.Name || c.MSP == ordererCompany.MSP {
		return nil, fmt.Errorf("network: %s (%s) runs the orderers; use another name and MSP", c.Name, c.MSP)
	}
	if len(n.site.Companies) == companiesMax {
		return nil, fmt.Errorf("network: there are %d companies already", companiesMax)
	}
	if n.site.Containers {
		return nil, errContainers
	}
	if n.site.Upgrade != 0 {
		return nil, errUpgrading
	}
	ports, err := FreePorts(3)
	if err != nil {
		return nil, err
	}
	m := &member{Company: c, Peer: ports[0], Operations: ports[1], Chaincode: ports[2]}
	n.progress("making the certificates of " + m.MSP)
	if err := n.equip(m); err != nil {
		return nil, err
	}
	return m, n.remember(func() { n.site.Companies = append(n.site.Companies, m) })
}

// admit adds the company to the channel's configuration.
func (n *Network) admit(ctx context.Context, m *member) error {
	definition, err := n.organisation(ctx, m)
	if err != nil {
		return err
	}
	var admitted []*member
	for _, other := range n.site.Companies {
		if other.Admitted {
			admitted = append(admitted, other)
		}
	}
	majority := admitted[:len(admitted)/2+1]
	err = n.update(ctx, majority, func(config object) error {
		groups, err := at(config, "channel_group", "groups", "Application", "groups")
		if err != nil {
			return err
		}
		policy, err := at(config, "channel_group", "groups", "Application", "policies", path.Base(ledgerPolicy), "policy")
		if err != nil {
			return err
		}
		groups[m.MSP] = definition
		policy["value"] = signaturePolicy(append(slices.Clone(admitted), m))
		return nil
	})
	if err != nil {
		return err
	}
	return n.remember(func() { m.Admitted = true })
}

// organisation is what the channel's configuration says of a company.
func (n *Network) organisation(ctx context.Context, m *member) (object, error) {
	if err := n.configure(); err != nil {
		return nil, err
	}
	b, err := n.run(ctx, "configtxgen", []string{"FABRIC_LOGGING_SPEC=error"}, "-configPath", n.site.configFolder(), "-printOrg", m.MSP)
	if err != nil {
		return nil, err
	}
	return parse(b)
}
