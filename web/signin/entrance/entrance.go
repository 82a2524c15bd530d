package entrance

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"net/netip"

	"github.com/pointgrid/pointgrid/web/origin"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/signin"
)

//go:embed all:files
var files embed.FS

// Family has the entrance's pages and words, for [page.New]; once, however many
// families have an entrance.
func Family() page.Family {
	// The folder is part of the program.
	sub, _ := fs.Sub(files, "files")
	return page.Family{Name: "entrance", Files: sub}
}

// Options configure an [Entrance]. Without a default a field is required.
type Options struct {
	Service *signin.Service
	Pages   *page.Set
	// Area is the path below which the family's pages are, such as "/portal", and
	// AreaName the key of what it is called.
	Area, AreaName string
	// Admits reports whether a user's company is one that the family is for.
	Admits func(*signin.User) bool
	// Frame is what stands around the pages of a user: navigation and company.
	Frame func(*http.Request, *signin.Visit) page.Frame
	// Secure says that browsers reach us by https.
	Secure bool
	// Address finds a browser's address, by which wrong guesses are counted
	// together; nil is that of the connection.
	Address func(*http.Request) netip.Addr
}

// Entrance is one family's way in.
type Entrance struct{ o Options }

// New returns an entrance, or an error that says which option is missing.
func New(o Options) (*Entrance, error) {
	if o.Service == nil || o.Pages == nil || o.Area == "" || o.AreaName == "" || o.Admits == nil || o.Frame == nil {
		return nil, errors.New("entrance: service, pages, area, company and frame are required")
	}
	if o.Address == nil {
		var connection *origin.Finder
		o.Address = connection.Address
	}
	return &Entrance{o}, nil
}

const ipv6Network = 64 // bits that one household has

// address is what wrong guesses are counted by: an IPv6 address by its network.
func (e *Entrance) address(r *http.Request) string {
	at := e.o.Address(r).Unmap()
	if network, err := at.Prefix(ipv6Network); err == nil && at.Is6() {
		return network.String()
	}
	return at.String()
}

// Routes are the entrance's pages and forms.
func (e *Entrance) Routes() []page.Route {
	open := func(method, path string, h http.HandlerFunc) page.Route {
		return page.Route{Method: method, Path: e.o.Area + path, Handler: h}
	}
	own := func(method, path string, h Handler) page.Route {
		return page.Route{Method: method, Path: e.o.Area + path, Handler: e.guard(h, rules{formMax: formMax, early: true})}
	}
	return []page.Route{
		open(http.MethodGet, "/sign-in", e.showSignIn),
		open(http.MethodPost, "/sign-in", e.signIn),
		open(http.MethodGet, "/sign-in/code", e.showCode),
		open(http.MethodPost, "/sign-in/code", e.enterCode),
		own(http.MethodPost, "/sign-out", e.signOut),
		own(http.MethodGet, "/account", e.showAccount),
		own(http.MethodPost, "/account/password", e.changePassword),
		own(http.MethodPost, "/account/sessions", e.endOthers),
		own(http.MethodGet, "/account/factor", e.showFactor),
		own(http.MethodPost, "/account/factor", e.setFactor),
		own(http.MethodPost, "/account/factor/remove", e.dropFactor),
	}
}
