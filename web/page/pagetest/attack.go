package pagetest

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Attacker is somebody signed in who goes to every page that others lead to and sends
// every form found there with what nobody who uses it would send.
type Attacker struct {
	Browser *Browser
	Area    string                 // the beginning of the paths that are attacked
	Spare   func(path string) bool // what would end the attack, such as a form that signs out
	Times   int                    // how often each form is sent

	random *rand.Rand
	seen   map[string]int // links and forms, by what they are like
	links  []string
	forms  []form
	report Attack
}

// Attack is what an attacker did.
type Attack struct {
	Forms    map[string]int // how often each form was sent, by method and path with * for what names an object
	Statuses map[int]int    // of the answers to forms
}

// mark is in what must come back as text only.
const mark = `"><script>attack()</script>`

// hostile are values that fields get. Numbers are about the edges of int64 and of a
// decimal, dates about those of a calendar.
var hostile = []string{
	"", " ", "0", "-1", "1", "1.5", "1e999", "NaN", "+7", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "0.0000000000000001", "１２", "100",
	"0000-00-00", "2026-02-30", "9999-12-31", "2026-13", "99999-01", "24:61", "P1Y",
	mark, "=HYPERLINK(1)", "' OR 1=1 --", "{{.}}", "../../../etc/passwd", "//example.com", "https://example.com/", "javascript:alert(1)", "a@b\r\nBcc: c@d",
	"\x00", "a\x00b", "\xff\xfe", "\u202e\u200b\ufeff", "🈂️", strings.Repeat("长", 400), strings.Repeat("x", 5_000), strings.Repeat("x", 70_000), strings.Repeat("1", 300),
	"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50", "on", "true", "[]", `{"a":1}`, "null",
}

// Run attacks from a page on, by a seed. It reports each answer that blames the server, or
// has a mark unescaped, with what was sent; and ends the test when the session ends.
func (a *Attacker) Run(seed uint64, from string) Attack {
	a.Browser.T.Helper()
	a.random = rand.New(rand.NewPCG(seed, 0))
	a.seen, a.links, a.forms = map[string]int{}, []string{from}, nil
	a.report = Attack{Forms: map[string]int{}, Statuses: map[int]int{}}
	for len(a.links)+len(a.forms) > 0 {
		if len(a.links) == 0 {
			f := a.forms[0]
			a.forms = a.forms[1:]
			a.send(f)
			continue
		}
		path := a.links[0]
		a.links = a.links[1:]
		a.take("GET "+path, a.Browser.Get(path))
	}
	return a.report
}

// read notes where a page leads and which forms it has.
func (a *Attacker) read(got Answer) {
	page, err := html.Parse(strings.NewReader(got.Body))
	if err != nil {
		a.Browser.T.Errorf("%s: %v", got.Path, err)
		return
	}
	base, err := url.Parse(got.URL)
	if err != nil {
		a.Browser.T.Errorf("%s: %v", got.URL, err)
		return
	}
	for n := range page.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "a":
			a.follow(base, attr(n, "href"))
		case n.Data == "form":
			f := readForm(base, n)
			like := strings.Join(append(slices.Sorted(maps.Keys(f.fields)), f.method, kind(f.action.Path)), " ")
			if a.inside(f.action.Path) && a.first(like, 2) {
				a.forms = append(a.forms, f)
			}
		}
	}
}

// first reports whether there were not so many of a kind yet: of one that is there for
// each row of a table, a few say as much as all.
func (a *Attacker) first(like string, most int) bool {
	a.seen[like]++
	return a.seen[like] <= most
}

// kind is a path with * for what names an object in it: what has a digit, and a name
// before a verb, as in /console/users/checker/disable.
func kind(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.ContainsAny(p, "0123456789") {
			parts[i] = "*"
		}
	}
	if len(parts) == 5 && parts[4] != "*" {
		parts[3] = "*"
	}
	return strings.Join(parts, "/")
}

func (a *Attacker) inside(path string) bool {
	return strings.HasPrefix(path, a.Area) && !a.Spare(path)
}

// follow goes where a link leads, with what its query says and with something else.
func (a *Attacker) follow(base *url.URL, href string) {
	u, err := base.Parse(href)
	if err != nil || u.Host != base.Host || strings.HasPrefix(href, "#") || !a.inside(u.Path) {
		return
	}
	if !a.first("link "+kind(u.Path)+" "+strings.Join(slices.Sorted(maps.Keys(u.Query())), " "), 3) {
		return
	}
	u.Fragment = ""
	a.links = append(a.links, u.RequestURI())
	query := u.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		changed := maps.Clone(query)
		changed[name] = []string{a.pick()}
		a.ask(u.EscapedPath(), changed)
	}
	parts := strings.Split(u.EscapedPath(), "/")
	i := 2 + a.random.IntN(max(1, len(parts)-2))
	if i < len(parts) {
		parts[i] = url.PathEscape(a.pick())
		if path := strings.Join(parts, "/"); len(path) < 8_000 && !a.Spare(path) {
			a.take("GET "+path, a.Browser.Get(path))
		}
	}
}

