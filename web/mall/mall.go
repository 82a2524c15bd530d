package mall

import (
	"context"
	"embed"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/session"
)

//go:embed all:files
var files embed.FS

// Area is the path below which the pages are.
const Area = "/mall"

// Family has the pages and words, for [page.New].
func Family() page.Family {
	// The folder is part of the program.
	sub, _ := fs.Sub(files, "files")
	return page.Family{Name: "mall", Files: sub}
}

// Options are the parts of the pages. Without a default a field is required.
type Options struct {
	Pages    *page.Set
	Sessions *session.Service
	Ledger   Ledger
	// Account finds a member's account on the ledger.
	Account func(ctx context.Context, member string) (ledger.Account, error)

	// What is nil has no pages and no entries that lead to them.

	// Identity names members; without it nobody can sign in. Register then takes in who
	// has not been here before, or returns [ErrNotAMember].
	Identity Identity
	Register func(ctx context.Context, member string) error

	// Shop is the mall's shelves and orders. Linked reports whether a member has an
	// account with a partner; CompanyName is what people call a partner. Without them
	// the mall finds out itself, and people read its code.
	Shop        Shop
	Linked      func(ctx context.Context, member, partner string) (bool, error)
	CompanyName func(partner string, l page.Language) string

	// Exchange needs Book.
	Exchange Exchange
	Book     Book
	// Share, if set, is the part of an agreement's daily cap that a member may use; see
	// [exchange.Allowances].
	Share   func(ctx context.Context, member string) (int64, error)
	History History
	Rewards Rewards
	// Disputes of conversions need Exchange, those of orders Shop.
	Disputes Disputes

	Hub      string // programme code of the electricity points
	Sandbox  bool
	URL      string           // where browsers reach us, without a slash at the end
	Location *time.Location   // in which a window's day begins
	Now      func() time.Time // the alliance's clock
	Machine  func() time.Time // by which answers are sent
	Random   io.Reader        // safe for concurrent use
	Logger   *slog.Logger
}

// Mall is the pages. It may be used by many goroutines.
type Mall struct{ o Options }

// New returns the pages, or an error that says which option is missing.
func New(o Options) (*Mall, error) {
	if o.Pages == nil || o.Sessions == nil || o.Ledger == nil || o.Account == nil {
		return nil, errors.New("member pages: pages, sessions, ledger and accounts are required")
	}
	if o.Hub == "" || o.URL == "" || o.Location == nil || o.Now == nil || o.Machine == nil || o.Random == nil || o.Logger == nil {
		return nil, errors.New("member pages: hub, URL, location, clocks, randomness and logger are required")
	}
	if o.Identity != nil && o.Register == nil {
		return nil, errors.New("member pages: who is named by a provider must be registered")
	}
	if o.Exchange != nil && o.Book == nil {
		return nil, errors.New("member pages: the exchange needs its book")
	}
	return &Mall{o}, nil
}

// leaf is one page, or one form.
type leaf struct {
	method, path string
	handle       func(*visit) error
}

// leaves are all pages there are, by subject.
func (m *Mall) leaves() []leaf {
	return slices.Concat(
		m.homeLeaves(),
		m.shopLeaves(),
		m.pointLeaves(),
		m.partnerLeaves(),
		m.convertLeaves(),
		m.disputeLeaves(),
	)
}

// Routes are all pages and forms for members.
func (m *Mall) Routes() []page.Route {
	routes := append(m.entranceRoutes(), m.pictureRoutes()...)
	for _, l := range m.leaves() {
		routes = append(routes, page.Route{Method: l.method, Path: Area + l.path, Handler: m.guard(l.handle)})
	}
	return append(routes, page.Route{Method: http.MethodGet, Path: Area + "/{rest...}", Handler: m.guard(func(*visit) error { return errNotFound })})
}

// has reports whether there is a page at a path.
func (m *Mall) has(path string) bool {
	return slices.ContainsFunc(m.leaves(), func(l leaf) bool { return l.path == path && l.method == http.MethodGet })
}

func (m *Mall) secure() bool { return strings.HasPrefix(m.o.URL, "https:") }
