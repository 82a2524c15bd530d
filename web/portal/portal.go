package portal

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/signin"
	"github.com/pointgrid/pointgrid/web/signin/entrance"
)

//go:embed all:files
var files embed.FS

// Area is the path below which the portal is.
const Area = "/portal"

// Family has the portal's pages and words, for [page.New].
func Family() page.Family {
	// The folder is part of the program.
	sub, _ := fs.Sub(files, "files")
	return page.Family{Name: "portal", Files: sub}
}

// Figures are those of the gateway's configuration that partners should know.
type Figures struct {
	QuoteLife, TokenLife, Deadline time.Duration
	// Reads, Writes and Converts are requests of one client in a minute; 0 is not
	// said.
	Reads, Writes, Converts int64
}

// Options are the parts of a [Portal]. Without a default a field is required.
type Options struct {
	Service     *signin.Service
	Pages       *page.Set
	Exchange    Exchange
	Ledger      Ledger
	Registry    Registry
	Settlements Settlements
	// Programs returns the API clients of a company.
	Programs func(partner string) []Program
	Clock    Clock // only in a sandbox

	// What is nil has no pages.
	Directory Directory
	Accesses  Accesses // needs the directory
	Hooks     Hooks
	Reports   Reports

	Hub string // programme code of the electricity points
	// Address finds a browser's address behind our own proxies; nil believes the
	// connection.
	Address func(*http.Request) netip.Addr
	// URL is where programs reach us, without a slash at the end.
	URL      string
	Figures  Figures
	Location *time.Location   // in which a window's day begins
	Now      func() time.Time // the alliance's clock
	Machine  func() time.Time // by which keys live
}

// Portal is the pages. It may be used by many goroutines.
type Portal struct {
	o        Options
	entrance *entrance.Entrance
}

// New returns a portal, or an error that says which option is missing.
func New(o Options) (*Portal, error) {
	if o.Service == nil || o.Pages == nil || o.Exchange == nil || o.Ledger == nil || o.Registry == nil || o.Settlements == nil {
		return nil, errors.New("portal: service, pages, exchange, ledger, registry and settlements are required")
	}
	if o.Programs == nil || o.Hub == "" || o.URL == "" || o.Location == nil || o.Now == nil || o.Machine == nil {
		return nil, errors.New("portal: programs, hub, URL, location and clocks are required")
	}
	p := &Portal{o: o}
	var err error
	p.entrance, err = entrance.New(entrance.Options{Service: o.Service, Pages: o.Pages, Area: Area, AreaName: "portal.name",
		Secure: strings.HasPrefix(o.URL, "https:"), Frame: p.frame, Address: o.Address,
		Admits: func(u *signin.User) bool {
			_, known := o.Registry.Partner(u.Company)
			return known && !u.Utility()
		}})
	return p, err
}

// leaf is one page of the portal, or one form.
type leaf struct {
	method, path string
	handle       func(*visit) error
	roles        []signin.Role // none is all
}

var engineers = []signin.Role{signin.Engineer}

func (p *Portal) leaves() []leaf {
	get, post := http.MethodGet, http.MethodPost
	all := []leaf{
		{get, "", p.showOverview, nil},
		{get, "/conversions", p.listConversions, nil},
		{get, "/conversions/{id}", p.showConversion, nil},
		{get, "/conversions/{id}/receipt", p.downloadReceipt, nil},
		{get, "/agreements", p.listAgreements, nil},
		{get, "/agreements/{id}", p.showAgreement, nil},
		{get, "/limits", p.showLimits, nil},
		{get, "/quickstart", p.showQuickstart, engineers},
		{get, "/docs", p.showDocs, nil},
	}
	if p.o.Clock != nil {
		all = append(all, leaf{get, "/clock", p.showClock, engineers}, leaf{post, "/clock", p.moveClock, engineers})
	}
	if p.o.Directory != nil {
		all = append(all, leaf{get, "/keys", p.listKeys, engineers}, leaf{post, "/keys", p.createClient, engineers},
			leaf{get, "/keys/{client}", p.showClient, engineers}, leaf{post, "/keys/{client}/add", p.addKey, engineers},
			leaf{post, "/keys/{client}/retire", p.retireKey, engineers}, leaf{post, "/keys/{client}/switch", p.switchClient, engineers})
	}
	if p.o.Directory != nil && p.o.Accesses != nil {
		all = append(all, leaf{get, "/requests", p.listRequests, engineers})
	}
	if p.o.Hooks != nil {
		all = append(all, p.hookLeaves()...)
	}
	if p.o.Reports != nil {
		all = append(all, leaf{get, "/conformance", p.showConformance, engineers}, leaf{post, "/conformance", p.handIn, engineers})
	}
	return all
}

