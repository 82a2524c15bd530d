package pictures_test

import (
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/pictures"
)

// elements are all that a drawing is made of: none runs, loads or links.
var elements = regexp.MustCompile(`^(svg|g|path|rect|circle|ellipse)$`)

func TestDrawingsAreSmallAndOnlyDraw(t *testing.T) {
	if len(pictures.Names()) < 20 {
		t.Fatalf("there are %d drawings", len(pictures.Names()))
	}
	for _, name := range pictures.Names() {
		b, err := fs.ReadFile(pictures.Files(), name+".svg")
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > 3<<10 {
			t.Errorf("%s has %d bytes, at most 3 KiB", name, len(b))
		}
		for d := xml.NewDecoder(strings.NewReader(string(b))); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			e, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			if !elements.MatchString(e.Name.Local) {
				t.Errorf("%s has an element %q", name, e.Name.Local)
			}
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "style" || strings.Contains(a.Value, "url(") {
					t.Errorf("%s has an attribute %s=%q", name, a.Name.Local, a.Value)
				}
			}
		}
	}
}

func TestEveryKindHasANeutralDrawing(t *testing.T) {
	for _, k := range mall.Kinds() {
		if !pictures.Has(pictures.Neutral(string(k))) {
			t.Errorf("none for %s", k)
		}
	}
}
