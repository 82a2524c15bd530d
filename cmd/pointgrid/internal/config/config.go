// Package config is the gateway's configuration: a YAML file, overridden by
// environment variables. Every option carries its documentation; unknown keys
// are refused.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"go.yaml.in/yaml/v3"
)

// Config is everything that can be set. The doc tag is what [Example] prints,
// the env tag the variable's name behind POINTGRID_.
type Config struct {
	Listen      string `yaml:"listen" env:"LISTEN" doc:"Address and port the gateway listens on."`
	URL         string `yaml:"url" env:"URL" doc:"Public base URL, the issuer of access tokens. Empty: http:// and the address listened on."`
	DataDir     string `yaml:"data_dir" env:"DATA_DIR" doc:"Folder of the ledger, the database, keys and statements. Needed."`
	DatabaseURL string `yaml:"database_url" env:"DATABASE_URL" doc:"PostgreSQL database of the operational state, as postgres://user:password@host:5432/name. Empty: a SQLite file in the data folder. Better set by the environment, because it is a secret."`
	Sandbox     bool   `yaml:"sandbox" env:"SANDBOX" doc:"Allow the clock to be moved by POST /v1/sandbox/clock. Never in production."`

	Profile string `yaml:"profile" env:"PROFILE" doc:"Loopback address and port for Go's profiler (net/http/pprof). Empty: off."`

	Alliance   Alliance   `yaml:"alliance" envPrefix:"ALLIANCE_"`
	Log        Log        `yaml:"log" envPrefix:"LOG_"`
	Ledger     Ledger     `yaml:"ledger" envPrefix:"LEDGER_"`
	Cluster    Cluster    `yaml:"cluster" envPrefix:"CLUSTER_"`
	Exchange   Exchange   `yaml:"exchange" envPrefix:"EXCHANGE_"`
	Tokens     Tokens     `yaml:"tokens" envPrefix:"TOKENS_"`
	Traces     Traces     `yaml:"traces" envPrefix:"TRACES_"`
	Projection Projection `yaml:"projection" envPrefix:"PROJECTION_"`
	Webhooks   Webhooks   `yaml:"webhooks" envPrefix:"WEBHOOKS_"`
	Mall       Mall       `yaml:"mall" envPrefix:"MALL_"`
	TLS        TLS        `yaml:"tls" envPrefix:"TLS_"`
	Metrics    Metrics    `yaml:"metrics" envPrefix:"METRICS_"`
	Staff      Staff      `yaml:"staff" envPrefix:"STAFF_"`
	Proxies    Proxies    `yaml:"proxies" envPrefix:"PROXIES_"`
	Limits     Limits     `yaml:"limits" envPrefix:"LIMITS_"`
	AccessLog  AccessLog  `yaml:"access_log" envPrefix:"ACCESS_LOG_"`
	Settlement Settlement `yaml:"settlement" envPrefix:"SETTLEMENT_"`
	Rewards    Rewards    `yaml:"rewards" envPrefix:"REWARDS_"`
	Support    Support    `yaml:"support" envPrefix:"SUPPORT_"`

	Reconciliation Reconciliation `yaml:"reconciliation" envPrefix:"RECONCILIATION_"`

	Utility   Utility   `yaml:"utility"`
	Companies []Partner `yaml:"partners" doc:"The companies of the alliance, one entry each."`
}

// Alliance is what all companies agreed on.
type Alliance struct {
	Hub      string `yaml:"hub" env:"HUB" doc:"Code of the electricity points."`
	MSP      string `yaml:"msp" env:"MSP" doc:"Identity of the utility on the ledger."`
	TimeZone string `yaml:"time_zone" env:"TIME_ZONE" doc:"Time zone of the business day, an IANA name."`
	CutOff   string `yaml:"cut_off" env:"CUT_OFF" doc:"Wall-clock time, HH:MM, at which a window closes."`
}

