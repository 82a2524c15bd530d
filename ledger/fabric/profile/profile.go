// Package profile describes a Fabric network to those who connect to it: which
// companies take part, where their peers and the orderers are, which
// certificates to trust, and with which keys to sign.
//
// A profile is a JSON file. File names in it are relative to its own folder, so
// that the folder of a network can be moved or mounted elsewhere. The package
// uses neither the SDK nor the shim.
package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Version is the version of the form.
const Version = 1

// sizeMax bounds a profile's file in bytes.
const sizeMax = 1 << 20

// Profile describes a network.
type Profile struct {
	Version   int    `json:"version"`
	Channel   string `json:"channel"`
	Chaincode string `json:"chaincode"`
	// Home is the company on whose peer this process relies for what it reads.
	Home string `json:"home"`
	// UtilityAlone says that the utility's endorsement is enough where no partner
	// is concerned. Otherwise one of the partners must endorse with it.
	UtilityAlone bool      `json:"utility_alone,omitempty"`
	Companies    []Company `json:"companies"`
	Orderers     []Node    `json:"orderers"`
	// Identities are keys that the process may have; which of them it uses is
	// said when it connects.
	Identities []Identity `json:"identities"`

	dir string
}

// Company is an organisation of the channel.
type Company struct {
	MSP string `json:"msp"`
	// Roots is a PEM file with the certificates of the company's authorities, by
	// which those of its peers and people are verified.
	Roots string `json:"roots"`
	// Peers endorse; the first that answers does.
	Peers []Node `json:"peers"`
}

// Node is a peer or an orderer.
type Node struct {
	Name    string `json:"name"`    // for people
	Address string `json:"address"` // host:port
	// TLSRoots is a PEM file with the certificates that the node's TLS certificate
	// is verified by; empty for a node without TLS.
	TLSRoots string `json:"tls_roots"`
	// ServerName is the name in the node's TLS certificate when it is not the host
	// of the address.
	ServerName string `json:"server_name,omitempty"`
}

// Identity is a certificate and its key.
type Identity struct {
	MSP         string `json:"msp"`
	Certificate string `json:"certificate"` // PEM file
	Key         string `json:"key"`         // PEM file, PKCS #8
}

// Read reads a profile and checks it.
func Read(file string) (*Profile, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	if info.Size() > sizeMax {
		return nil, fmt.Errorf("profile: %s has %d bytes, at most %d", file, info.Size(), sizeMax)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	p := &Profile{dir: filepath.Dir(file)}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("profile: %s: %w", file, err)
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("profile: %s: %w", file, err)
	}
	return p, nil
}

// Write writes the profile to a file, which appears whole or not at all. File
// names in the profile must be relative to the file's folder, or absolute.
func (p *Profile) Write(file string) error {
	if err := p.Validate(); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	tmp := file + ".tmp"
	if err := os.WriteFile(tmp, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	if err := os.Rename(tmp, file); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	p.dir = filepath.Dir(file)
	return nil
}

// File reads a file that the profile names.
func (p *Profile) File(name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(p.dir, name)
	}
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("profile: %w; names are relative to the profile's folder", err)
	}
	return b, err
}

// Company returns the company with an MSP ID.
func (p *Profile) Company(msp string) (Company, bool) {
	for _, c := range p.Companies {
		if c.MSP == msp {
			return c, true
		}
	}
	return Company{}, false
}

// Validate reports the first thing that is wrong with the profile.
func (p *Profile) Validate() error {
	switch {
	case p.Version != Version:
		return fmt.Errorf("version is %d, this program knows %d", p.Version, Version)
	case p.Channel == "":
		return errors.New("channel is missing")
	case p.Chaincode == "":
		return errors.New("chaincode is missing")
	case len(p.Orderers) == 0:
		return errors.New("orderers are missing")
	}
	if err := nodes("orderers", p.Orderers); err != nil {
		return err
	}
	if err := p.validateCompanies(); err != nil {
		return err
	}
	for i, id := range p.Identities {
		if id.MSP == "" || id.Certificate == "" || id.Key == "" {
			return fmt.Errorf("identities[%d] needs msp, certificate and key", i)
		}
	}
	return nil
}

func (p *Profile) validateCompanies() error {
	seen := map[string]bool{}
	for i, c := range p.Companies {
		switch {
		case c.MSP == "":
			return fmt.Errorf("companies[%d] has no msp", i)
		case seen[c.MSP]:
			return fmt.Errorf("company %s is listed twice", c.MSP)
		case c.Roots == "":
			return fmt.Errorf("company %s has no roots", c.MSP)
		case c.MSP == p.Home && len(c.Peers) == 0:
			return fmt.Errorf("company %s is home but has no peers", c.MSP)
		}
		seen[c.MSP] = true
		if err := nodes("peers of "+c.MSP, c.Peers); err != nil {
			return err
		}
	}
	if !seen[p.Home] {
		return fmt.Errorf("home is %q, which is not among the companies", p.Home)
	}
	return nil
}

func nodes(what string, all []Node) error {
	for i, n := range all {
		if n.Address == "" {
			return fmt.Errorf("%s: [%d] has no address", what, i)
		}
	}
	return nil
}
