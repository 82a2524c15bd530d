package config

import "time"

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
	Target    time.Duration `yaml:"target" env:"TARGET" doc:"How long one that waits for no partner's system may take on average, 1ms to 10s: fewer are worked on at once while they take longer, and under a lasting overload one waits no longer than this. 0 is 150ms on the embedded ledger and 400ms on Fabric."`
}

// AccessLog says how long uses of credentials are kept.
type AccessLog struct {
	Keep    time.Duration `yaml:"keep" env:"KEEP" doc:"How long entries are kept, 1h to 17520h."`
	Entries int           `yaml:"entries" env:"ENTRIES" doc:"Most entries that are kept, at least 1000; the oldest go first."`
}
