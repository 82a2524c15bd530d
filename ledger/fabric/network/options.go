package network

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Company is a member of the alliance.
type Company struct {
	Name string `json:"name"` // 2 to 16 of a-z, 0-9 and -, starting with a letter
	MSP  string `json:"msp"`
}

// Companies returns the alliance that a network has when nothing else is said:
// the utility and three partners.
func Companies() []Company {
	return []Company{{"utility", "UtilityMSP"}, {"sky", "SkyMSP"}, {"mart", "MartMSP"}, {"tel", "TelMSP"}}
}

// Options say what network to make. A folder that has one already keeps what it
// was made with; then only Dir, Programs, Chaincode, Attached, Progress and Now
// count.
type Options struct {
	// Dir is the network's folder. It is made if it is not there.
	Dir string
	// Orderers is 1 or 3; 0 means 1.
	Orderers int
	// Companies are the utility, first, and its partners; nil means [Companies].
	Companies []Company
	// Blocks says how transactions are gathered.
	Blocks Blocks
	// ClockTolerance is how far the time of a proposal, which is the ledger's, may
	// be from the clock of peers and orderers; 0 means 15 minutes. A sandbox whose
	// clock can be moved needs more.
	ClockTolerance time.Duration
	// Validity is how long the certificates of peers, orderers and people are
	// valid; 0 means one year. Authorities are valid for ten.
	Validity time.Duration
	// Programs is a folder with the programs of Fabric. When empty they are built
	// once and kept in the user's cache folder, which needs Go.
	Programs string
	// Chaincode is the chaincode server's program. When empty it is looked for
	// beside this program, and otherwise built from the module's source.
	Chaincode string
	// Attached ends all processes with this one, however it ends (on Linux; elsewhere
	// only those that [Network.Down] can reach).
	Attached bool
	// Progress is told what is under way, a line at a time; nil tells nobody.
	Progress func(string)
	// Now is the time from which certificates are valid. It must be given.
	Now func() time.Time

	containers bool // what Lay and Join set
}

// Blocks says when orderers cut a block. A zero field has its default.
type Blocks struct {
	// MaxMessages cuts at once when as many transactions wait; 1: a lane has one in
	// flight and waits for it, so there is nothing to wait for.
	MaxMessages int `json:"max_messages"`
	// Timeout is how long fewer transactions wait for others; 20 ms.
	Timeout time.Duration `json:"timeout"`
	// PreferredBytes is the size from which a transaction is a block of its own, at
	// once; 32 KiB. A batch of more than a hundred commands is.
	PreferredBytes int `json:"preferred_bytes"`
}

// absoluteBytes is the largest transaction: what messages may have, less some.
const absoluteBytes = 98 << 20

// Limits of a network on one machine.
const companiesMax = 32

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{1,15}$`)
var mspPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.-]{0,63}$`)

// filled returns the options with defaults, or what is wrong with them.
func (o Options) filled() (Options, error) {
	if o.Orderers == 0 {
		o.Orderers = 1
	}
	if o.Companies == nil {
		o.Companies = Companies()
	}
	if o.Blocks.Timeout == 0 {
		o.Blocks.Timeout = 20 * time.Millisecond
	}
	if o.Blocks.MaxMessages == 0 {
		o.Blocks.MaxMessages = 1
	}
	if o.Blocks.PreferredBytes == 0 {
		o.Blocks.PreferredBytes = 32 << 10
	}
	if o.ClockTolerance == 0 {
		o.ClockTolerance = 15 * time.Minute
	}
	if o.Validity == 0 {
		o.Validity = 365 * 24 * time.Hour
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o, o.validate()
}

func (o *Options) validate() error {
	switch {
	case o.Dir == "":
		return errors.New("network: no folder was given")
	case o.Now == nil:
		return errors.New("network: no clock was given")
	case o.Orderers != 1 && o.Orderers != 3:
		return fmt.Errorf("network: %d orderers; an odd number that can agree is 1 or 3", o.Orderers)
	case len(o.Companies) < 2 || len(o.Companies) > companiesMax:
		return fmt.Errorf("network: %d companies, must be 2 to %d: the utility and its partners", len(o.Companies), companiesMax)
	case o.Blocks.Timeout < time.Millisecond || o.Blocks.Timeout > 10*time.Second:
		return fmt.Errorf("network: blocks wait %s, must be 1ms to 10s", o.Blocks.Timeout)
	case o.Blocks.MaxMessages < 1 || o.Blocks.PreferredBytes < 1 || o.Blocks.PreferredBytes > absoluteBytes:
		return fmt.Errorf("network: blocks of %d messages and %d bytes; must be at least 1, and at most %d bytes",
			o.Blocks.MaxMessages, o.Blocks.PreferredBytes, absoluteBytes)
	}
	seen := map[string]bool{ordererCompany.Name: true, ordererCompany.MSP: true}
	for _, c := range o.Companies {
		if err := c.validate(); err != nil {
			return err
		}
		if seen[c.Name] || seen[c.MSP] {
			return fmt.Errorf("network: company %s (%s) has the name or the MSP of another", c.Name, c.MSP)
		}
		seen[c.Name], seen[c.MSP] = true, true
	}
	return nil
}

func (c Company) validate() error {
	if !namePattern.MatchString(c.Name) {
		return fmt.Errorf("network: company name %q is not 2 to 16 of a-z, 0-9 and -, starting with a letter", c.Name)
	}
	if !mspPattern.MatchString(c.MSP) {
		return fmt.Errorf("network: company %s: MSP %q is not letters, digits, . and -, starting with a letter", c.Name, c.MSP)
	}
	return nil
}
