package network

import (
	"path/filepath"
	"time"
)

// The folders of a company:
//
//	ca, tlsca    its two authorities, with their keys
//	msp          what the channel knows of it
//	peer         msp, tls and data of its peer
//	user, admin  identities: one gives commands, one changes the channel
//	chaincode    certificates between peer and chaincode, and the package
//
// The company that runs the orderers has a folder with msp, tls and data for each
// instead.

// nodeOUs has the MSP tell peers, people and administrators by what their
// certificate says, so that a person's key cannot endorse.
const nodeOUs = `NodeOUs:
  Enable: true
  ClientOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: client}
  PeerOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: peer}
  AdminOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: admin}
  OrdererOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: orderer}
`

// issuer makes the files of one company.
type issuer struct {
	dir      string
	company  Company
	ca, tls  *authority
	now      time.Time
	validity time.Duration
}

// loopback are the names by which everything is reached.
var loopback = []string{"localhost", "127.0.0.1"}

// found makes a company's authorities and what the channel knows of it.
func found(dir string, c Company, now time.Time, validity time.Duration) (*issuer, error) {
	ca, err := newAuthority("ca."+c.Name, c.MSP, now)
	if err != nil {
		return nil, err
	}
	tls, err := newAuthority("tlsca."+c.Name, c.MSP, now)
	if err != nil {
		return nil, err
	}
	i := &issuer{dir: dir, company: c, ca: ca, tls: tls, now: now, validity: validity}
	if err := ca.save(filepath.Join(dir, "ca")); err != nil {
		return nil, err
	}
	if err := tls.save(filepath.Join(dir, "tlsca")); err != nil {
		return nil, err
	}
	return i, writeFiles(filepath.Join(dir, "msp"), i.msp(nil))
}

// openIssuer opens the authorities that found made.
func openIssuer(dir string, c Company, now time.Time, validity time.Duration) (*issuer, error) {
	ca, err := loadAuthority(filepath.Join(dir, "ca"))
	if err != nil {
		return nil, err
	}
	tls, err := loadAuthority(filepath.Join(dir, "tlsca"))
	if err != nil {
		return nil, err
	}
	return &issuer{dir: dir, company: c, ca: ca, tls: tls, now: now, validity: validity}, nil
}

// msp returns the files of an MSP folder: that of the company, or with an
// identity that of its holder.
func (i *issuer) msp(identity *pair) map[string][]byte {
	files := map[string][]byte{
		"config.yaml":        []byte(nodeOUs),
		"cacerts/ca.pem":     i.ca.pem,
		"tlscacerts/tls.pem": i.tls.pem,
	}
	if identity != nil {
		files["signcerts/cert.pem"], files["keystore/key.pem"] = identity.cert, identity.key
	}
	return files
}

// identity issues an identity in a folder of its own.
func (i *issuer) identity(folder, name, role string) error {
	p, err := i.ca.issue(subject{name: name, role: role}, i.now, i.validity)
	if err != nil {
		return err
	}
	return writeFiles(filepath.Join(i.dir, folder, "msp"), i.msp(p))
}

// link issues a TLS certificate in a node's folder.
func (i *issuer) link(folder, name string) error {
	p, err := i.tls.issue(subject{name: name, hosts: append([]string{name}, loopback...), tls: true}, i.now, i.validity)
	if err != nil {
		return err
	}
	return writeFiles(filepath.Join(i.dir, folder, "tls"), map[string][]byte{"server.crt": p.cert, "server.key": p.key, "ca.crt": i.tls.pem})
}

// node issues what a peer or an orderer needs.
func (i *issuer) node(folder, name, role string) error {
	if err := i.identity(folder, name, role); err != nil {
		return err
	}
	return i.link(folder, name)
}

// chaincode makes the certificates of the link between peer and chaincode. The
// peer's is part of the installed package and as valid as the authority; the
// chaincode trusts that one alone, so it vouches for itself.
func (i *issuer) chaincode() error {
	client, err := signItself(subject{name: "peer", tls: true}, i.now, authorityValidity)
	if err != nil {
		return err
	}
	err = writeFiles(filepath.Join(i.dir, "chaincode"), map[string][]byte{"client.crt": client.cert, "client.key": client.key})
	if err != nil {
		return err
	}
	return i.chaincodeServer()
}

// chaincodeServer issues the certificate of the chaincode's end.
func (i *issuer) chaincodeServer() error {
	name := chaincodeOf(i.company.Name)
	server, err := i.tls.issue(subject{name: name, hosts: append([]string{name}, loopback...), tls: true}, i.now, i.validity)
	if err != nil {
		return err
	}
	return writeFiles(filepath.Join(i.dir, "chaincode"), map[string][]byte{"server.crt": server.cert, "server.key": server.key})
}

// renewOrderer issues an orderer's certificates again, that for TLS with the key
// it has.
func (i *issuer) renewOrderer(name string) error {
	if err := i.identity(name, name, "orderer"); err != nil {
		return err
	}
	dir := filepath.Join(i.dir, name, "tls")
	key, err := readKey(filepath.Join(dir, "server.key"))
	if err != nil {
		return err
	}
	p, err := i.tls.certify(key, subject{name: name, hosts: append([]string{name}, loopback...), tls: true}, i.now, i.validity)
	if err != nil {
		return err
	}
	return writeFiles(dir, map[string][]byte{"server.crt": p.cert})
}

// makeMember makes all certificates of a company with a peer.
func makeMember(dir string, c Company, now time.Time, validity time.Duration) error {
	i, err := found(dir, c, now, validity)
	if err != nil {
		return err
	}
	if err := i.node("peer", "peer."+c.Name, "peer"); err != nil {
		return err
	}
	if err := i.identity("user", "user."+c.Name, "client"); err != nil {
		return err
	}
	if err := i.identity("admin", "admin."+c.Name, "admin"); err != nil {
		return err
	}
	return i.chaincode()
}

// makeOrderers makes all certificates of the company that runs the orderers.
func makeOrderers(dir string, names []string, now time.Time, validity time.Duration) error {
	i, err := found(dir, ordererCompany, now, validity)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := i.node(name, name, "orderer"); err != nil {
			return err
		}
	}
	if err := i.identity("admin", "admin."+ordererCompany.Name, "admin"); err != nil {
		return err
	}
	return i.link("admin", "admin."+ordererCompany.Name)
}
