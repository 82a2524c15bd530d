package page

import (
	"net/http"
)

// Frame is what the layout shows around a page, and the page's own data.
type Frame struct {
	// Area is the family's home path, such as "/portal"; empty is a page of its own
	// without navigation.
	Area string
	// AreaName is the key of what the area is called.
	AreaName string
	Nav      []Link
	Person   *Person // nil before sign-in
	// FormToken is what every form of the page carries.
	FormToken string
	// Notice stands above every page of the area, such as the sandbox's clock; may
	// be empty.
	Notice string
	Body   any
	// Refresh, if set, has the browser go somewhere by itself; the page must have a
	// link there too.
	Refresh *Refresh

	// The rest comes from the request.
	Lang  Language
	Theme Theme
	Path  string // with its query
	Flash *Flash
}

// Refresh is where a browser goes by itself, and after how long.
type Refresh struct {
	Seconds int
	URL     string
}

// Link is one entry of the navigation.
type Link struct {
	Href    string
	Word    string // key
	Icon    string
	Current bool
}

// Person is who is signed in.
type Person struct {
	Name    string
	Company string // as people call it, in the page's language
}

func (f *Frame) complete(s *Set, w http.ResponseWriter, r *http.Request) {
	f.Lang, f.Theme, f.Path = s.Language(r), themeOf(r), r.URL.RequestURI()
	if r.Method != http.MethodGet {
		f.Path = f.Area // a page that answers a form can't be asked for again
	}
	f.Flash = s.takeFlash(w, r)
	if f.Path == "" {
		f.Path = "/"
	}
}

// Problem is a page that says what went wrong and what to do.
type Problem struct {
	Code   string // part of the keys problem.CODE.title and problem.CODE.advice
	Status int
}

// Refuse answers with a page that says what went wrong and what to do.
func (s *Set) Refuse(w http.ResponseWriter, r *http.Request, status int, code string, f Frame) {
	f.Body = Problem{Code: code, Status: status}
	s.Render(w, r, status, "problem", f)
}
