package network

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pointgrid/pointgrid/deploy/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// layout are what lay puts into a network's folder, besides site's own file.
var layout = []string{"companies", "config", "run", "logs", "channel.block"}

// unfinished marks a folder in which lay was interrupted.
const unfinished = "unfinished"

// lay makes everything that a network is before its first process starts.
func (n *Network) lay(ctx context.Context, o *Options) error {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return err
	}
	if err := clear(dir); err != nil {
		return err
	}
	n.progress("making certificates and the channel's first block")
	s, err := plan(o, dir)
	if err != nil {
		return err
	}
	n.site = s
	if err := n.furnish(); err != nil {
		return err
	}
	// "Channel" is the profile in the configuration.
	if _, err := n.run(ctx, "configtxgen", []string{"FABRIC_LOGGING_SPEC=error"}, "-configPath", s.configFolder(),
		"-profile", "Channel", "-channelID", channelName, "-outputBlock", s.genesisBlock()); err != nil {
		return err
	}
	if err := n.writeProfiles(); err != nil {
		return err
	}
	if err := s.save(); err != nil {
		return err
	}
	return os.Remove(s.path(unfinished))
}

// clear makes sure that a folder holds nothing that lay would write over, except
// what an interrupted lay left.
func clear(dir string) error {
	if exists(filepath.Join(dir, unfinished)) {
		for _, name := range layout {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	for _, name := range layout {
		if exists(filepath.Join(dir, name)) {
			return fmt.Errorf("network: %s has %s but no network; give an empty folder", dir, name)
		}
	}
	return os.WriteFile(filepath.Join(dir, unfinished), nil, 0o600)
}

// plan decides where everything listens.
func plan(o *Options, dir string) (*site, error) {
	s := &site{Version: siteVersion, Channel: channelName, Chaincode: chaincodeName, Blocks: o.Blocks,
		ClockTolerance: o.ClockTolerance, Validity: o.Validity, dir: dir}
	if o.containers {
		s.place(o)
		return s, nil
	}
	ports, err := FreePorts(3*o.Orderers + 3*len(o.Companies))
	if err != nil {
		return nil, err
	}
	next := func() int {
		port := ports[0]
		ports = ports[1:]
		return port
	}
	for i := range o.Orderers {
		s.Orderers = append(s.Orderers, &orderer{Name: fmt.Sprintf("orderer%d", i), Port: next(), Admin: next(), Operations: next()})
	}
	for _, c := range o.Companies {
		s.Companies = append(s.Companies, &member{Company: c, Admitted: true, Peer: next(), Operations: next(), Chaincode: next()})
	}
	return s, nil
}

// furnish writes folders, certificates, packages and configuration.
func (n *Network) furnish() error {
	s := n.site
	for _, name := range []string{"run", "logs"} {
		if err := os.MkdirAll(s.path(name), 0o700); err != nil {
			return err
		}
	}
	if err := makeOrderers(s.company(ordererCompany.Name), n.Orderers(), n.now(), s.Validity); err != nil {
		return err
	}
	for _, m := range s.Companies {
		if err := n.equip(m); err != nil {
			return err
		}
	}
	return n.configure()
}

// equip makes a company's certificates and package.
func (n *Network) equip(m *member) (err error) {
	dir := m.folder(n.site)
	if err := makeMember(dir, m.Company, n.now(), n.site.Validity); err != nil {
		return err
	}
	m.PackageID, err = pack(dir, firstPackage, n.site.chaincodeAt(m))
	return err
}

// configure writes the configuration of peers, orderers and channel.
func (n *Network) configure() error {
	config, err := n.site.channelConfig()
	if err != nil {
		return err
	}
	files := map[string][]byte{"configtx.yaml": config}
	for _, name := range []string{"core.yaml", "orderer.yaml"} {
		if files[name], err = fs.ReadFile(fabric.Files, name); err != nil {
			return err
		}
	}
	if err := writeFiles(n.site.configFolder(), files); err != nil {
		return err
	}
	scripts, err := fs.Sub(fabric.Files, "builder")
	if err != nil {
		return err
	}
	return fs.WalkDir(scripts, ".", func(path string, d fs.DirEntry, err error) error {
		to := filepath.Join(n.site.builderFolder(), path)
		if err != nil || d.IsDir() {
			return errors.Join(err, os.MkdirAll(to, 0o700))
		}
		b, err := fs.ReadFile(scripts, path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o700)
	})
}

// writeProfiles writes the profile of the whole network, with the identities of
// all companies, and one for each company with its own.
func (n *Network) writeProfiles() error {
	s := n.site
	utility := s.Companies[0]
	if err := s.profile(utility, s.Companies).Write(n.ProfileFile()); err != nil {
		return err
	}
	for _, m := range s.Companies {
		if err := s.profile(m, []*member{m}).Write(s.company(m.Name, "profile.json")); err != nil {
			return err
		}
	}
	return nil
}

// profile describes the network as a company sees it, with the identities of
// some.
func (s *site) profile(home *member, identities []*member) *profile.Profile {
	p := &profile.Profile{Version: profile.Version, Channel: s.Channel, Chaincode: s.Chaincode, Home: home.MSP}
	at := "companies"
	if len(identities) == 1 {
		at = ".."
	}
	for _, m := range s.Companies {
		dir := filepath.Join(at, m.Name)
		p.Companies = append(p.Companies, profile.Company{MSP: m.MSP, Roots: filepath.Join(dir, "ca", "ca.crt"), Peers: []profile.Node{
			{Name: peerName(m.Name), Address: s.peerAt(m), TLSRoots: filepath.Join(dir, "tlsca", "ca.crt")}}})
	}
	for _, o := range s.Orderers {
		p.Orderers = append(p.Orderers, profile.Node{Name: o.Name, Address: s.ordererAt(o),
			TLSRoots: filepath.Join(at, ordererCompany.Name, "tlsca", "ca.crt")})
	}
	for _, m := range identities {
		msp := filepath.Join(at, m.Name, "user", "msp")
		p.Identities = append(p.Identities, profile.Identity{MSP: m.MSP,
			Certificate: filepath.Join(msp, "signcerts", "cert.pem"), Key: filepath.Join(msp, "keystore", "key.pem")})
	}
	return p
}
