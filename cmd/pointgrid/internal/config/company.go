package config

import "time"

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
