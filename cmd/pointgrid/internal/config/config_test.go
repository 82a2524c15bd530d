package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pointgrid.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFileThenEnvironmentOverridesDefaults(t *testing.T) {
	path := write(t, "data_dir: /a\nexchange:\n  quote_ttl: 5s\n  deadline: 1m\n")
	c, err := config.Load(path, []string{"POINTGRID_EXCHANGE_DEADLINE=90s", "HOME=/root", "POINTGRID_REQUIRE=all"})
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "/a" || c.Exchange.QuoteTTL != 5*time.Second || c.Exchange.Deadline != 90*time.Second ||
		c.Alliance.TimeZone != "Asia/Shanghai" {
		t.Errorf("got %+v", c)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	cases := []struct {
		name, file string
		environ    []string
		want       string
	}{
		{"unknown key", "data_dir: /a\nlisten_adress: x\n", nil, "field listen_adress not found"},
		{"unknown variable", "data_dir: /a\n", []string{"POINTGRID_LISTN=x"}, "POINTGRID_LISTN is not known"},
		{"no data folder", "{}", nil, "data_dir: is missing"},
		{"bad duration", "data_dir: /a\nexchange: {quote_ttl: 5}\n", nil, "cannot unmarshal"},
		{"duration out of range", "data_dir: /a\nexchange: {quote_ttl: 2h}\n", nil, "not between 1s and 1h"},
		{"bad variable", "data_dir: /a\n", []string{"POINTGRID_EXCHANGE_DEADLINE=soon"}, "environment"},
		{"bad address", "data_dir: /a\nlisten: here\n", nil, "listen: \"here\" is not an address"},
		{"bad zone", "data_dir: /a\nalliance: {time_zone: Peking}\n", nil, "time zone \"Peking\""},
		{"bad cut-off", "data_dir: /a\nalliance: {cut_off: noon}\n", nil, "cut-off \"noon\""},
		{"half of TLS", "data_dir: /a\ntls: {cert: c.pem}\n", nil, "tls: cert and key belong together"},
		{"certificates without TLS", "data_dir: /a\ntls: {certificates: true}\n", nil, "tls.certificates: are shown in the handshake"},
		{"TLS under http", "data_dir: /a\nurl: http://x.example\ntls: {cert: c.pem, key: k.pem}\n", nil, "url: \"http://x.example\" is not https"},
		{"FAPI without certificates", "data_dir: /a\ntokens: {fapi: true}\n", nil, "tokens.fapi: binds tokens"},
		{"bad network of metrics", "data_dir: /a\nmetrics: {networks: [10.0.0.1/8]}\n", nil, "metrics.networks[0]: \"10.0.0.1/8\" is not a network"},
		{"a second factor that is neither", "data_dir: /a\nstaff: {second_factor: never}\n", nil, "staff.second_factor: \"never\" is not one of"},
		{"bad network", "data_dir: /a\nwebhooks: {allow_networks: [10.0.0.1]}\n", nil, "webhooks.allow_networks[0]: \"10.0.0.1\" is not a network"},
		{"too many at once", "data_dir: /a\nwebhooks: {concurrency: 0}\n", nil, "webhooks.concurrency: 0 is not 1 to 256"},
		{"bad mode", "data_dir: /a\npartners: [{code: sky, in: pull, out: push}]\n", nil, "partners[0].in: \"pull\" is not one of"},
		{"a partner's system without TLS", "data_dir: /a\npartners: [{code: sky, in: callback, out: push, connector: {url: 'http://10.0.0.7:9000/v1'}}]\n", nil, "partners[0].connector.url: http to \"10.0.0.7:9000\" can be read by whoever is between; want https, or partners[0].connector.allow_http"},
		{"reviews that outlast what is compared", "data_dir: /a\nsupport: {review_within: 145h, rules: {ring: 1h}}\npartners: [{code: sky, in: push, out: push}]\n", nil, "support.review_within: 145h0m0s is more than 144h0m0s; partners[0].statement.tolerance.keep_days is 7"},
		{"reviews that outlast our own records", "data_dir: /a\nsupport: {review_within: 169h}\n", nil, "support.review_within: 169h0m0s is not between 1m0s and 168h0m0s"},
		{"reviews that outlast little", "data_dir: /a\npartners: [{code: sky, in: push, out: push, statement: {tolerance: {keep_days: 2}}}]\n", nil, "support.review_within: 72h0m0s is more than 24h0m0s"},
		{"billing without TLS", "data_dir: /a\nmall: {billing: 'http://erp:9000'}\n", nil, "mall.billing: http to \"erp:9000\" can be read by whoever is between; want https, or mall.allow_http"},
		{"payments without TLS", "data_dir: /a\nmall: {payments: 'http://pay:9000'}\n", nil, "mall.payments: http to \"pay:9000\" can be read"},
		{"traces without TLS", "data_dir: /a\ntraces: {endpoint: 'http://otel:4318/v1/traces'}\n", nil, "traces.endpoint: http to \"otel:4318\" can be read by whoever is between; want https, or traces.allow_http"},
		{"a database of another kind", "data_dir: /a\ndatabase_url: mysql://db/x\n", nil, "database_url: does not begin with postgres://"},
		{"a database without TLS", "data_dir: /a\ndatabase_url: 'postgres://u:p@db/x?sslmode=disable'\n", nil, "database_url: the connection to \"db\" can be read by whoever is between; want sslmode=verify-full, or database_allow_plaintext"},
		{"a database that may do without TLS", "data_dir: /a\ndatabase_url: 'postgres://u:p@db/x'\n", nil, "the connection to \"db\" can be read"},
		{"a database whose certificate nobody verifies", "data_dir: /a\n", []string{"POINTGRID_DATABASE_URL=postgres://u:p@db/x?sslmode=require"}, "the connection to \"db\" can be read"},
		{"a database on two machines", "data_dir: /a\ndatabase_url: 'postgres://u:p@127.0.0.1,db/x?sslmode=disable'\n", nil, "the connection to \"db\" can be read"},
		{"a database's certificate that is missing", "data_dir: /a\ndatabase_url: 'postgres://u:p@db/x?sslmode=verify-full&sslrootcert=/none'\n", nil, "database_url: is not like postgres://user:password@host:5432/name: failed to configure TLS (unable to read CA file: open /none"},
		{"bad source of statements", "data_dir: /a\npartners: [{code: sky, in: push, out: push, statement: {source: mail}}]\n", nil, "partners[0].statement.source: \"mail\" is not one of"},
		{"statements of no connector", "data_dir: /a\npartners: [{code: sky, in: push, out: push, statement: {source: connector}}]\n", nil, "has no connector.url"},
		{"statements in no folder", "data_dir: /a\npartners: [{code: sky, in: push, out: push, statement: {source: folder}}]\n", nil, "reconciliation.folder is empty"},
		{"column of no field", "data_dir: /a\npartners: [{code: sky, in: push, out: push, statement: {layout: {columns: {price: [p]}}}}]\n", nil, "partners[0].statement.layout: statementfile: there is no field"},
		{"nothing waited for", "data_dir: /a\npartners: [{code: sky, in: push, out: push, statement: {tolerance: {late_days: 9}}}]\n", nil, "late_days is 9 and keep_days 7"},
		{"statements too large", "data_dir: /a\nreconciliation: {bytes_max: 5}\n", nil, "reconciliation.bytes_max: 5"},
		{"client without key", "data_dir: /a\nutility: {clients: [{id: u}]}\n", nil, "utility.clients[0].key_file: is missing"},
		{"client that poses as the mall", "data_dir: /a\nutility: {clients: [{id: mall, key_file: k}]}\n", nil, "utility.clients[0].id: \"mall\" is the mall's own"},
		{"two documents", "data_dir: /a\n---\nlisten: x\n", nil, "more than one YAML document"},
		{"not YAML", "\t{", nil, "pointgrid.yaml"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Load(write(t, c.file), c.environ)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestADatabasesPasswordIsNotRepeated(t *testing.T) {
	for _, url := range []string{"mysql://u:secret@db/x", "postgres://u:secret@db:port/x", "postgres://u:hard@secret@db:port/x", "postgres://u:%secret@db/x", "postgres://u@db/x?password=secret&sslmode=on", "postgres://u:secret@db/x"} {
		_, err := config.Load(write(t, "data_dir: /a\n"), []string{"POINTGRID_DATABASE_URL=" + url})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want an error without the password", url, err)
		}
	}
}

func TestExampleIsTheDefault(t *testing.T) {
	var b strings.Builder
	if err := config.Example(&b); err != nil {
		t.Fatal(err)
	}
	got, err := config.Load(write(t, b.String()), []string{"POINTGRID_DATA_DIR=/a"})
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	if got.Exchange != config.Default().Exchange || got.Alliance != config.Default().Alliance {
		t.Errorf("got %+v", got)
	}
	for _, want := range []string{"[POINTGRID_EXCHANGE_QUOTE_TTL]", "#  - # 2 to 16 of a-z", "url:"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("example lacks %q:\n%s", want, b.String())
		}
	}
}

func TestWhatIsRightIsTaken(t *testing.T) {
	sky := func(has string) string { return "partners: [{code: sky, in: push, out: push, " + has + "}]" }
	for name, file := range map[string]string{
		"a partner's system with TLS":                    sky("connector: {url: 'https://sky.example/v1'}"),
		"on this machine":                                sky("connector: {url: 'http://127.0.0.1:9000'}"),
		"on this machine, by its name":                   sky("connector: {url: 'http://localhost:9000'}"),
		"on this machine, IPv6":                          sky("connector: {url: 'http://[::1]:9000'}"),
		"in a network of our own":                        sky("connector: {url: 'http://sky:9000', allow_http: true}"),
		"reviews as long as counterparts are looked for": sky("statement: {tolerance: {keep_days: 4}}"),
		"billing and payments with TLS":                  "mall: {billing: 'https://erp.example', payments: 'https://pay.example/v1'}",
		"billing on this machine":                        "mall: {billing: 'http://127.0.0.1:9000'}",
		"billing in a network of our own":                "mall: {billing: 'http://erp:9000', allow_http: true}",
		"traces with TLS":                                "traces: {endpoint: 'https://otel.example/v1/traces'}",
		"traces on this machine":                         "traces: {endpoint: 'http://127.0.0.1:4318/v1/traces'}",
		"traces in a network of our own":                 "traces: {endpoint: 'http://otel:4318/v1/traces', allow_http: true}",
		"a database whose certificate is verified":       "database_url: 'postgres://u:p@db,standby/x?sslmode=verify-full'",
		"a database on this machine":                     "database_url: 'postgres://u:p@127.0.0.1/x'",
		"a database behind a socket":                     "database_url: 'postgres://u@/x?host=/run/postgresql'",
		"a database in a network of our own":             "database_url: 'postgres://u:p@db/x?sslmode=disable'\ndatabase_allow_plaintext: true",
	} {
		if _, err := config.Load(write(t, "data_dir: /a\n"+file+"\n"), nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
