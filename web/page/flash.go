package page

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// Flash is a message on the next page: that something was done.
type Flash struct {
	Word   string   `json:"w"`           // key
	Values []string `json:"v,omitempty"` // in pairs of name and value
}

const (
	flashMax    = 2048
	flashPrefix = "flash."
)

func (s *Set) flashCookie() string {
	if s.o.Secure {
		return "__Host-pointgrid_flash"
	}
	return "pointgrid_flash"
}

// Flash leaves a message for the next page that this browser is shown. Its key
// begins with "flash.".
func (s *Set) Flash(w http.ResponseWriter, key string, values ...string) {
	b, err := json.Marshal(Flash{key, values})
	if err != nil || len(b) > flashMax {
		return // strings can be encoded; too long a message is not worth an error
	}
	http.SetCookie(w, &http.Cookie{Name: s.flashCookie(), Value: base64.RawURLEncoding.EncodeToString(b), Path: "/", MaxAge: 60,
		Secure: s.o.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// takeFlash reads a message and removes it. A cookie that we didn't write shows
// nothing but our own words.
func (s *Set) takeFlash(w http.ResponseWriter, r *http.Request) *Flash {
	c, err := r.Cookie(s.flashCookie())
	if err != nil {
		return nil
	}
	http.SetCookie(w, &http.Cookie{Name: s.flashCookie(), Path: "/", MaxAge: -1, Secure: s.o.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	var f Flash
	if err != nil || len(b) > flashMax || json.Unmarshal(b, &f) != nil || !strings.HasPrefix(f.Word, flashPrefix) || !s.words.Has(f.Word) {
		return nil
	}
	return &f
}

// Pairs are the values as [Dictionary.Say] takes them.
func (f *Flash) Pairs() []any {
	values := make([]any, len(f.Values))
	for i, v := range f.Values {
		values[i] = v
	}
	return values
}
