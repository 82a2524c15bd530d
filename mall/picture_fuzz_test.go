package mall_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"slices"
	"testing"

	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/malltest"
)

// FuzzAPictureIsAPictureOrRefused: what is kept is of one of the three kinds, is what a
// browser takes it for, has sides that a page has room for, and comes back byte by byte.
func FuzzAPictureIsAPictureOrRefused(f *testing.F) {
	w := newWorld(f, malltest.NewMemory())
	ctx := context.Background()
	drawn := func(width, height int) image.Image { return image.NewGray(image.Rect(0, 0, width, height)) }
	var asPNG, asJPEG, wide bytes.Buffer
	must(f, png.Encode(&asPNG, drawn(3, 2)))
	must(f, jpeg.Encode(&asJPEG, drawn(3, 2), nil))
	must(f, png.Encode(&wide, drawn(5000, 1)))
	webp := []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")
	for _, seed := range [][]byte{asPNG.Bytes(), asJPEG.Bytes(), webp, wide.Bytes(), nil, asPNG.Bytes()[:30], append(bytes.Clone(asPNG.Bytes()), "<script>"...),
		append([]byte("<svg/>"), asPNG.Bytes()...), []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := w.AddPicture(ctx, "ops", bytes.Clone(content))
		if err != nil {
			var r *mall.Refusal
			if !errors.As(err, &r) || r.Code != mall.CodeInvalid || r.Detail == "" || len(r.Detail) > 200 {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		kept, err := w.Picture(ctx, p.ID)
		if err != nil || !bytes.Equal(kept.Content, content) || kept.Media != p.Media {
			t.Fatalf("kept is %+v, %v", kept, err)
		}
		if !slices.Contains([]string{"image/png", "image/jpeg", "image/webp"}, p.Media) || http.DetectContentType(content) != p.Media {
			t.Fatalf("a browser takes %s for %s", p.Media, http.DetectContentType(content))
		}
		shape, _, err := image.DecodeConfig(bytes.NewReader(content))
		if err != nil || len(content) > mall.PictureMax || shape.Width < 1 || shape.Width > 4096 || shape.Height < 1 || shape.Height > 4096 {
			t.Fatalf("a picture of %d × %d in %d bytes is kept, %v", shape.Width, shape.Height, len(content), err)
		}
	})
}