// ask asks, unless the address is longer than servers take.
func (a *Attacker) ask(path string, query url.Values) (got Answer) {
	if full := path + "?" + query.Encode(); len(full) < 16_000 {
		got = a.Browser.Get(full)
		a.take("GET "+full, got)
	}
	return got
}

// send sends a form once as it is, and then with one field or two changed.
func (a *Attacker) send(f form) {
	a.Browser.T.Helper()
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(f.fields)), func(name string) bool { return name == tokenField })
	for n := range a.Times {
		values := url.Values{}
		for name, v := range f.fields {
			values[name] = slices.Clone(v)
		}
		if n > 0 && len(names) > 0 {
			for range 1 + n%2 {
				a.change(values, names[a.random.IntN(len(names))])
			}
		}
		if got := a.give(f, values); got.Status != 0 {
			a.report.Forms[f.method+" "+kind(f.action.Path)]++
			a.report.Statuses[got.Status]++
		}
	}
}

func (a *Attacker) change(values url.Values, name string) {
	switch a.random.IntN(12) {
	case 0:
		delete(values, name)
	case 1:
		values[name] = append(values[name], a.pick())
	default:
		values[name] = []string{a.pick()}
	}
}

func (a *Attacker) give(f form, values url.Values) (got Answer) {
	switch {
	case f.method == http.MethodGet:
		return a.ask(f.action.EscapedPath(), values)
	case f.file != "":
		got = a.Browser.Upload(f.action.RequestURI(), values, "a.csv", []byte(a.pick()))
	default:
		got = a.Browser.Post(f.action.RequestURI(), values)
	}
	a.take(f.method+" "+f.action.Path+" "+brief(values.Encode()), got)
	return got
}

func (a *Attacker) pick() string { return hostile[a.random.IntN(len(hostile))] }

// take checks an answer and reads it.
func (a *Attacker) take(what string, got Answer) {
	a.Browser.T.Helper()
	page := strings.HasPrefix(got.Header.Get("Content-Type"), "text/html")
	switch {
	case got.Status >= http.StatusInternalServerError:
		a.Browser.T.Errorf("%s: status %d\n%s", brief(what), got.Status, got.Body)
	case strings.Contains(got.Body, mark) && page:
		a.Browser.T.Errorf("%s: the page has %s as it was sent\n%s", brief(what), mark, got.Body)
	case strings.HasSuffix(got.Path, "/sign-in"):
		a.Browser.T.Fatalf("%s: the session has ended", brief(what))
	case page:
		a.read(got)
	}
}

func brief(s string) string { return s[:min(len(s), 600)] }

// form is what a page has between <form> and </form>.
type form struct {
	method string
	action *url.URL
	file   string // the name of a field that takes a file
	fields url.Values
}

// filled is what a field has that the page leaves to the reader.
const filled = "100"

func readForm(base *url.URL, n *html.Node) form {
	action, err := base.Parse(attr(n, "action"))
	if err != nil || action.Host != base.Host {
		return form{action: &url.URL{}}
	}
	f := form{method: strings.ToUpper(cmp.Or(attr(n, "method"), http.MethodGet)), action: action, fields: url.Values{}}
	for in := range n.Descendants() {
		if name := attr(in, "name"); in.Type == html.ElementNode && name != "" {
			f.read(in, name)
		}
	}
	return f
}

func (f *form) read(n *html.Node, name string) {
	switch kind := attr(n, "type"); {
	case kind == "file":
		f.file = name
	case n.Data == "textarea":
		f.fields[name] = []string{cmp.Or(text(n), filled)}
	case n.Data == "select":
		for in := range n.Descendants() {
			if in.Data == "option" {
				f.fields[name] = []string{cmp.Or(attr(in, "value"), text(in))} // the last
			}
		}
	case n.Data == "input", n.Data == "button":
		f.fields[name] = []string{cmp.Or(attr(n, "value"), filled)}
	}
}

func text(n *html.Node) (s string) {
	for in := range n.Descendants() {
		if in.Type == html.TextNode {
			s += in.Data
		}
	}
	return s
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
