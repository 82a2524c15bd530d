// Package config is the gateway's configuration: a YAML file, overridden by
// environment variables. Every option carries its documentation; unknown keys
// are refused.
package config

import "time"

// Config is everything that can be set. The doc tag is what [Example] prints,
// the env tag the variable's name behind POINTGRID_.
type Config struct {
	Listen                 string `yaml:"listen" env:"LISTEN" doc:"Address and port the gateway listens on."`
	URL                    string `yaml:"url" env:"URL" doc:"Public base URL, the issuer of access tokens. Empty: http:// and the address listened on."`
	DataDir                string `yaml:"data_dir" env:"DATA_DIR" doc:"Folder of the ledger, the database, keys and statements. Needed."`
	DatabaseURL            string `yaml:"database_url" env:"DATABASE_URL" doc:"PostgreSQL database of the operational state, as postgres://user:password@host:5432/name. Empty: a SQLite file in the data folder. Better set by the environment, because it is a secret. On another machine it wants sslmode=verify-full."`
	DatabaseAllowPlaintext bool   `yaml:"database_allow_plaintext" env:"DATABASE_ALLOW_PLAINTEXT" doc:"Allow a database on another machine without TLS, or without its certificate being verified, inside a network of our own. Never in production."`
	Sandbox                bool   `yaml:"sandbox" env:"SANDBOX" doc:"Allow the clock to be moved by POST /v1/sandbox/clock. Never in production."`

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

// Log says what is logged.
type Log struct {
	Level  string `yaml:"level" env:"LEVEL" doc:"debug, info, warn or error. Requests are logged at info, those that we failed at error."`
	Format string `yaml:"format" env:"FORMAT" doc:"json or text."`
	Every  int    `yaml:"every" env:"EVERY" doc:"Of the requests that went well one in so many is logged, at least 1."`
}

// Traces says where OpenTelemetry traces go.
type Traces struct {
	Endpoint  string  `yaml:"endpoint" env:"ENDPOINT" doc:"URL of an OTLP/HTTP collector, such as http://127.0.0.1:4318/v1/traces. Empty: the standard variable OTEL_EXPORTER_OTLP_ENDPOINT, and without that nothing is traced."`
	AllowHTTP bool    `yaml:"allow_http" env:"ALLOW_HTTP" doc:"Allow http to a collector on another machine, inside a network of our own. Never in production."`
	Share     float64 `yaml:"share" env:"SHARE" doc:"Share of the traces that begin here which are recorded, 0 to 1. A request that comes with a traceparent keeps its decision."`
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
	Billing        string        `yaml:"billing" env:"BILLING" doc:"Base URL of the billing system that credits bills, https unless its host is this machine; docs/mall.md has what is spoken. Empty: bill credits are not sold."`
	Payments       string        `yaml:"payments" env:"PAYMENTS" doc:"Base URL of the payment provider, https unless its host is this machine. Empty: prices with cash are not sold."`
	AllowHTTP      bool          `yaml:"allow_http" env:"ALLOW_HTTP" doc:"Allow http to billing and payments on other machines, inside a network of our own. Never in production."`
	Timeout        time.Duration `yaml:"timeout" env:"TIMEOUT" doc:"Longest time for one call to either, 100ms to 30s."`
	FourEyes       bool          `yaml:"four_eyes" env:"FOUR_EYES" doc:"A new product, and another price, are proposed by one and approved by another."`
	OfferTTL       time.Duration `yaml:"offer_ttl" env:"OFFER_TTL" doc:"How long a price that was shown can be ordered at, 1m to 24h."`
	Deadline       time.Duration `yaml:"deadline" env:"DEADLINE" doc:"How long a system outside is asked for an unknown outcome before the order is taken back, 1s to 24h."`
	DispatchWithin time.Duration `yaml:"dispatch_within" env:"DISPATCH_WITHIN" doc:"How long an order may wait to be sent off before it is cancelled, 1h to 2160h."`
	Identity       Identity      `yaml:"identity" envPrefix:"IDENTITY_"`
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
