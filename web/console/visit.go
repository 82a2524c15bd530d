package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/web/page"
	"github.com/pointgrid/pointgrid/web/signin"
	"github.com/pointgrid/pointgrid/web/signin/entrance"
)

// errNotFound: what was asked for is not there, or not for this company.
var errNotFound = errors.New("console: not found")

// visit is one request of a user.
type visit struct {
	w http.ResponseWriter
	r *http.Request
	*signin.Visit
	person desk.Person
	lang   page.Language
	names  map[desk.Person]string // filled when first asked for
}

// serve answers errors with pages.
func (c *Console) serve(handle func(*visit) error) entrance.Handler {
	return func(w http.ResponseWriter, r *http.Request, s *signin.Visit) {
		v := &visit{w: w, r: r, Visit: s, lang: c.o.Pages.Language(r),
			person: desk.Person{Company: s.User.Company, ID: s.User.ID.String()}}
		if err := handle(v); err != nil {
			c.refuse(v, err)
		}
	}
}

func (c *Console) refuse(v *visit, err error) {
	status, code := 0, ""
	switch {
	case errors.Is(err, errNotFound), errors.Is(err, settlement.ErrNotFound), errors.Is(err, desk.ErrNotFound), errors.Is(err, ledger.ErrNotFound):
		status, code = http.StatusNotFound, "not_found"
	case errors.Is(err, desk.ErrForbidden):
		status, code = http.StatusForbidden, "forbidden"
	case errors.Is(err, ledger.ErrBusy), errors.Is(err, ledger.ErrClosed):
		status, code = http.StatusServiceUnavailable, "busy"
	default:
		c.entrance.Fail(v.w, v.r, err)
		return
	}
	c.o.Pages.Refuse(v.w, v.r, status, code, c.entrance.Frame(v.r, v.Visit))
}

// show answers with a page.
func (c *Console) show(v *visit, name string, body any) error {
	return c.showStatus(v, http.StatusOK, name, body)
}

func (c *Console) showStatus(v *visit, status int, name string, body any) error {
	f := c.entrance.Frame(v.r, v.Visit)
	f.Body = body
	c.o.Pages.Render(v.w, v.r, status, "console/"+name, f)
	return nil
}

// done leaves a message and leads to a page of the console.
func (c *Console) done(v *visit, path, word string, values ...string) error {
	c.o.Pages.Flash(v.w, word, values...)
	http.Redirect(v.w, v.r, Area+path, http.StatusSeeOther)
	return nil
}

// file sets the headers of a download.
func (v *visit) file(name, kind string) {
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// frame is what stands around every page: the ways that the user's roles open.
func (c *Console) frame(r *http.Request, v *signin.Visit) page.Frame {
	f := page.Frame{Person: &page.Person{Name: v.User.Name, Company: c.o.Pages.Say(r, "console.utility")}}
	if company, ok := c.o.Registry.Partner(v.User.Company); ok {
		f.Person.Company = nameOf(company, c.o.Pages.Language(r))
	}
	if c.o.Sandbox {
		f.Notice = c.o.Pages.Say(r, "console.sandbox", "now", page.InstantText(c.o.Pages.Language(r), c.o.Now().In(c.o.Location)))
	}
	for _, w := range ways {
		if w.open(c, v.User) {
			href := Area + w.path
			inside := w.path == "/support" && strings.HasPrefix(r.URL.Path, href+"/disputes/") || w.path != "/support" && w.path != "" && strings.HasPrefix(r.URL.Path, href+"/") ||
				w.path == "" && (strings.HasPrefix(r.URL.Path, Area+"/nights/") || strings.HasPrefix(r.URL.Path, Area+"/settlements/"))
			f.Nav = append(f.Nav, page.Link{Href: href, Word: w.word, Icon: w.icon, Current: r.URL.Path == href || inside})
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

// company is what people call a partner; "" is one that nobody knows, such as that
// of a bank's entry without a reference of ours.
func (c *Console) company(v *visit, code string) string {
	if p, ok := c.o.Registry.Partner(code); ok {
		return nameOf(p, v.lang)
	}
	if code == "" {
		return c.o.Pages.Say(v.r, "console.no_partner")
	}
	return code
}

// way is an entry of the navigation.
type way struct{ path, word, icon string }

var ways = []way{
	{"", "console.nav.calendar", "calendar"},
	{"/breaks", "console.nav.breaks", "scale"},
	{"/statements", "console.nav.statements", "inbox"},
	{"/payments", "console.nav.payments", "bank"},
	{"/trends", "console.nav.trends", "chart"},
	{"/reports/liability", "console.nav.liability", "list"},
	{"/shop", "console.nav.shop", "clip"},
	{"/marketing", "console.nav.marketing", "gauge"},
	{"/support", "console.nav.support", "inbox"},
	{"/support/members", "console.nav.members", "user"},
	{"/support/approvals", "console.nav.approvals", "check"},
	{"/support/reviews", "console.nav.reviews", "shield"},
	{"/users", "console.nav.users", "user"},
}

// open reports whether the page is there and the user's roles open it. Who only
// looks after accounts has no calendar.
func (w way) open(c *Console, u *signin.User) bool {
	for _, l := range c.leaves() {
		if l.path == w.path && l.method == http.MethodGet {
			return u.Has(l.roles...) && (w.path != "" || u.Has(readers...))
		}
	}
	return false
}
