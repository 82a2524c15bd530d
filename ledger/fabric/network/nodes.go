package network

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Names of the processes.
func peerName(company string) string     { return "peer." + company }
func chaincodeOf(company string) string  { return "chaincode." + company }
func (o *orderer) folder(s *site) string { return s.company(ordererCompany.Name, o.Name) }
func (m *member) folder(s *site) string  { return s.company(m.Name) }
func nextOf(company string) string       { return chaincodeOf(company) + ".next" }
func (s *site) process(n string) process {
	return process{name: n, file: s.processFile(n), run: s.path("run"), logs: s.path("logs")}
}
func (s *site) configFolder() string   { return s.path("config") }
func (s *site) builderFolder() string  { return s.path("config", "builder") }
func (s *site) genesisBlock() string   { return s.path("channel.block") }
func (s *site) ordererTLSRoot() string { return s.company(ordererCompany.Name, "tlsca", "ca.crt") }
func (s *site) processes() (all []string) {
	for _, o := range s.Orderers {
		all = append(all, o.Name)
	}
	for _, m := range s.Companies {
		all = append(all, peerName(m.Name), chaincodeOf(m.Name))
		if m.Next != nil {
			all = append(all, nextOf(m.Name))
		}
	}
	return all
}

// environment is what every process has: what it needs to find programs and
// folders, and nothing else of the environment of whoever starts it.
func environment(more ...string) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return append(env, more...)
}

// Peers and orderers log what they have to warn of, without colours.
const (
	logLevel  = "FABRIC_LOGGING_SPEC=warning"
	logFormat = "FABRIC_LOGGING_FORMAT=%{time:2006-01-02T15:04:05.000Z07:00} %{level} [%{module}] %{message}"
)

func (n *Network) ordererProgram(o *orderer) program {
	s, dir := n.site, o.folder(n.site)
	tls := filepath.Join(dir, "tls")
	cert, key, root := filepath.Join(tls, "server.crt"), filepath.Join(tls, "server.key"), filepath.Join(tls, "ca.crt")
	return program{path: filepath.Join(n.programs, "orderer"), env: environment(logLevel, logFormat,
		"FABRIC_CFG_PATH="+s.configFolder(),
		"ORDERER_GENERAL_LISTENADDRESS=127.0.0.1",
		"ORDERER_GENERAL_LISTENPORT="+strconv.Itoa(o.Port),
		"ORDERER_GENERAL_LOCALMSPID="+ordererCompany.MSP,
		"ORDERER_GENERAL_LOCALMSPDIR="+filepath.Join(dir, "msp"),
		"ORDERER_GENERAL_TLS_CERTIFICATE="+cert,
		"ORDERER_GENERAL_TLS_PRIVATEKEY="+key,
		"ORDERER_GENERAL_TLS_ROOTCAS=["+root+"]",
		"ORDERER_GENERAL_AUTHENTICATION_TIMEWINDOW="+s.ClockTolerance.String(),
		"ORDERER_FILELEDGER_LOCATION="+filepath.Join(dir, "data", "ledger"),
		"ORDERER_CONSENSUS_WALDIR="+filepath.Join(dir, "data", "wal"),
		"ORDERER_CONSENSUS_SNAPDIR="+filepath.Join(dir, "data", "snapshots"),
		"ORDERER_OPERATIONS_LISTENADDRESS="+address(o.Operations),
		"ORDERER_ADMIN_LISTENADDRESS="+address(o.Admin),
		"ORDERER_ADMIN_TLS_CERTIFICATE="+cert,
		"ORDERER_ADMIN_TLS_PRIVATEKEY="+key,
		"ORDERER_ADMIN_TLS_ROOTCAS=["+root+"]",
		"ORDERER_ADMIN_TLS_CLIENTROOTCAS=["+root+"]",
	)}
}

func (n *Network) peerProgram(m *member) program {
	s, dir := n.site, m.folder(n.site)
	tls := filepath.Join(dir, "peer", "tls")
	return program{path: filepath.Join(n.programs, "peer"), args: []string{"node", "start"}, env: environment(logLevel, logFormat,
		"FABRIC_CFG_PATH="+s.configFolder(),
		"CORE_PEER_ID="+peerName(m.Name),
		"CORE_PEER_ADDRESS="+address(m.Peer),
		"CORE_PEER_LISTENADDRESS="+address(m.Peer),
		"CORE_PEER_GOSSIP_BOOTSTRAP="+address(m.Peer),
		"CORE_PEER_LOCALMSPID="+m.MSP,
		"CORE_PEER_MSPCONFIGPATH="+filepath.Join(dir, "peer", "msp"),
		"CORE_PEER_TLS_CERT_FILE="+filepath.Join(tls, "server.crt"),
		"CORE_PEER_TLS_KEY_FILE="+filepath.Join(tls, "server.key"),
		"CORE_PEER_TLS_ROOTCERT_FILE="+filepath.Join(tls, "ca.crt"),
		"CORE_PEER_AUTHENTICATION_TIMEWINDOW="+s.ClockTolerance.String(),
		"CORE_PEER_FILESYSTEMPATH="+filepath.Join(dir, "peer", "data"),
		"CORE_LEDGER_SNAPSHOTS_ROOTDIR="+filepath.Join(dir, "peer", "data", "snapshots"),
		"CORE_OPERATIONS_LISTENADDRESS="+address(m.Operations),
		"CORE_CHAINCODE_EXTERNALBUILDERS=[{name: loopback, path: "+strconv.Quote(s.builderFolder())+"}]",
	)}
}

func (n *Network) chaincodeProgram(m *member) program {
	dir := filepath.Join(m.folder(n.site), "chaincode")
	return program{path: n.chaincode, env: environment(
		"CHAINCODE_SERVER_ADDRESS="+address(m.Chaincode),
		"CHAINCODE_ID="+m.PackageID,
		"CHAINCODE_TLS_CERT="+filepath.Join(dir, "server.crt"),
		"CHAINCODE_TLS_KEY="+filepath.Join(dir, "server.key"),
		// The peer's own certificate and no other: the authority issues more.
		"CHAINCODE_CLIENT_CA_CERT="+filepath.Join(dir, "client.crt"),
	)}
}

// programOf returns what a process executes and where it can be reached once it
// is up.
func (n *Network) programOf(name string) (what program, addresses []string, ok bool) {
	for _, o := range n.site.Orderers {
		if o.Name == name {
			return n.ordererProgram(o), []string{n.site.adminAt(o), n.site.ordererAt(o)}, true
		}
	}
	for _, m := range n.site.Companies {
		switch name {
		case peerName(m.Name):
			return n.peerProgram(m), []string{n.site.peerAt(m)}, true
		case chaincodeOf(m.Name):
			return n.chaincodeProgram(m), []string{n.site.chaincodeAt(m)}, true
		case nextOf(m.Name):
			if next := m.replaced(n.site.Upgrade); next != nil {
				return n.chaincodeProgram(next), []string{n.site.chaincodeAt(next)}, true
			}
		}
	}
	return program{}, nil, false
}

// list joins names for people.
func list(names []string) string { return strings.Join(names, ", ") }
