package network

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"text/template"
	"time"

	"github.com/pointgrid/pointgrid/deploy/fabric"
)

// ledgerPolicy is where the channel says who must endorse a change of the
// ledger; see the package's documentation.
const ledgerPolicy = "/Channel/Application/Ledger"

// ledgerRule demands the utility and one partner, whichever it is: nobody
// changes the ledger alone.
func ledgerRule(companies []*member) string {
	partners := make([]string, 0, len(companies))
	for _, c := range companies[1:] {
		partners = append(partners, fmt.Sprintf("'%s.peer'", c.MSP))
	}
	return fmt.Sprintf("AND('%s.peer', OR(%s))", companies[0].MSP, strings.Join(partners, ", "))
}

// channelConfig is what the template of the channel's configuration takes.
type channelConfig struct {
	BatchTimeout      time.Duration
	MaxMessageCount   int
	PreferredMaxBytes int
	AbsoluteMaxBytes  int
	TickInterval      time.Duration
	Orderers          []consenter
	OrdererCompany    channelCompany
	Companies         []channelCompany
	LedgerRule        string
}

type consenter struct {
	Host, TLSCert string
	Port          int
}

type channelCompany struct{ MSP, MSPDir string }

// raftTick is the beat of the orderers: a leader that is silent for ten is
// replaced.
const raftTick = 100 * time.Millisecond

// channelConfig renders the channel's configuration as it begins with the
// companies there are.
func (s *site) channelConfig() ([]byte, error) {
	c := channelConfig{
		BatchTimeout: s.Blocks.Timeout, MaxMessageCount: s.Blocks.MaxMessages,
		PreferredMaxBytes: s.Blocks.PreferredBytes, AbsoluteMaxBytes: absoluteBytes, TickInterval: raftTick,
		OrdererCompany: channelCompany{ordererCompany.MSP, s.company(ordererCompany.Name, "msp")},
		LedgerRule:     ledgerRule(s.Companies),
	}
	for _, o := range s.Orderers {
		c.Orderers = append(c.Orderers, consenter{s.host(o.Name), s.company(ordererCompany.Name, o.Name, "tls", "server.crt"), o.Port})
	}
	for _, m := range s.Companies {
		c.Companies = append(c.Companies, channelCompany{m.MSP, s.company(m.Name, "msp")})
	}
	text, err := fs.ReadFile(fabric.Files, "configtx.yaml.tmpl")
	if err != nil {
		return nil, err
	}
	t, err := template.New("configtx.yaml").Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, c)
	return b.Bytes(), err
}
