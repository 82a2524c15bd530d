package api

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	webpage "github.com/pointgrid/pointgrid/web/page"
)

const (
	pathRest  = "{rest...}" // at the end of a page's path: everything below
	jsonRoute = "there is no such route"
)

// pathValue is a part of a page's path that stands for many, as net/http writes
// it.
var pathValue = regexp.MustCompile(`\{([a-z_]+)\}`)

// checkPages keeps pages out of the part that the document describes: there,
// nothing is served that is not described.
func checkPages(all []webpage.Route) error {
	for _, p := range all {
		if strings.HasPrefix(p.Path, "/v1/") || strings.HasPrefix(p.Path, "/oauth2/") {
			return fmt.Errorf("api: page %s lies among the operations", p.Path)
		}
	}
	return nil
}

// addPages serves pages beside the operations. One for everything below a path
// answers what nobody else does.
func (a *API) addPages() {
	for _, p := range a.o.Pages {
		if !strings.HasSuffix(p.Path, pathRest) {
			a.engine.Handle(p.Method, pathValue.ReplaceAllString(p.Path, ":$1"), servePage(p.Handler))
		}
	}
}

// servePage hands a request to a page as net/http would.
func servePage(h http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		for _, p := range c.Params {
			c.Request.SetPathValue(p.Key, p.Value)
		}
		h.ServeHTTP(c.Writer, c.Request)
	}
}

// noRoute answers people with a page and programs with a problem.
func (a *API) noRoute(c *gin.Context) {
	for _, p := range a.o.Pages {
		below, ok := strings.CutSuffix(p.Path, pathRest)
		if ok && p.Method == c.Request.Method && strings.HasPrefix(c.Request.URL.Path, below) {
			p.Handler.ServeHTTP(c.Writer, c.Request)
			return
		}
	}
	notFound(jsonRoute).Write(c.Writer)
}
