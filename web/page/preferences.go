package page

import (
	"net/http"
	"slices"
	"strings"
)

// Theme is light, dark, or what the system says.
type Theme string

// The themes.
const (
	System Theme = "system"
	Light  Theme = "light"
	Dark   Theme = "dark"
)

// Preferences are no secrets, so these cookies are plain.
const (
	languageCookie = "pointgrid_lang"
	themeCookie    = "pointgrid_theme"
	cookieYear     = 365 * 24 * 3600
)

func themeOf(r *http.Request) Theme {
	if c, err := r.Cookie(themeCookie); err == nil && slices.Contains([]Theme{Light, Dark}, Theme(c.Value)) {
		return Theme(c.Value)
	}
	return System
}

// setPreferences keeps what a reader chose and goes back to where that was done.
func (s *Set) setPreferences(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, preferencesMax)
	if err := r.ParseForm(); err != nil {
		s.Refuse(w, r, http.StatusBadRequest, "form", Frame{})
		return
	}
	if l := Language(r.PostForm.Get("lang")); slices.Contains(Languages[:], l) {
		s.prefer(w, languageCookie, string(l))
	}
	if t := Theme(r.PostForm.Get("theme")); slices.Contains([]Theme{System, Light, Dark}, t) {
		s.prefer(w, themeCookie, string(t))
	}
	http.Redirect(w, r, LocalPath(r.PostForm.Get("to"), "/"), http.StatusSeeOther)
}

const preferencesMax = 8 << 10

func (s *Set) prefer(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: cookieYear, Secure: s.o.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// LocalPath returns a path of this site as it came, and otherwise instead: what
// looks like a path can lead elsewhere.
func LocalPath(to, instead string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") || len(to) > 2048 {
		return instead
	}
	return to
}
