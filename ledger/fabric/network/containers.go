package network

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// Ports of the processes in containers, where each has an address of its own.
const (
	containerOrderer           = 7050
	containerPeer              = 7051
	containerAdmin             = 7053
	containerOrdererOperations = 8443
	containerPeerOperations    = 9443
	containerChaincode         = 9999
)

// errContainers says why a network of containers is not started here.
var errContainers = errors.New("network: the processes of this network are containers; start and stop them with Docker Compose")

// Lay makes the folder of a network whose processes are containers, each
// reached by the name that [Network.Names] has for it: certificates, the
// channel's first block, configuration, packages, and for every company a
// folder by which to connect ([Network.Connection]). It starts nothing. A folder
// that is laid already stays as it is.
func Lay(ctx context.Context, options Options) (*Network, error) {
	options.containers = true
	n, unlock, err := prepare(ctx, options)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if n.site != nil {
		return n, n.contained()
	}
	o, err := options.filled()
	if err != nil {
		return nil, err
	}
	if err := n.lay(ctx, &o); err != nil {
		return nil, err
	}
	return n, n.writeConnections()
}

// Join brings the containers of a network into its channel, and their
// chaincode with them: it does what [Up] does with processes that it has
// started. It must reach them by their names. Called again it goes on where it
// stopped.
func Join(ctx context.Context, options Options) (*Network, error) {
	options.containers = true
	n, unlock, err := prepare(ctx, options)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if n.site == nil {
		return nil, fmt.Errorf("%w: %s", ErrNone, options.Dir)
	}
	if err := n.contained(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, raiseMax)
	defer cancel()
	return n, n.join(ctx)
}

// contained reports an error for a network of this machine's own processes.
func (n *Network) contained() error {
	if n.site.Containers {
		return nil
	}
	return fmt.Errorf("network: %s has a network of processes on this machine; give an empty folder", n.site.dir)
}

// place gives every container its ports.
func (s *site) place(o *Options) {
	s.Containers = true
	for i := range o.Orderers {
		s.Orderers = append(s.Orderers, &orderer{Name: fmt.Sprintf("orderer%d", i), Port: containerOrderer,
			Admin: containerAdmin, Operations: containerOrdererOperations})
	}
	for _, c := range o.Companies {
		s.Companies = append(s.Companies, &member{Company: c, Admitted: true, Peer: containerPeer,
			Operations: containerPeerOperations, Chaincode: containerChaincode})
	}
}

// Package returns the ID of the chaincode package that a company installs, or
// "" for a company that there is not.
func (n *Network) Package(company string) string {
	if m, ok := n.site.member(company); ok {
		return m.PackageID
	}
	return ""
}

// Connection is the folder with all that a company's programs need to connect
// and nothing else: a profile, its own identity, and certificates of the others.
func (n *Network) Connection(company string) string { return n.site.company(company, "connection") }

func (n *Network) writeConnections() error {
	for _, m := range n.site.Companies {
		if err := n.writeConnection(m); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) writeConnection(m *member) error {
	p, err := profile.Read(n.site.company(m.Name, "profile.json"))
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	bring := func(file *string, name string) {
		if err == nil {
			files[name], err = p.File(*file)
			*file = name
		}
	}
	for i := range p.Companies {
		c := &p.Companies[i]
		bring(&c.Roots, c.MSP+".ca.crt")
		for j := range c.Peers {
			bring(&c.Peers[j].TLSRoots, c.MSP+".tls.crt")
		}
	}
	for i := range p.Orderers {
		bring(&p.Orderers[i].TLSRoots, ordererCompany.MSP+".tls.crt")
	}
	for i := range p.Identities {
		bring(&p.Identities[i].Certificate, "cert.pem")
		bring(&p.Identities[i].Key, "key.pem")
	}
	if err != nil {
		return err
	}
	dir := n.Connection(m.Name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := writeFiles(dir, files); err != nil {
		return err
	}
	return p.Write(filepath.Join(dir, "profile.json"))
}
