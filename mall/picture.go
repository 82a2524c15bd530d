package mall

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"

	// What a picture may be, besides WebP.
	_ "image/jpeg"
	_ "image/png"
	"net/http"

	_ "golang.org/x/image/webp"

	"github.com/pointgrid/pointgrid/mall/pictures"
)

// Picture is one that an operator put in: PNG, JPEG or WebP. A picture in SVG could
// carry scripts and is refused; those in SVG are ours, in package pictures.
type Picture struct {
	ID      string // from its content, so that the same picture is there once
	Media   string // such as image/png
	Content []byte
	By      string // client or person
	At      int64  // milliseconds since 1970
}

// Bounds of a picture.
const (
	PictureMax = 512 << 10 // bytes
	sideMax    = 4096      // pixels
)

// AddPicture keeps a picture and returns it without its content. It returns a
// [*Refusal] for what is no picture. A picture that is there already stays as it is.
func (m *Mall) AddPicture(ctx context.Context, by string, content []byte) (*Picture, error) {
	if by == "" || len(by) > personMax {
		return nil, invalid("a picture needs somebody who puts it in, with a name of up to %d bytes", personMax)
	}
	if len(content) > PictureMax {
		return nil, invalid("the picture has more than %d bytes", PictureMax)
	}
	shape, format, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil || http.DetectContentType(content) != "image/"+format { // as a browser would
		return nil, invalid("the picture is not PNG, JPEG or WebP; pictures in SVG are not taken, because they can carry scripts")
	}
	if shape.Width < 1 || shape.Height < 1 || shape.Width > sideMax || shape.Height > sideMax {
		return nil, invalid("the picture has %d × %d pixels, at most %d each", shape.Width, shape.Height, sideMax)
	}
	sum := sha256.Sum256(content)
	p := &Picture{ID: "p-" + hex.EncodeToString(sum[:16]), Media: "image/" + format, Content: content, By: by, At: m.now()}
	if err := m.o.Store.AddPicture(ctx, p); err != nil {
		return nil, err
	}
	p.Content = nil
	return p, nil
}

// Picture returns one, or [ErrNotFound].
func (m *Mall) Picture(ctx context.Context, id string) (*Picture, error) {
	return m.o.Store.Picture(ctx, id)
}

// hasPicture refuses the name of a picture that is not there.
func (m *Mall) hasPicture(ctx context.Context, name string) error {
	if name == "" || pictures.Has(name) {
		return nil
	}
	_, err := m.o.Store.Picture(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return invalid("there is no picture %q; add it first", name)
	}
	return err
}
