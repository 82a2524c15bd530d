package mall

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/pictures"
	"github.com/pointgrid/pointgrid/web/page"
)

const picturesPath = Area + "/pictures/"

// drawing is one of ours, under a name that changes with its content.
type drawing struct {
	file    string
	content []byte
}

// drawings are all of them by name.
var drawings = sync.OnceValue(func() map[string]drawing {
	all := map[string]drawing{}
	for _, name := range pictures.Names() {
		b, err := fs.ReadFile(pictures.Files(), name+".svg")
		if err != nil {
			panic(fmt.Sprintf("member pages: %v", err)) // it is in the program
		}
		sum := sha256.Sum256(b)
		all[name] = drawing{name + "." + hex.EncodeToString(sum[:6]) + ".svg", b}
	}
	return all
})

// pictureURL is where the picture of a product is, the neutral one of its kind
// without one.
func pictureURL(name string, kind mall.Kind) string {
	if name == "" {
		name = pictures.Neutral(string(kind))
	}
	if d, ours := drawings()[name]; ours {
		return picturesPath + d.file
	}
	return picturesPath + name
}

// pictureRoutes are open to everybody, so that browsers and proxies may keep pictures.
func (m *Mall) pictureRoutes() []page.Route {
	if m.o.Shop == nil {
		return nil
	}
	return []page.Route{{Method: http.MethodGet, Path: picturesPath + "{picture}", Handler: http.HandlerFunc(m.servePicture)}}
}

// servePicture answers with a picture that can do nothing, whatever is in it: opened
// by itself it is in a sandbox, and what it is is never guessed.
func (m *Mall) servePicture(w http.ResponseWriter, r *http.Request) {
	media, content, err := m.picture(r)
	switch {
	case errors.Is(err, mall.ErrNotFound):
		m.problemIn(w, r, m.alone(r), http.StatusNotFound, "not_found")
		return
	case err != nil:
		m.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(content)))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	_, _ = w.Write(content) // an error is that of the connection
}

func (m *Mall) picture(r *http.Request) (media string, content []byte, err error) {
	file := r.PathValue("picture")
	name, _, _ := strings.Cut(file, ".")
	if d, ours := drawings()[name]; ours {
		if d.file != file {
			return "", nil, mall.ErrNotFound
		}
		return "image/svg+xml", d.content, nil
	}
	p, err := m.o.Shop.Picture(r.Context(), file)
	if err != nil {
		return "", nil, err
	}
	return p.Media, p.Content, nil
}
