package portal

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"text/template"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// snippets are whole programs that get a token, ask for a quote, convert and
// fetch the receipt. They are run by a test as they are shown.
var snippets = template.Must(template.ParseFS(files, "files/snippets/*"))

// tongue is a programming language of the examples.
type tongue struct {
	Code, Name string
	File       string // what to save it as
	Run        string // the command that runs it
}

var tongues = []tongue{
	{"curl", "curl", "quickstart.sh", "bash quickstart.sh"},
	{"go", "Go", "main.go", "go run main.go"},
	{"python", "Python", "quickstart.py", "python3 quickstart.py"},
	{"java", "Java", "Quickstart.java", "java Quickstart.java"},
}

// example is what the snippets are filled with: the company's own addresses.
type example struct {
	URL, Client, KeyID, KeyFile string
	Source, Destination, Amount string
	Link                        string
	Push                        bool // a reference of the company's own debit is needed
}

type quickstartBody struct {
	Tongues  []tongue
	Tongue   tongue
	Text     string
	Example  example
	Programs []Program
	NoLink   bool
	NoCard   bool
}

func (p *Portal) showQuickstart(v *visit) error {
	b := quickstartBody{Tongues: tongues, Tongue: tongues[0], Programs: p.o.Programs(v.company.Code)}
	if i := slices.IndexFunc(tongues, func(t tongue) bool { return t.Code == v.r.URL.Query().Get("in") }); i >= 0 {
		b.Tongue = tongues[i]
	}
	if err := p.fillExample(v, &b); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := snippets.ExecuteTemplate(&text, b.Tongue.Code+".tmpl", b.Example); err != nil {
		return fmt.Errorf("portal: snippet: %w", err)
	}
	b.Text = text.String()
	return p.show(v, "quickstart", &b)
}

// placeholders stand where the company has nothing yet.
const (
	anyLink    = "00000000-0000-7000-8000-000000000000"
	anyKeyFile = "your-private-key.pem"
	anyClient  = "your-client-id"
	anyKey     = "your-key-id"
)

func (p *Portal) fillExample(v *visit, b *quickstartBody) error {
	all, err := p.agreements(v.r.Context(), v)
	if err != nil {
		return err
	}
	links, err := p.o.Exchange.Links(v.r.Context(), v.party, ledger.ID{}, 1)
	if err != nil {
		return err
	}
	e := example{URL: p.o.URL, Client: anyClient, KeyID: anyKey, KeyFile: anyKeyFile, Link: anyLink,
		Source: v.company.Programme, Destination: p.o.Hub, Amount: "1000", Push: v.company.In == partners.Push}
	if b.NoLink = len(links) == 0; !b.NoLink {
		e.Link = links[0].ID.String()
	}
	if card := inForce(all, ledger.In); card != nil {
		e.Amount = strconv.FormatInt(exampleAmount(&card.Terms, v.company.Scale), 10)
	} else {
		b.NoCard = true
	}
	if len(b.Programs) > 0 {
		first := b.Programs[0]
		e.Client = first.ID
		if first.KeyID != "" {
			e.KeyID = first.KeyID
		}
		if first.KeyFile != "" {
			e.KeyFile = first.KeyFile
		}
	}
	b.Example = e
	return nil
}

// examplePoints is how many electricity points an example gives, about: the least
// amount of an agreement may give none.
const examplePoints = 100

// exampleAmount is one that an agreement lets convert, in smallest units of a
// source with scale decimal places.
func exampleAmount(t *ledger.Terms, scale uint8) int64 {
	unit := int64(1)
	for range scale {
		unit *= 10
	}
	amount, _, ok := ledger.MulDiv(examplePoints*unit, t.Rate.FromUnits, t.Rate.ToUnits)
	if !ok {
		amount = t.Min
	}
	amount = min(max(amount, t.Min), t.Max)
	if rest := amount % t.Step; rest != 0 && amount+t.Step-rest <= t.Max {
		return amount + t.Step - rest
	}
	return amount - amount%t.Step
}

// docLink leads to something to read.
type docLink struct{ Word, Href, Icon string }

type docsBody struct {
	Links []docLink
	Rules []docLink
}

func (p *Portal) showDocs(v *visit) error {
	return p.show(v, "docs", docsBody{
		Links: []docLink{
			{"portal.docs.reference", "/docs", "book"},
			{"portal.docs.exchange", "/openapi/exchange.yaml", "down"},
			{"portal.docs.connector", "/openapi/connector.yaml", "down"},
			{"portal.docs.keys", "/.well-known/jwks.json", "key"},
		},
		Rules: []docLink{
			{"portal.docs.rules.token", "https://www.rfc-editor.org/rfc/rfc7523", ""},
			{"portal.docs.rules.problem", "https://www.rfc-editor.org/rfc/rfc9457", ""},
			{"portal.docs.rules.signature", "https://www.rfc-editor.org/rfc/rfc9421", ""},
			{"portal.docs.rules.webhook", "https://www.standardwebhooks.com", ""},
		},
	})
}
