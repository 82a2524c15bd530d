package page

import (
	"net/http"
)

// Route is one page, or one form that it sends. The path is a pattern as
// [http.ServeMux] has them, with {name} for what [http.Request.PathValue]
// returns.
type Route struct {
	Method  string
	Path    string
	Handler http.Handler
}

// Routes are those that all families share: files, and the switches of language
// and theme.
func (s *Set) Routes() []Route {
	return []Route{
		{http.MethodGet, assetsPath + "{file}", http.HandlerFunc(s.serveAsset)},
		{http.MethodPost, "/preferences", http.HandlerFunc(s.setPreferences)},
	}
}

// Protect refuses forms that another site sent (the browser says so by
// Sec-Fetch-Site or Origin), save those from the origin at which we are reached,
// such as https://gateway.example.com.
func (s *Set) Protect(origin string, routes []Route) ([]Route, error) {
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(origin); err != nil {
		return nil, err
	}
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Refuse(w, r, http.StatusForbidden, "cross_site", Frame{})
	}))
	protected := make([]Route, len(routes))
	for i, route := range routes {
		protected[i] = Route{route.Method, route.Path, guard.Handler(route.Handler)}
	}
	return protected, nil
}

// Mux serves routes by themselves, without the API beside them.
func Mux(routes []Route) *http.ServeMux {
	mux := http.NewServeMux()
	for _, route := range routes {
		mux.Handle(route.Method+" "+route.Path, route.Handler)
	}
	return mux
}
