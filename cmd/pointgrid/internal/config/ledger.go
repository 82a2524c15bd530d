package config

import "time"

// Alliance is what all companies agreed on.
type Alliance struct {
	Hub      string `yaml:"hub" env:"HUB" doc:"Code of the electricity points."`
	MSP      string `yaml:"msp" env:"MSP" doc:"Identity of the utility on the ledger."`
	TimeZone string `yaml:"time_zone" env:"TIME_ZONE" doc:"Time zone of the business day, an IANA name."`
	CutOff   string `yaml:"cut_off" env:"CUT_OFF" doc:"Wall-clock time, HH:MM, at which a window closes."`
}

// Homes of the ledger.
const (
	Embedded = "embedded"
	Fabric   = "fabric"
)

// Ledger says where the ledger is.
type Ledger struct {
	Home            string        `yaml:"home" env:"HOME" doc:"embedded (in this process, in the data folder) or fabric (on a Hyperledger Fabric network)."`
	Profile         string        `yaml:"profile" env:"PROFILE" doc:"Connection profile of the network, as pointgrid fabric up writes it. Needed for fabric."`
	SignFor         []string      `yaml:"sign_for" env:"SIGN_FOR" doc:"Identities, besides the utility's, that the gateway may sign as because the profile has their keys: partners' in a sandbox, none in production."`
	BatchMax        int           `yaml:"batch_max" env:"BATCH_MAX" doc:"Most commands in one ledger transaction, 1 to 4096; 0 is 4096. Small numbers are for measuring."`
	Lanes           uint32        `yaml:"lanes" env:"LANES" doc:"Lanes over which accounts are spread, each with one transaction under way. The ledger's number is raised to this and never falls; 0 leaves it, and a new ledger has 1. More are of use on fabric, when the queue of one does not empty."`
	CheckpointEvery time.Duration `yaml:"checkpoint_every" env:"CHECKPOINT_EVERY" doc:"Longest time until a receipt is no longer provisional, 100ms to 1m."`
}

// Cluster makes this gateway one of several on one database and one network.
type Cluster struct {
	Listen  string `yaml:"listen" env:"LISTEN" doc:"Address and port on which this gateway listens for the other gateways of its cluster, as 10.0.0.5:7443. Empty: it is alone. Needs database_url, a ledger on fabric, url, and a data_dir that all gateways share."`
	Address string `yaml:"address" env:"ADDRESS" doc:"Address and port under which the others reach it. Empty: that of cluster.listen."`
}

// Enabled reports whether there is to be a cluster.
func (c Cluster) Enabled() bool { return c.Listen != "" }

// Exchange tunes quotes and conversions.
type Exchange struct {
	QuoteTTL time.Duration `yaml:"quote_ttl" env:"QUOTE_TTL" doc:"How long a quote can be used, 1s to 1h."`
	Deadline time.Duration `yaml:"deadline" env:"DEADLINE" doc:"How long a partner is asked for an unknown outcome before it is taken back and an operator is told, 1s to 24h."`
	// DayShare is a member's of the lowest tier.
	DayShare int64 `yaml:"day_share_percent" env:"DAY_SHARE_PERCENT" doc:"How much of an agreement's daily cap a member of the lowest tier may convert, 1 to 100 percent. A tier's limits_percent raises it, up to the whole cap. 100: the whole cap for everybody."`
}

// Projection is the copy of the ledger's transfers in the database.
type Projection struct {
	Enabled bool `yaml:"enabled" env:"ENABLED" doc:"Keep a copy of the ledger's transfers and accounts in the database, for histories. It costs 30 to 40 microseconds of a core for each transfer."`
}