func (p *Portal) hookLeaves() []leaf {
	get, post, one := http.MethodGet, http.MethodPost, "/webhooks/{id}"
	return []leaf{
		{get, "/webhooks", p.listHooks, engineers},
		{post, "/webhooks", p.createHook, engineers},
		{get, one, p.showHook, engineers},
		{post, one + "/test", p.testHook, engineers},
		{post, one + "/switch", p.switchHook, engineers},
		{post, one + "/rotate", p.rotateHook, engineers},
		{post, one + "/replay", p.replayHook, engineers},
		{post, one + "/delete", p.deleteHook, engineers},
		{get, one + "/deliveries/{sequence}", p.showDelivery, engineers},
		{post, one + "/deliveries/{sequence}", p.resend, engineers},
	}
}

// Routes are all pages and forms of the portal.
func (p *Portal) Routes() []page.Route {
	routes := p.entrance.Routes()
	for _, l := range p.leaves() {
		routes = append(routes, page.Route{Method: l.method, Path: Area + l.path, Handler: p.entrance.Guard(p.serve(l.handle), l.roles...)})
	}
	return append(routes, page.Route{Method: http.MethodGet, Path: Area + "/{rest...}", Handler: p.entrance.Guard(p.serve(func(*visit) error {
		return exchange.ErrNotFound
	}))})
}

// visit is one request of a user.
type visit struct {
	w http.ResponseWriter
	r *http.Request
	*signin.Visit
	company *partners.Partner
	party   exchange.Party
}

// serve finds the company of the user and answers errors with pages.
func (p *Portal) serve(handle func(*visit) error) entrance.Handler {
	return func(w http.ResponseWriter, r *http.Request, s *signin.Visit) {
		company, ok := p.o.Registry.Partner(s.User.Company)
		if !ok {
			p.o.Pages.Refuse(w, r, http.StatusForbidden, "forbidden", page.Frame{})
			return
		}
		v := &visit{w: w, r: r, Visit: s, company: company,
			party: exchange.Party{Client: "portal/" + s.User.ID.String(), Partner: company.Code}}
		if err := handle(v); err != nil {
			p.refuse(v, err)
		}
	}
}

func (p *Portal) refuse(v *visit, err error) {
	var busy *exchange.Busy
	switch {
	case errors.Is(err, exchange.ErrNotFound):
		p.o.Pages.Refuse(v.w, v.r, http.StatusNotFound, "not_found", p.entrance.Frame(v.r, v.Visit))
	case errors.As(err, &busy):
		p.o.Pages.Refuse(v.w, v.r, http.StatusServiceUnavailable, "busy", p.entrance.Frame(v.r, v.Visit))
	default:
		p.entrance.Fail(v.w, v.r, err)
	}
}

// show answers with a page.
func (p *Portal) show(v *visit, name string, body any) error {
	return p.showStatus(v, http.StatusOK, name, body)
}

func (p *Portal) showStatus(v *visit, status int, name string, body any) error {
	f := p.entrance.Frame(v.r, v.Visit)
	f.Body = body
	p.o.Pages.Render(v.w, v.r, status, "portal/"+name, f)
	return nil
}

// frame is what stands around every page: the ways that the user's roles open.
func (p *Portal) frame(r *http.Request, v *signin.Visit) page.Frame {
	f := page.Frame{Person: &page.Person{Name: v.User.Name}}
	if company, ok := p.o.Registry.Partner(v.User.Company); ok {
		f.Person.Company = nameOf(company, p.o.Pages.Language(r))
	}
	if p.o.Clock != nil {
		f.Notice = p.o.Pages.Say(r, "portal.sandbox", "now", page.InstantText(p.o.Pages.Language(r), p.o.Now().In(p.o.Location)))
	}
	for _, w := range ways {
		if w.open(p, v.User) {
			href := Area + w.path
			current := r.URL.Path == href || w.path != "" && strings.HasPrefix(r.URL.Path, href+"/")
			f.Nav = append(f.Nav, page.Link{Href: href, Word: w.word, Icon: w.icon, Current: current})
		}
	}
	return f
}

func nameOf(c *partners.Partner, l page.Language) string {
	if l == page.Chinese && c.NameZH != "" {
		return c.NameZH
	}
	return c.Name
}

// way is an entry of the navigation.
type way struct{ path, word, icon string }

var ways = []way{
	{"", "portal.nav.overview", "home"},
	{"/conversions", "portal.nav.conversions", "swap"},
	{"/agreements", "portal.nav.agreements", "pact"},
	{"/limits", "portal.nav.limits", "gauge"},
	{"/keys", "portal.nav.keys", "key"},
	{"/webhooks", "portal.nav.hooks", "hook"},
	{"/requests", "portal.nav.requests", "list"},
	{"/conformance", "portal.nav.conformance", "check"},
	{"/clock", "portal.nav.clock", "clock"},
	{"/quickstart", "portal.nav.quickstart", "code"},
	{"/docs", "portal.nav.docs", "book"},
}

// open reports whether the page is there and the user's roles open it.
func (w way) open(p *Portal, u *signin.User) bool {
	for _, l := range p.leaves() {
		if l.path == w.path && l.method == http.MethodGet {
			return l.roles == nil || u.Has(l.roles...)
		}
	}
	return false
}