// Log says what is logged.
type Log struct {
	Level  string `yaml:"level" env:"LEVEL" doc:"debug, info, warn or error. Requests are logged at info, those that we failed at error."`
	Format string `yaml:"format" env:"FORMAT" doc:"json or text."`
	Every  int    `yaml:"every" env:"EVERY" doc:"Of the requests that went well one in so many is logged, at least 1."`
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

// Traces says where OpenTelemetry traces go.
type Traces struct {
	Endpoint string  `yaml:"endpoint" env:"ENDPOINT" doc:"URL of an OTLP/HTTP collector, such as http://127.0.0.1:4318/v1/traces. Empty: the standard variable OTEL_EXPORTER_OTLP_ENDPOINT, and without that nothing is traced."`
	Share    float64 `yaml:"share" env:"SHARE" doc:"Share of the traces that begin here which are recorded, 0 to 1. A request that comes with a traceparent keeps its decision."`
}

// Projection is the copy of the ledger's transfers in the database.
type Projection struct {
	Enabled bool `yaml:"enabled" env:"ENABLED" doc:"Keep a copy of the ledger's transfers and accounts in the database, for histories. It costs 30 to 40 microseconds of a core for each transfer."`
}

// Webhooks says how partners are told of events.
type Webhooks struct {
	AllowNetworks []string      `yaml:"allow_networks" env:"ALLOW_NETWORKS" doc:"Networks, such as 127.0.0.0/8, whose addresses may be called although they are not on the public internet. Empty in production."`
	AllowHTTP     bool          `yaml:"allow_http" env:"ALLOW_HTTP" doc:"Allow endpoints without TLS. Never in production."`
	Timeout       time.Duration `yaml:"timeout" env:"TIMEOUT" doc:"Longest time for one attempt, 1s to 30s."`
	Concurrency   int           `yaml:"concurrency" env:"CONCURRENCY" doc:"Messages under way to one endpoint at once, 1 to 256."`
	DisableAfter  time.Duration `yaml:"disable_after" env:"DISABLE_AFTER" doc:"How long an endpoint may fail before it is disabled, 1h to 720h."`
	Keep          time.Duration `yaml:"keep" env:"KEEP" doc:"How long messages that were delivered, or failed, are kept, 24h to 8760h."`
}

// Mall says what orders lean on and how long they wait.
type Mall struct {
	Billing        string        `yaml:"billing" env:"BILLING" doc:"Base URL of the billing system that credits bills; docs/mall.md has what is spoken. Empty: bill credits are not sold."`
	Payments       string        `yaml:"payments" env:"PAYMENTS" doc:"Base URL of the payment provider. Empty: prices with cash are not sold."`
	Timeout        time.Duration `yaml:"timeout" env:"TIMEOUT" doc:"Longest time for one call to either, 100ms to 30s."`
	FourEyes       bool          `yaml:"four_eyes" env:"FOUR_EYES" doc:"A new product, and another price, are proposed by one and approved by another."`
	OfferTTL       time.Duration `yaml:"offer_ttl" env:"OFFER_TTL" doc:"How long a price that was shown can be ordered at, 1m to 24h."`
	Deadline       time.Duration `yaml:"deadline" env:"DEADLINE" doc:"How long a system outside is asked for an unknown outcome before the order is taken back, 1s to 24h."`
	DispatchWithin time.Duration `yaml:"dispatch_within" env:"DISPATCH_WITHIN" doc:"How long an order may wait to be sent off before it is cancelled, 1h to 2160h."`
	Identity       Identity      `yaml:"identity" envPrefix:"IDENTITY_"`
}

// Tokens tunes access tokens.
type Tokens struct {
	TTL  time.Duration `yaml:"ttl" env:"TTL" doc:"Lifetime of an access token, 5m to 10m."`
	FAPI bool          `yaml:"fapi" env:"FAPI" doc:"Keep to the FAPI 2.0 Security Profile in what is left open otherwise: every token is bound to a client certificate, assertions name the issuer alone as audience, and are not signed with RS256."`
}

// TLS is how the gateway encrypts by itself.
type TLS struct {
	Cert         string `yaml:"cert" env:"CERT" doc:"File with the certificate and those between it and the root, PEM. With key the gateway speaks TLS only; changed files are taken up within a minute. Empty: a proxy before it does."`
	Key          string `yaml:"key" env:"KEY" doc:"File with the certificate's private key, PEM, readable by the owner only."`
	Certificates bool   `yaml:"certificates" env:"CERTIFICATES" doc:"Ask clients for their certificates, to which access tokens can then be bound (RFC 8705). That browsers ask their users too is the price."`
}

// Metrics says who may read them.
type Metrics struct {
	Networks []string `yaml:"networks" env:"NETWORKS" doc:"Networks, such as 10.0.0.0/8, that may read /metrics besides the machine itself. Metrics count what each partner does, which is no business of the others."`
}

// Staff says how strictly staff sign in.
type Staff struct {
	SecondFactor string `yaml:"second_factor" env:"SECOND_FACTOR" doc:"required (without one nothing opens but the page that sets it up) or optional."`
	Breached     string `yaml:"breached_passwords" env:"BREACHED_PASSWORDS" doc:"File with stolen passwords that nobody may choose: lines of a SHA-1 in hexadecimal digits, ascending, as haveibeenpwned.com publishes them. Empty: none is looked up."`
}

// What a second factor can be.
const (
	Required = "required"
	Optional = "optional"
)

// Proxies are those that stand between callers and the gateway.
type Proxies struct {
	Trusted      []string `yaml:"trusted" env:"TRUSTED" doc:"Networks of our own proxies, as 10.0.0.0/8. Only of these is X-Forwarded-For believed; of nobody when empty."`
	Certificates bool     `yaml:"certificates" env:"CERTIFICATES" doc:"The proxies ask for client certificates, verify them, and always replace or remove the header Client-Cert (RFC 9440). Otherwise it is not believed."`
}

// Limits are what may be asked for in a minute.
type Limits struct {
	Read      int64         `yaml:"read" env:"READ" doc:"Requests of one client that change nothing, in a minute."`
	Write     int64         `yaml:"write" env:"WRITE" doc:"Requests of one client that change something, in a minute."`
	Convert   int64         `yaml:"convert" env:"CONVERT" doc:"Conversions and reversals of one client, each of a batch counted, in a minute."`
	Tokens    int64         `yaml:"tokens" env:"TOKENS" doc:"Access tokens asked for from one address, in a minute."`
	Strangers int64         `yaml:"strangers" env:"STRANGERS" doc:"Requests without a good token from one address, in a minute."`
	InFlight  int           `yaml:"in_flight" env:"IN_FLIGHT" doc:"Conversions and reversals that are worked on at once, shared fairly by the companies that ask, at least 1."`
	Patience  time.Duration `yaml:"patience" env:"PATIENCE" doc:"How long one waits for its turn before it is answered busy, 10ms to 30s."`
	Target    time.Duration `yaml:"target" env:"TARGET" doc:"How long one that waits for no partner's system may take on average, 1ms to 10s: fewer are worked on at once while they take longer, and under a lasting overload one waits no longer than this. 0 is 100ms on the embedded ledger and 400ms on Fabric."`
}

// AccessLog says how long uses of credentials are kept.
type AccessLog struct {
	Keep    time.Duration `yaml:"keep" env:"KEEP" doc:"How long entries are kept, 1h to 17520h."`
	Entries int           `yaml:"entries" env:"ENTRIES" doc:"Most entries that are kept, at least 1000; the oldest go first."`
}

// Settlement says how nights are paid and booked.
type Settlement struct {
	Holidays string  `yaml:"holidays" env:"HOLIDAYS" doc:"File with the public holidays of further years, in the form of settlement/calendar/china.json. Empty: those built in, 2024 to 2026. The notice for a year comes in November before."`
	Journal  Journal `yaml:"journal" envPrefix:"JOURNAL_"`
}

// Journal are account codes of the utility's general ledger.
type Journal struct {
	Receivable string `yaml:"receivable" env:"RECEIVABLE" doc:"What partners owe. In each code {partner} stands for the partner's."`
	Payable    string `yaml:"payable" env:"PAYABLE" doc:"What partners are owed."`
	Liability  string `yaml:"liability" env:"LIABILITY" doc:"The other side of both: the liability for points that moved."`
	Bank       string `yaml:"bank" env:"BANK" doc:"The bank account."`
}

// BankAccount is where a company pays from and is paid.
type BankAccount struct {
	Name    string `yaml:"name" doc:"Name of the account's holder, as the bank has it. Empty: no payments with this company."`
	Account string `yaml:"account" doc:"Number of the account, 1 to 34 letters, digits and hyphens."`
	BIC     string `yaml:"bic" doc:"The bank's BIC, 8 or 11 characters; this or cnaps is needed."`
	CNAPS   string `yaml:"cnaps" doc:"The bank's CNAPS number, 12 digits."`
}

// Netting is how a partner settles.
type Netting struct {
	GrossIn   bool   `yaml:"gross_in" doc:"Conversions of its points into electricity points are paid by themselves, and not set off."`
	GrossOut  bool   `yaml:"gross_out" doc:"Conversions of electricity points into its points are paid by themselves."`
	Clears    bool   `yaml:"clears" doc:"Conversions between partners that clear are netted together, with the utility as clearing house."`
	Threshold string `yaml:"threshold" doc:"The least, in yuan, that is paid; what is below it is carried to the next window. Empty: 0.01."`
}

// Reconciliation says how statements are taken in and breaks are resolved.
type Reconciliation struct {
	Folder      string `yaml:"folder" env:"FOLDER" doc:"Watched folder with a folder per partner, named by its code, into which statements are put. Empty: none is watched."`
	BytesMax    int64  `yaml:"bytes_max" env:"BYTES_MAX" doc:"Largest statement in bytes, 1048576 to 8589934592."`
	WriteOffMax int64  `yaml:"write_off_max" env:"WRITE_OFF_MAX" doc:"Most that one write-off may be, in whole yuan; 0 forbids them."`
	DueDays     int    `yaml:"due_days" env:"DUE_DAYS" doc:"In how many days a break should be resolved, 1 to 90."`
}

// Sources of statements that are fetched or found; any statement may also come by
// POST /v1/statements or by the console.
const (
	FromAPI       = "api"
	FromFolder    = "folder"
	FromConnector = "connector"
)

// Statement says how a partner's statement of the day comes and is read.
type Statement struct {
	Source    string        `yaml:"source" doc:"api (the partner sends it, or it is uploaded in the console; the default), folder (it is put into reconciliation.folder) or connector (it is fetched from the Connector API)."`
	After     time.Duration `yaml:"after" doc:"How long after the cut-off it is fetched from the Connector API, default 5m: what was under way at the cut-off must be in it."`
	Due       time.Duration `yaml:"due" doc:"How long after the cut-off it must be there, default 10h."`
	Tolerance Tolerance     `yaml:"tolerance"`
	Layout    Layout        `yaml:"layout"`
}

// Tolerance is what is agreed not to be a break, or not one that keeps from signing.
type Tolerance struct {
	Amount   int64         `yaml:"amount" doc:"Largest difference of one movement, in smallest units of the partner's programme."`
	Late     time.Duration `yaml:"late" doc:"How near to the cut-off a movement may lie that the other book has in the next or the former window, default 10m."`
	LateDays int           `yaml:"late_days" doc:"For how many windows such a movement is waited for, default 1."`
	KeepDays int           `yaml:"keep_days" doc:"For how many windows the counterpart of any break is looked for, default 7."`
}

// Layout says how a partner writes its files. A statement in the form of the
// Connector API needs none of it.
type Layout struct {
	Columns      map[string][]string `yaml:"columns,omitempty" doc:"Names of columns, by field: transfer_id, reversal_id, reference, membership, kind, amount, debits, credits, points, status, date, time. Fields that are not here keep their usual names; an empty list says that there is no such column."`
	Kinds        map[string]string   `yaml:"kinds,omitempty" doc:"Words of the file for debit, credit, debit_reversal and credit_reversal."`
	Statuses     map[string]string   `yaml:"statuses,omitempty" doc:"Words of the file for completed, pending and failed."`
	Sign         string              `yaml:"sign" doc:"kind (the default: a column tells debits from credits), debit_negative, debit_positive or columns."`
	Dates        string              `yaml:"dates" doc:"ymd (the default), dmy or mdy: which of two short numbers is the month."`
	DecimalComma bool                `yaml:"decimal_comma" doc:"1.234,56 is one thousand and so on."`
	Delimiter    string              `yaml:"delimiter" doc:"Of a CSV file. Empty: it is found out."`
	Encoding     string              `yaml:"encoding" doc:"utf-8 or gb18030. Empty: it is found out."`
	Sheet        string              `yaml:"sheet" doc:"Name of the sheet of an XLSX file. Empty: the first."`
	Totals       []string            `yaml:"totals" doc:"Words with which a line of totals begins, besides the usual."`
	NoTotals     bool                `yaml:"no_totals" doc:"The file has no line of totals; otherwise one is required, because a file that was cut off looks whole without."`
	Repeats      bool                `yaml:"repeats" doc:"Lines that are the same in every field are allowed."`
}

// Utility is the company that runs the gateway.
type Utility struct {
	Bank    BankAccount `yaml:"bank"`
	Clients []Client    `yaml:"clients" doc:"Programs of the utility that may call the API."`
}

// Partner is one company.
type Partner struct {
	Code      string      `yaml:"code" doc:"2 to 16 of a-z, 0-9 and -, starting with a letter; fixed for ever."`
	Name      string      `yaml:"name" doc:"Name in English."`
	NameZH    string      `yaml:"name_zh" doc:"Name in Chinese."`
	Programme string      `yaml:"programme" doc:"Code of its points: 2 to 8 of A-Z and 0-9, starting with a letter; fixed for ever."`
	Scale     uint8       `yaml:"scale" doc:"Decimal places of its points, 0 to 6; fixed for ever."`
	MSP       string      `yaml:"msp" doc:"Its identity on the ledger."`
	In        string      `yaml:"in" doc:"callback (we debit through its connector) or push (it has debited already), for its points into electricity points."`
	Out       string      `yaml:"out" doc:"callback or push, for electricity points into its points."`
	Connector Connector   `yaml:"connector"`
	Statement Statement   `yaml:"statement"`
	Bank      BankAccount `yaml:"bank"`
	Netting   Netting     `yaml:"netting"`
	Scopes    []string    `yaml:"scopes" doc:"What it may give to clients that it makes itself. Empty: all but rewards, mall, support, sandbox and operator."`
	Clients   []Client    `yaml:"clients" doc:"Its programs that may call the API."`
}

// Connector is how a partner's Connector API is reached.
type Connector struct {
	URL         string        `yaml:"url" doc:"Base URL of the partner's Connector API, https unless its host is this machine."`
	AllowHTTP   bool          `yaml:"allow_http" doc:"Allow a url of http to another machine, inside a network of our own: what members convert is then read by whoever is between. Never in production."`
	Timeout     time.Duration `yaml:"timeout" doc:"Longest time for one call, default 5s."`
	MaxInFlight int           `yaml:"max_in_flight" doc:"Calls under way at once, default 64."`
	MaxQueue    int           `yaml:"max_queue" doc:"Calls waiting, default 1024; more are answered 503."`
}

// Client is a program with keys of its own.
type Client struct {
	ID      string   `yaml:"id" doc:"Its client_id."`
	Scopes  []string `yaml:"scopes" doc:"What it may ask for: quotes, conversions, agreements, links, settlements, webhooks, credentials, access_log, and of the utility rewards, mall, support, sandbox, operator."`
	KeyFile string   `yaml:"key_file" doc:"File with its public keys, as JWKS or PEM."`
	// SandboxKeyFile makes the portal's examples run as they are pasted.
	SandboxKeyFile string `yaml:"sandbox_key_file,omitempty" doc:"Only in a sandbox: where its private key lies, as the portal's examples show it."`
}

// Default returns the configuration before file and environment.
func Default() Config {
	return Config{
		Listen:   "127.0.0.1:8080",
		Alliance: Alliance{Hub: "EPT", MSP: "UtilityMSP", TimeZone: "Asia/Shanghai", CutOff: "00:00"},
		Log:      Log{Level: "info", Format: "json", Every: 1},
		Ledger:   Ledger{Home: Embedded, CheckpointEvery: time.Second},
		Exchange: Exchange{QuoteTTL: time.Minute, Deadline: 2 * time.Minute, DayShare: 100},
		Traces:   Traces{Share: 1},
		Tokens:   Tokens{TTL: 10 * time.Minute},
		Staff:    Staff{SecondFactor: Required},
		Webhooks: Webhooks{Timeout: 15 * time.Second, Concurrency: 16, DisableAfter: 120 * time.Hour, Keep: 720 * time.Hour},
		Mall:     Mall{Timeout: 5 * time.Second, FourEyes: true, OfferTTL: 30 * time.Minute, Deadline: 2 * time.Minute, DispatchWithin: 14 * 24 * time.Hour, Identity: defaultIdentity()},
		Limits: Limits{Read: 600_000, Write: 120_000, Convert: 2_000_000, Tokens: 6_000, Strangers: 600,
			InFlight: 2048, Patience: time.Second},
		Settlement: Settlement{
			Journal: Journal{Receivable: "1122.{partner}", Payable: "2202.{partner}", Liability: "2203", Bank: "1002"}},
		AccessLog:      AccessLog{Keep: 30 * 24 * time.Hour, Entries: 2_000_000},
		Reconciliation: Reconciliation{BytesMax: 512 << 20, WriteOffMax: 1000, DueDays: 5},
		Rewards:        Rewards{GraceDays: 60, PointValue: "0.01"},
		Support: Support{GoodwillLimit: 500, GoodwillDay: 2000, RemedyLimit: 5000, DisputeWithin: 90 * 24 * time.Hour, DueDays: 3, LotMonths: 24,
			ReviewWithin: 72 * time.Hour},
	}
}

// Scheme is what the gateway speaks where it listens: https with a certificate, http
// without.
func (c *Config) Scheme() string {
	if c.TLS.Cert != "" {
		return "https"
	}
	return "http"
}

const fileMax = 1 << 20

// Load reads a file, if path is not empty, and the environment (as
// [os.Environ]). Errors name the key and what would be right.
func Load(path string, environ []string) (Config, error) {
	c := Default()
	if path != "" {
		if err := c.readFile(path); err != nil {
			return Config{}, err
		}
	}
	if err := c.readEnviron(environ); err != nil {
		return Config{}, err
	}
	return c, c.Validate()
}

func (c *Config) readFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if info.Size() > fileMax {
		return fmt.Errorf("configuration: %s has %d bytes, at most %d", path, info.Size(), fileMax)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("configuration: %s: %w", path, err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("configuration: %s: has more than one YAML document", path)
	}
	return nil
}

const prefix = "POINTGRID_"

// otherVariables are read elsewhere: by tests, and by programs beside the gateway.
var otherVariables = []string{"POINTGRID_REQUIRE", "POINTGRID_CONFIG"}

func (c *Config) readEnviron(environ []string) error {
	known, err := knownVariables()
	if err != nil {
		return err
	}
	ours := map[string]string{}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if !known[name] {
			return fmt.Errorf("configuration: environment variable %s is not known; `pointgrid config` lists all", name)
		}
		ours[name] = value
	}
	if err := env.ParseWithOptions(c, env.Options{Environment: ours, Prefix: prefix}); err != nil {
		return fmt.Errorf("configuration: environment: %w", err)
	}
	return nil
}

func knownVariables() (map[string]bool, error) {
	params, err := env.GetFieldParamsWithOptions(&Config{}, env.Options{Prefix: prefix, Environment: map[string]string{}})
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	known := map[string]bool{}
	for _, p := range params {
		known[p.Key] = true
	}
	for _, name := range otherVariables {
		known[name] = true
	}
	return known, nil
}
