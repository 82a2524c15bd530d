package docs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/swaggest/swgui/v5/static"

	"github.com/pointgrid/pointgrid/openapi"
)

//go:embed page
var page embed.FS

// policy is the page's content security policy. Swagger UI sets styles on its
// elements, hence unsafe-inline for those.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const index = "" // the name of the page itself

// file is one thing to serve, plain and packed.
type file struct {
	contentType string
	etag        string
	plain       []byte
	packed      []byte // nil when packing does not pay
}

// Site is the page, its files and the documents.
type Site struct {
	files     map[string]*file
	documents map[string]*file
}

// New returns the site, with everything in memory. An error means that the binary was
// built without a file that the page needs.
func New() (*Site, error) { return built() }

// built makes the site once: it is part of the program and never changes, and to read
// the descriptions takes a fifth of a second.
var built = sync.OnceValues(func() (*Site, error) {
	s := &Site{files: map[string]*file{}, documents: map[string]*file{}}
	for name, contentType := range map[string]string{
		"swagger-ui.css": "text/css; charset=utf-8", "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
		"swagger-ui-standalone-preset.js": "text/javascript; charset=utf-8",
	} {
		packed, err := static.FS.ReadFile(name + ".gz")
		if err != nil {
			return nil, fmt.Errorf("docs: %w", err)
		}
		if s.files[name], err = unpack(contentType, packed); err != nil {
			return nil, fmt.Errorf("docs: %s: %w", name, err)
		}
	}
	if err := s.addPlain(); err != nil {
		return nil, fmt.Errorf("docs: %w", err)
	}
	return s, nil
})

func (s *Site) addPlain() error {
	for _, part := range []struct {
		read              func(string) ([]byte, error)
		path, name, media string
		into              map[string]*file
	}{
		{page.ReadFile, "page/index.html", index, "text/html; charset=utf-8", s.files},
		{page.ReadFile, "page/start.js", "start.js", "text/javascript; charset=utf-8", s.files},
		{static.FS.ReadFile, "favicon-32x32.png", "favicon-32x32.png", "image/png", s.files},
		{openapi.Published, openapi.Exchange, openapi.Exchange, "application/yaml", s.documents},
		{openapi.Published, openapi.Connector, openapi.Connector, "application/yaml", s.documents},
	} {
		data, err := part.read(part.path)
		if err != nil {
			return err
		}
		part.into[part.name] = newFile(part.media, data, pack(data))
	}
	return nil
}

func newFile(contentType string, plain, packed []byte) *file {
	sum := sha256.Sum256(plain)
	if len(packed) >= len(plain) {
		packed = nil
	}
	return &file{contentType: contentType, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, plain: plain, packed: packed}
}

func unpack(contentType string, packed []byte) (*file, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return newFile(contentType, plain, packed), nil
}

func pack(plain []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(plain)
	if err != nil || w.Close() != nil {
		return plain // a buffer does not fail; plain is what newFile takes for not worth it
	}
	return b.Bytes()
}

// Page serves the page.
func (s *Site) Page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", policy)
	s.files[index].serve(w, r)
}

// File serves a file of the page; false means that there is none of that name.
func (s *Site) File(w http.ResponseWriter, r *http.Request, name string) bool {
	f, ok := s.files[name]
	if !ok || name == index {
		return false
	}
	f.serve(w, r)
	return true
}

// Document serves an OpenAPI document; false means that there is none of that
// name.
func (s *Site) Document(w http.ResponseWriter, r *http.Request, name string) bool {
	f, ok := s.documents[name]
	if ok {
		f.serve(w, r)
	}
	return ok
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "public, max-age=600")
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", f.etag)
	if r.Header.Get("If-None-Match") == f.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.plain
	if f.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // an error is that of the connection
}
