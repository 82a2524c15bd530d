package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// assetsPath is where files are served, under names that change with their
// content, so that browsers may keep them for ever.
const assetsPath = "/assets/"

type asset struct {
	contentType   string
	plain, packed []byte
}

type assets struct {
	names map[string]string // with the content's hash, by the plain name
	files map[string]asset  // by the name with the hash
	icons map[string]template.HTML
}

// loadAssets reads the files of all families. No two have one of the same name:
// each would get either.
func loadAssets(families []Family) (*assets, error) {
	a := &assets{names: map[string]string{}, files: map[string]asset{}, icons: map[string]template.HTML{}}
	for _, f := range families {
		if err := a.read(f.Files, "assets/*.*", a.add); err != nil {
			return nil, fmt.Errorf("page: family %q: %w", f.Name, err)
		}
		if err := a.read(f.Files, "assets/icons/*.svg", a.addIcon); err != nil {
			return nil, fmt.Errorf("page: family %q: %w", f.Name, err)
		}
	}
	return a, nil
}

// read gives the files of a pattern to add.
func (a *assets) read(files fs.FS, pattern string, add func(name string, content []byte) error) error {
	names, err := fs.Glob(files, pattern)
	if err != nil {
		return err
	}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if err := add(path.Base(name), b); err != nil {
			return err
		}
	}
	return nil
}

func (a *assets) addIcon(name string, svg []byte) error {
	name = strings.TrimSuffix(name, ".svg")
	if _, taken := a.icons[name]; taken {
		return fmt.Errorf("the icon %q is there twice", name)
	}
	a.icons[name] = template.HTML(svg)
	return nil
}

func (a *assets) add(name string, plain []byte) error {
	if _, taken := a.names[name]; taken {
		return fmt.Errorf("the asset %q is there twice", name)
	}
	sum := sha256.Sum256(plain)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	file := asset{contentType: mime.TypeByExtension(ext), plain: plain}
	if packed := pack(plain); len(packed) < len(plain) {
		file.packed = packed
	}
	a.names[name], a.files[hashed] = hashed, file
	return nil
}

func pack(plain []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(plain); err != nil || w.Close() != nil {
		return plain // a buffer does not fail; plain is not worth packing
	}
	return b.Bytes()
}

// url returns where a file is served, or an error for a name that is not there.
func (a *assets) url(name string) (string, error) {
	hashed, ok := a.names[name]
	if !ok {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return assetsPath + hashed, nil
}

// icon returns a picture to stand before words; it says nothing by itself.
func (a *assets) icon(name string) (template.HTML, error) {
	svg, ok := a.icons[name]
	if !ok {
		return "", fmt.Errorf("there is no icon %q", name)
	}
	return svg, nil
}

func (s *Set) serveAsset(w http.ResponseWriter, r *http.Request) {
	file, ok := s.assets.files[r.PathValue("file")]
	if !ok {
		s.Refuse(w, r, http.StatusNotFound, "not_found", Frame{})
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	body := file.plain
	if file.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = file.packed
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // an error is that of the connection
}
