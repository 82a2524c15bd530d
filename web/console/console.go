package console

import (
	"context"
	"embed"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/signin"
	"github.com/pointgrid/pointgrid/web/signin/entrance"
)

//go:embed all:files
var files embed.FS

// Area is the path below which the console is.
const Area = "/console"

// Family has the console's pages and words, for [page.New].
func Family() page.Family {
	// The folder is part of the program.
	sub, _ := fs.Sub(files, "files")
	return page.Family{Name: "console", Files: sub}
}

// Options are the parts of a [Console]. Without a default a field is required.
type Options struct {
	Service     *signin.Service
	Pages       *page.Set
	Settlements Settlements
	Ledger      Ledger
	Registry    Registry
	Desk        Desk
	// Statement opens the statement of a settlement, a CSV file.
	Statement func(*settlement.Settlement) (io.ReadCloser, error)

	// What is nil has no pages and no buttons.
	Signing  Signing
	Payments Payments
	// Statements takes in what partners send; it needs Waiting, which returns the
	// settlements whose statement has not come.
	Statements Statements
	Waiting    func(context.Context) ([]settlement.Waiting, error)
	Papers     Papers
	Holidays   Holidays
	Shop       Shop
	Marketing  *Marketing
	Helpdesk   *Helpdesk

	Hub     string // programme code of the electricity points
	Sandbox bool
	// Address finds a browser's address behind our own proxies; nil believes the
	// connection.
	Address  func(*http.Request) netip.Addr
	URL      string           // where browsers reach us, without a slash at the end
	Location *time.Location   // in which a window's day begins
	Now      func() time.Time // the alliance's clock
	Machine  func() time.Time // by which answers are sent
	Logger   *slog.Logger
	// ReturnMax is up to how many points a return is granted by one who is no checker; 0
	// is without a bound.
	ReturnMax int64
}

// Console is the pages. It may be used by many goroutines.
type Console struct {
	o        Options
	entrance *entrance.Entrance
}

// New returns a console, or an error that says which option is missing.
func New(o Options) (*Console, error) {
	if o.Service == nil || o.Pages == nil || o.Settlements == nil || o.Ledger == nil || o.Registry == nil || o.Desk == nil || o.Statement == nil {
		return nil, errors.New("console: service, pages, settlements, ledger, registry, desk and statements are required")
	}
	if o.Hub == "" || o.URL == "" || o.Location == nil || o.Now == nil || o.Machine == nil || o.Logger == nil {
		return nil, errors.New("console: hub, URL, location, clocks and logger are required")
	}
	c := &Console{o: o}
	var err error
	c.entrance, err = entrance.New(entrance.Options{Service: o.Service, Pages: o.Pages, Area: Area, AreaName: "console.name",
		Secure: strings.HasPrefix(o.URL, "https:"), Frame: c.frame, Address: o.Address, Admits: c.admits})
	return c, err
}

// Who may do what. The admin looks after accounts and sees no figures.
var (
	readers  = []signin.Role{signin.Maker, signin.Checker, signin.Viewer, signin.Finance}
	utility  = []signin.Role{signin.Maker, signin.Checker, signin.Viewer}
	makers   = []signin.Role{signin.Maker}
	checkers = []signin.Role{signin.Checker}
	deciders = []signin.Role{signin.Maker, signin.Checker}
	workers  = []signin.Role{signin.Maker, signin.Checker, signin.Finance}
	finance  = []signin.Role{signin.Finance}
	admins   = []signin.Role{signin.Admin}
	// Marketing staff see no settlement; who looks at everything sees theirs.
	marketers = []signin.Role{signin.Marketing, signin.Viewer}
	everyone  = append(append([]signin.Role(nil), readers...), signin.Admin, signin.Marketing, signin.Support)
)

// admits lets in whoever has a role that some page asks for: of a partner, its
// finance staff.
func (c *Console) admits(u *signin.User) bool {
	if u.Utility() {
		return u.Has(everyone...)
	}
	_, known := c.o.Registry.Partner(u.Company)
	return known && u.Has(signin.Finance)
}

