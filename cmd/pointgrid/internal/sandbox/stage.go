package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/process"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
)

// Stage is a sandbox in processes of its own: one with the companies' hosts, one
// with the gateway, which can be killed and started again.
type Stage struct {
	Site     *Site
	Network  *network.Network // nil on the embedded ledger
	URL      string           // of the gateway
	Hosts    map[string]string
	Partners *process.Process
	Gateway  *process.Process // the first
	// Nodes are all gateways, the first included: one, or those of a cluster.
	Nodes   []*Node
	now     func() time.Time
	serve   []string
	clients map[string]*client.Client
}

// Node is one of the gateways of a stage.
type Node struct {
	URL        string
	Process    *process.Process
	configFile string
	internal   string // address for the others; empty for one alone
}

// StageOptions say what the sandbox holds.
type StageOptions struct {
	Members, Linked int
	Fabric          bool // the ledger is on a Fabric network
	Gateways        int  // how many share ledger and database; 0 and 1 are one alone
	Progress        func(string)
	Adjust          func(*config.Config) // may be nil
	Serve           []string             // further arguments of the gateway's command
	Now             func() time.Time
}

// PartnersCommand is the hidden command that runs the companies' hosts, and
// PartnersReady what it prints before their URLs.
const (
	PartnersCommand = "sandbox-partners"
	PartnersReady   = "partners "
	GatewayReady    = "listening on "
)

// StartStage seeds the site and starts companies and gateway on free ports.
func StartStage(ctx context.Context, site *Site, o StageOptions) (*Stage, error) {
	listen, err := Address("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Stage{Site: site, URL: "http://" + listen, now: o.Now, serve: o.Serve, clients: map[string]*client.Client{}}
	if err := s.addNodes(max(o.Gateways, 1)); err != nil {
		return nil, err
	}
	if o.Fabric {
		if s.Network, err = site.StartNetwork(ctx, o.Progress, o.Now); err != nil {
			return nil, err
		}
	}
	if err := s.start(ctx, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Stage) start(ctx context.Context, o StageOptions) error {
	if err := s.Site.Seed(ctx, Amounts{Members: o.Members, Linked: o.Linked}, o.Now); err != nil {
		return err
	}
	if err := s.startPartners(ctx, o.Members); err != nil {
		return err
	}
	return s.configure(ctx, o.Adjust)
}

// addNodes gives each gateway its addresses.
func (s *Stage) addNodes(n int) error {
	s.Nodes = []*Node{{URL: s.URL, configFile: s.Site.ConfigFile()}}
	for i := 2; i <= n; i++ {
		listen, err := Address("127.0.0.1:0")
		if err != nil {
			return err
		}
		s.Nodes = append(s.Nodes, &Node{URL: "http://" + listen, configFile: filepath.Join(s.Site.Dir, fmt.Sprintf("pointgrid-%d.yaml", i))})
	}
	for _, node := range s.Nodes {
		if n == 1 {
			break
		}
		var err error
		if node.internal, err = Address("127.0.0.1:0"); err != nil {
			return err
		}
	}
	return nil
}

// configure writes the gateways' configurations and starts the gateways. The first
// one's address is the issuer of all.
func (s *Stage) configure(ctx context.Context, adjust func(*config.Config)) error {
	for _, node := range s.Nodes {
		c, err := s.Site.Config(strings.TrimPrefix(s.URL, "http://"), s.Hosts)
		if err != nil {
			return err
		}
		c.Listen, c.Cluster.Listen = strings.TrimPrefix(node.URL, "http://"), node.internal
		if adjust != nil {
			adjust(&c)
		}
		if err := s.Site.writeConfig(node.configFile, c); err != nil {
			return err
		}
	}
	return s.StartGateway(ctx)
}

// Reconfigure ends the gateway in order and starts it with another
// configuration.
func (s *Stage) Reconfigure(ctx context.Context, adjust func(*config.Config)) error {
	for _, node := range s.Nodes {
		if err := node.Process.Stop(startPatience); err != nil {
			return err
		}
	}
	return s.configure(ctx, adjust)
}

// Address returns the address with its port, or, for port 0, with a free one: the
// partners must know the gateway's address before it listens. The port is none that the
// system could give to an outgoing connection meanwhile.
func Address(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port != "0" {
		return listen, err
	}
	free, err := network.FreePorts(1)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(host, strconv.Itoa(free[0])), nil
}

func (s *Stage) startPartners(ctx context.Context, members int) error {
	p, line, err := process.Start(ctx, "partners", PartnersReady, PartnersCommand,
		"--dir", s.Site.Dir, "--gateway", s.URL, "--members", fmt.Sprint(members))
	if err != nil {
		return err
	}
	s.Partners = p
	return json.Unmarshal([]byte(line), &s.Hosts)
}

// startPatience bounds how long a gateway may take to be ready.
const startPatience = time.Minute

// StartGateway starts the gateways, again after they were killed or stopped.
func (s *Stage) StartGateway(ctx context.Context) error {
	for _, node := range s.Nodes {
		if err := s.StartNode(ctx, node); err != nil {
			return err
		}
	}
	return nil
}

// StartNode starts one of the gateways.
func (s *Stage) StartNode(ctx context.Context, node *Node) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	p, _, err := process.Start(ctx, "gateway", GatewayReady, append([]string{"serve", "--config", node.configFile}, s.serve...)...)
	if err != nil {
		return err
	}
	if node.Process = p; node == s.Nodes[0] {
		s.Gateway = p
	}
	return nil
}

// Client returns an API client of a company, or of the utility.
func (s *Stage) Client(id string) (*client.Client, error) {
	if c, ok := s.clients[id]; ok {
		return c, nil
	}
	c, err := s.Site.client(s.URL, id, s.now)
	if err != nil {
		return nil, err
	}
	s.clients[id] = c
	return c, nil
}

// Close ends what is still running.
func (s *Stage) Close() {
	all := []*process.Process{s.Partners}
	for _, node := range s.Nodes {
		all = append(all, node.Process)
	}
	for _, p := range all {
		if p != nil {
			p.Kill()
		}
	}
	if s.Network != nil {
		// Its processes end with this one whatever Down says.
		_ = StopNetwork(s.Network)
	}
}
