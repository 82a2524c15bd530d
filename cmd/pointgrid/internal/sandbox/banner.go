package sandbox

import (
	"fmt"
	"io"
	"strings"
	"text/template"
)

// bannerText must stay true: a test pastes its commands.
const bannerText = `
PointGrid sandbox is ready.

  API          {{.URL}}/v1
  API docs     {{.URL}}/docs
  members      {{.URL}}/mall     (choose a member on the sandbox's sign-in page)
  portal       {{.URL}}/portal   (sign in as below)
  console      {{.URL}}/console  (finance: sign in as below)
  metrics      {{.URL}}/metrics
  data         {{.Dir}}

Companies                          programme  Connector API (simulated)   debits and credits
{{range .Companies}}  {{printf "%-16s %-12s  %-9s" .Name .NameZH .Programme}}  {{printf "%-26s" .URL}}  {{.Modes}}
{{end}}
Credentials: client_id, private key, and a file that always holds a fresh access token
{{range .Clients}}  {{printf "%-8s" .ID}} {{.Key}}
           {{.Token}}
{{end}}
Staff who sign in at the portal, and finance at the console; the password of all is {{.Password}}
{{range .Staff}}  {{printf "%-16s %-8s" .Login .Company}} {{.Does}}
{{end}}
Three commands to paste. The member is linked with every company and has 20,000 EPT or more.

# 1. What are 1,000 miles worth? The rate is locked for a minute.
curl -s {{.URL}}/v1/quotes -H "Authorization: Bearer $(cat {{.Sky}})" -H 'Content-Type: application/json' -d '{"source":"SKY","destination":"EPT","amount":"1000"}'

# 2. Turn 1,000 miles into electricity points. The airline debits its member first.
curl -s {{.URL}}/v1/conversions -H "Authorization: Bearer $(cat {{.Sky}})" -H 'Content-Type: application/json' -H "Idempotency-Key: paste-$(date +%s)" -d '{"source":"SKY","destination":"EPT","amount":"1000","link_id":"{{.SkyLink}}"}'

# 3. A night in a second: move the clock a day, the window closes and is settled.
curl -s {{.URL}}/v1/sandbox/clock -H "Authorization: Bearer $(cat {{.Utility}})" -H 'Content-Type: application/json' -d '{"advance":"24h"}'

Ctrl-C ends it.
`

var banner = template.Must(template.New("banner").Parse(bannerText))

type bannerCompany struct {
	Company
	URL, Modes string
}

// Banner writes what a newcomer needs to begin.
func Banner(w io.Writer, s *Site, url string, connectors map[string]string) error {
	var companies []bannerCompany
	for _, c := range Companies() {
		companies = append(companies, bannerCompany{c, connectors[c.Code], modes(c)})
	}
	type credential struct{ ID, Key, Token string }
	var clients []credential
	for _, id := range Clients() {
		clients = append(clients, credential{id, s.keyFile(id), s.TokenFile(id)})
	}
	var text strings.Builder
	err := banner.Execute(&text, map[string]any{"URL": url, "Dir": s.Dir, "Companies": companies, "Clients": clients,
		"Staff": Staff(), "Password": StaffPassword,
		"Sky": s.TokenFile("sky"), "Utility": s.TokenFile(UtilityClient), "SkyLink": LinkID(CompanyOf("sky"), 1)})
	if err == nil {
		_, err = fmt.Fprint(w, text.String())
	}
	return err
}

func modes(c Company) string {
	if c.In == "push" {
		return "debits before it calls us; we call it to credit"
	}
	return "we call it to debit and credit"
}