// leaf is one page of the console, or one form.
type leaf struct {
	method, path string
	handle       func(*visit) error
	roles        []signin.Role
	upload       int64 // bytes that a form with files may have; 0 is as usual
}

func (c *Console) leaves() []leaf {
	get, post := http.MethodGet, http.MethodPost
	all := []leaf{
		{get, "", c.showCalendar, everyone, 0},
		{get, "/nights/{window}", c.showNight, readers, 0},
		{get, "/settlements/{id}", c.showSettlement, readers, 0},
		{get, "/settlements/{id}/lines", c.showLines, readers, 0},
		{get, "/settlements/{id}/statement.csv", c.downloadCSV, readers, 0},
		{get, "/breaks", c.listBreaks, readers, 0},
		{post, "/breaks", c.changeSelected, deciders, 0},
		{get, "/breaks/{id}", c.showBreak, readers, 0},
		{get, "/breaks/{id}/receipt", c.downloadReceipt, readers, 0},
		{get, "/breaks/{id}/files/{digest}", c.downloadAttachment, readers, 0},
		{post, "/breaks/{id}/comment", c.commentBreak, workers, 0},
		{post, "/breaks/{id}/attach", c.attachToBreak, workers, attachMax},
		{post, "/breaks/{id}/assign", c.assignBreak, deciders, 0},
		{post, "/breaks/{id}/propose", c.proposeResolution, makers, 0},
		{post, "/breaks/{id}/approve", c.approveResolution, checkers, 0},
		{post, "/breaks/{id}/decline", c.declineResolution, deciders, 0},
		{post, "/breaks/{id}/answer", c.answerAdjustment, finance, 0},
		{get, "/trends", c.showTrends, readers, 0},
		{get, "/users", c.listUsers, admins, 0},
		{post, "/users", c.addUser, admins, 0},
		{get, "/users/{login}", c.showUser, admins, 0},
		{post, "/users/{login}/roles", c.changeRoles, admins, 0},
		{post, "/users/{login}/reset", c.resetUser, admins, 0},
		{post, "/users/{login}/disable", c.disableUser, admins, 0},
	}
	if c.o.Signing != nil {
		all = append(all, c.signingLeaves()...)
	}
	all = append(all, c.shopLeaves()...)
	if c.o.Payments != nil {
		all = append(all, c.paymentLeaves()...)
	}
	if c.o.Statements != nil && c.o.Waiting != nil {
		all = append(all, c.statementLeaves()...)
	}
	if c.o.Papers != nil {
		all = append(all, leaf{get, "/settlements/{id}/statement.xlsx", c.downloadXLSX, readers, 0},
			leaf{get, "/settlements/{id}/print", c.showPrint, readers, 0}, leaf{get, "/settlements/{id}/journal.csv", c.downloadJournal, utility, 0},
			leaf{get, "/reports/liability", c.showLiability, utility, 0}, leaf{get, "/reports/liability/{expiry}", c.showBehind, utility, 0})
	}
	if c.o.Marketing != nil {
		all = append(all, c.marketingLeaves()...)
	}
	return append(all, c.helpdeskLeaves()...)
}

// Routes are all pages and forms of the console.
func (c *Console) Routes() []page.Route {
	routes := c.entrance.Routes()
	for _, l := range c.leaves() {
		handler := c.entrance.Guard(c.serve(l.handle), l.roles...)
		if l.upload > 0 {
			handler = c.unhurried(c.entrance.GuardUpload(c.serve(l.handle), l.upload, l.roles...))
		}
		routes = append(routes, page.Route{Method: l.method, Path: Area + l.path, Handler: handler})
	}
	return append(routes, page.Route{Method: http.MethodGet, Path: Area + "/{rest...}", Handler: c.entrance.Guard(c.serve(func(*visit) error { return errNotFound }))})
}
