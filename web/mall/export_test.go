package mall

import "net/http"

// SessionCookie lets tests hand a browser a session.
func (m *Mall) SessionCookie(w http.ResponseWriter, token string) {
	m.setCookie(w, m.cookie(), token, 0)
}
