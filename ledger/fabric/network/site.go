package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// siteVersion is the version of the form of site's file.
const siteVersion = 1

// site is what a network's folder knows about it: where everything listens, and
// how far it has come.
type site struct {
	Version        int           `json:"version"`
	Channel        string        `json:"channel"`
	Chaincode      string        `json:"chaincode"`
	Blocks         Blocks        `json:"blocks"`
	ClockTolerance time.Duration `json:"clock_tolerance"`
	Validity       time.Duration `json:"validity"`
	Orderers       []*orderer    `json:"orderers"`
	Companies      []*member     `json:"companies"` // the utility first
	// Containers says that each process is in a container of its name; see [Lay].
	Containers bool `json:"containers,omitempty"`
	// Sequence is the number of the chaincode's definition on the channel, 0 before
	// it was committed.
	Sequence int `json:"sequence"`
	// Upgrade is the number of the definition that is to be the next; 0 when none
	// is under way.
	Upgrade int `json:"upgrade,omitempty"`

	dir string
}

// orderer is where an orderer listens.
type orderer struct {
	Name       string `json:"name"`
	Port       int    `json:"port"`
	Admin      int    `json:"admin"`
	Operations int    `json:"operations"`
	Joined     bool   `json:"joined"`
}

// member is a company and where its peer and chaincode listen.
type member struct {
	Company
	Peer       int    `json:"peer"`
	Operations int    `json:"operations"`
	Chaincode  int    `json:"chaincode"`
	PackageID  string `json:"package_id"`
	Admitted   bool   `json:"admitted"` // to the channel
	Joined     bool   `json:"joined"`
	Installed  bool   `json:"installed"`
	Approved   int    `json:"approved"` // sequence of the definition
	// Serves is the sequence that the chaincode was started for when that is not
	// the first; Next is what is to take its place.
	Serves int       `json:"serves,omitempty"`
	Next   *upcoming `json:"next,omitempty"`
}

const (
	channelName   = "pointgrid"
	chaincodeName = "pointgrid"
)

// ordererCompany runs the orderers.
var ordererCompany = Company{"orderer", "OrdererMSP"}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// host is the name or address by which a process is reached.
func (s *site) host(name string) string {
	if s.Containers {
		return name
	}
	return "127.0.0.1"
}

// at is where a process listens.
func (s *site) at(name string, port int) string { return fmt.Sprintf("%s:%d", s.host(name), port) }

func (s *site) peerAt(m *member) string      { return s.at(peerName(m.Name), m.Peer) }
func (s *site) chaincodeAt(m *member) string { return s.at(chaincodeOf(m.Name), m.Chaincode) }
func (s *site) ordererAt(o *orderer) string  { return s.at(o.Name, o.Port) }
func (s *site) adminAt(o *orderer) string    { return s.at(o.Name, o.Admin) }

// path returns a path below the network's folder.
func (s *site) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

// company returns a path below a company's folder.
func (s *site) company(name string, parts ...string) string {
	return s.path(append([]string{"companies", name}, parts...)...)
}

func (s *site) file() string { return s.path("network.json") }

// member returns a company by its name.
func (s *site) member(name string) (*member, bool) {
	i := slices.IndexFunc(s.Companies, func(m *member) bool { return m.Name == name })
	if i < 0 {
		return nil, false
	}
	return s.Companies[i], true
}

// save writes the site, whole or not at all.
func (s *site) save() error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(s.file(), append(b, '\n'), 0o644)
}

// loadSite returns the site of a folder, or nil when it has none yet.
func loadSite(dir string) (*site, error) {
	s := &site{dir: dir}
	b, err := os.ReadFile(s.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("network: %s: %w", s.file(), err)
	}
	if s.Version != siteVersion {
		return nil, fmt.Errorf("network: %s has version %d, this program knows %d", s.file(), s.Version, siteVersion)
	}
	return s, nil
}

// replaceFile writes a file so that readers see it whole, before or after.
func replaceFile(file string, b []byte, mode fs.FileMode) error {
	temporary := file + ".new"
	if err := os.WriteFile(temporary, b, mode); err != nil {
		return err
	}
	return os.Rename(temporary, file)
}

// writeFiles writes small files, readable by the owner only, and makes their
// folders.
func writeFiles(dir string, files map[string][]byte) error {
	for name, b := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, b, 0o600); err != nil {
			return err
		}
	}
	return nil
}
