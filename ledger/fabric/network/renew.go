package network

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Renew replaces the certificates of a process or a person by new ones of the
// same authority, valid from now: of peer.NAME, chaincode.NAME and the orderers
// identity and TLS, of user.NAME and admin.NAME the identity. A process that
// runs is started again with them, which takes a second or two; a program that
// uses a person's identity reads it again when it is started again.
//
// Keys are replaced too, except an orderer's TLS key: the channel's configuration
// knows the orderers by it. It returns [ErrUnknown].
func Renew(ctx context.Context, options Options, name string) error {
	if _, err := Open(options.Dir); err != nil {
		return err
	}
	n, unlock, err := prepare(ctx, options)
	if err != nil {
		return err
	}
	defer unlock()
	renew, ok := n.renewal(name)
	if !ok {
		return fmt.Errorf("%w: %s; there are %s, and user.NAME and admin.NAME of each company", ErrUnknown, name, list(n.Names()))
	}
	_, running, err := n.site.process(name).pid()
	if err != nil {
		return err
	}
	if running {
		n.progress("ending " + name)
		if err := n.end(ctx, name, false); err != nil {
			return err
		}
	}
	n.progress("issuing new certificates for " + name)
	if err := renew(); err != nil || !running {
		return err
	}
	n.progress("starting " + name)
	return n.Start(ctx, name)
}

// renewal returns what issues the certificates of a process or a person.
func (n *Network) renewal(name string) (renew func() error, ok bool) {
	for _, o := range n.site.Orderers {
		if o.Name == name {
			return n.issued(ordererCompany, func(i *issuer) error { return i.renewOrderer(o.Name) }), true
		}
	}
	kind, company, _ := strings.Cut(name, ".")
	m, ok := n.site.member(company)
	if !ok {
		return nil, false
	}
	switch kind {
	case "peer":
		return n.issued(m.Company, func(i *issuer) error { return i.node("peer", name, "peer") }), true
	case "chaincode":
		return n.issued(m.Company, (*issuer).chaincodeServer), true
	case "user":
		return n.issued(m.Company, func(i *issuer) error { return i.identity("user", name, "client") }), true
	case "admin":
		return n.issued(m.Company, func(i *issuer) error { return i.identity("admin", name, "admin") }), true
	}
	return nil, false
}

// issued opens a company's authorities for what issues.
func (n *Network) issued(c Company, issue func(*issuer) error) func() error {
	return func() error {
		i, err := openIssuer(n.site.company(c.Name), c, n.now(), n.site.Validity)
		if err != nil {
			return err
		}
		return issue(i)
	}
}

// certificates returns the files of a process's own certificates.
func (n *Network) certificates(name string) []string {
	for _, o := range n.site.Orderers {
		if o.Name == name {
			return nodeCertificates(o.folder(n.site))
		}
	}
	for _, m := range n.site.Companies {
		switch name {
		case peerName(m.Name):
			return nodeCertificates(filepath.Join(m.folder(n.site), "peer"))
		case chaincodeOf(m.Name), nextOf(m.Name):
			return []string{filepath.Join(m.folder(n.site), "chaincode", "server.crt")}
		}
	}
	return nil
}

func nodeCertificates(dir string) []string {
	return []string{filepath.Join(dir, "msp", "signcerts", "cert.pem"), filepath.Join(dir, "tls", "server.crt")}
}

// validUntil returns when the first of some certificates ends.
func validUntil(files []string) (first time.Time, err error) {
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return first, err
		}
		block, _ := pem.Decode(b)
		if block == nil {
			return first, fmt.Errorf("network: %s is not PEM", file)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return first, fmt.Errorf("network: %s: %w", file, err)
		}
		if first.IsZero() || cert.NotAfter.Before(first) {
			first = cert.NotAfter
		}
	}
	return first, nil
}
