package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

//go:embed all:base
var base embed.FS

// Family is a group of pages with words of their own.
type Family struct {
	Name  string // before the slash of its pages' names
	Files fs.FS  // with the folders pages and words, and maybe assets
}

// Options configure a [Set]. Without a default a field is required.
type Options struct {
	Families []Family
	// Location is the time zone in which times are written.
	Location *time.Location
	// Secure says that browsers reach us by https, so that cookies can insist on it.
	Secure bool
	Logger *slog.Logger
}

// Set is the pages, parsed. It may be used by many goroutines.
type Set struct {
	o      Options
	words  *Dictionary
	pages  map[Language]map[string]*template.Template
	assets *assets
}

// New parses all pages. An error says which file or which word is wrong.
func New(o Options) (*Set, error) {
	if o.Location == nil || o.Logger == nil {
		return nil, errors.New("page: location and logger are required")
	}
	ours, err := fs.Sub(base, "base")
	if err != nil {
		return nil, err
	}
	families := append([]Family{{Name: "", Files: ours}}, o.Families...)
	s := &Set{o: o, pages: map[Language]map[string]*template.Template{}}
	if s.assets, err = loadAssets(families); err != nil {
		return nil, err
	}
	if s.words, err = NewDictionary(families...); err != nil {
		return nil, err
	}
	for _, l := range Languages {
		s.pages[l] = map[string]*template.Template{}
		for _, f := range families {
			if err := s.parse(l, f, ours); err != nil {
				return nil, fmt.Errorf("page: family %q: %w", f.Name, err)
			}
		}
	}
	return s, nil
}

// parse adds the pages of a family in a language.
func (s *Set) parse(l Language, f Family, ours fs.FS) error {
	root, err := template.New("").Funcs(s.functions(l)).ParseFS(ours, "pages/_*.html")
	if err != nil {
		return err
	}
	names, err := fs.Glob(f.Files, "pages/*.html")
	if err != nil {
		return err
	}
	parts := func(name string) bool { return strings.HasPrefix(path.Base(name), "_") }
	for _, name := range names {
		if f.Name != "" && parts(name) {
			if _, err := root.ParseFS(f.Files, name); err != nil {
				return err
			}
		}
	}
	for _, name := range names {
		if err := s.checkWords(f.Files, name); err != nil {
			return err
		}
		if parts(name) {
			continue
		}
		t, err := template.Must(root.Clone()).ParseFS(f.Files, name)
		if err != nil {
			return err
		}
		s.pages[l][path.Join(f.Name, strings.TrimSuffix(path.Base(name), ".html"))] = t
	}
	return nil
}

// wordUse is a key that a template names as it stands.
var wordUse = regexp.MustCompile(`\bt "([^"]+)"`)

func (s *Set) checkWords(files fs.FS, name string) error {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	var missing []string
	for _, use := range wordUse.FindAllSubmatch(b, -1) {
		if key := string(use[1]); !s.words.Has(key) && !slices.Contains(missing, key) {
			missing = append(missing, key)
		}
	}
	if missing != nil {
		return fmt.Errorf("%s: there are no words for %q", name, missing)
	}
	return nil
}

// Render answers with a page within the layout. What the frame leaves out and
// the request knows is filled in.
func (s *Set) Render(w http.ResponseWriter, r *http.Request, status int, name string, f Frame) {
	f.complete(s, w, r)
	t, ok := s.pages[f.Lang][name]
	var b bytes.Buffer
	err := fmt.Errorf("there is no page %q", name)
	if ok {
		err = t.ExecuteTemplate(&b, "layout", &f)
	}
	if err != nil {
		s.o.Logger.ErrorContext(r.Context(), "page not rendered", "page", name, "error", err)
		s.guard(w)
		http.Error(w, "PointGrid: internal error", http.StatusInternalServerError)
		return
	}
	s.guard(w)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(f.Lang))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // an error is that of the connection
}

// policy lets a page load its style sheet, script and pictures from here and
// send its forms here, and nothing else. A picture made for one page, such as a
// QR code, travels within it.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// StrictTransport is the header Strict-Transport-Security (RFC 6797) of every answer
// that is reached by https: a year, for the names below ours too.
const StrictTransport = "max-age=31536000; includeSubDomains"

// guard sets what holds for every page.
func (s *Set) guard(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Cookie, Accept-Language")
	if s.o.Secure {
		h.Set("Strict-Transport-Security", StrictTransport)
	}
}

// Logger returns the logger, for those who answer with pages.
func (s *Set) Logger() *slog.Logger { return s.o.Logger }
