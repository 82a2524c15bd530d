package page_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pointgrid/pointgrid/web/page"
)

func familyOf(name string, files map[string]string) page.Family {
	all := fstest.MapFS{}
	for path, text := range files {
		all[path] = &fstest.MapFile{Data: []byte(text)}
	}
	return page.Family{Name: name, Files: all}
}

func TestAFamilyBringsAssetsAndSeveralFilesOfWords(t *testing.T) {
	words := map[string]string{"words/en.yaml": "own: {a: A}", "words/zh.yaml": "own: {a: 甲}"}
	with := func(more map[string]string) page.Family {
		all := map[string]string{}
		for _, files := range []map[string]string{words, more} {
			for path, text := range files {
				all[path] = text
			}
		}
		return familyOf("own", all)
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  string // of the error, empty for none
	}{
		"all is well": {map[string]string{"words/more.en.yaml": "own: {b: B}", "words/more.zh.yaml": "own: {b: 乙}", "assets/own.css": "a{}", "assets/icons/own.svg": "<svg></svg>",
			"pages/p.html": `{{define "title"}}{{t "own.b"}}{{end}}{{define "main"}}{{icon "own"}}{{asset "own.css"}}{{end}}`}, ""},
		"words in one language":     {map[string]string{"words/more.en.yaml": "own: {b: B}"}, `"own.b" has words in en and none in zh`},
		"words that are there":      {map[string]string{"words/more.en.yaml": "own: {a: B}", "words/more.zh.yaml": "own: {a: 乙}"}, "are there twice"},
		"a style sheet of another":  {map[string]string{"assets/page.css": "a{}"}, `the asset "page.css" is there twice`},
		"an icon of another":        {map[string]string{"assets/icons/bolt.svg": "<svg></svg>"}, `the icon "bolt" is there twice`},
		"words that cannot be read": {map[string]string{"words/more.en.yaml": ":\t{", "words/more.zh.yaml": "own: {b: 乙}"}, "more.en.yaml"},
	} {
		_, err := page.New(page.Options{Families: []page.Family{with(c.files)}, Location: time.UTC, Logger: slog.New(slog.DiscardHandler)})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
