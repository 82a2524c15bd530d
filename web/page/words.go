package page

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// Language is one that pages are written in, as in the lang attribute.
type Language string

// The languages. English is what those get who ask for neither.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// Languages are all of them.
var Languages = [...]Language{English, Chinese}

// Dictionary has the words of all families in all languages.
type Dictionary struct {
	localizers map[Language]*i18n.Localizer
	keys       map[string]bool
}

// NewDictionary reads the words of the families. An error names the keys that a
// language lacks, and those that two families have.
func NewDictionary(families ...Family) (*Dictionary, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	found := map[Language]map[string]bool{}
	var errs []error
	for _, l := range Languages {
		found[l] = map[string]bool{}
		for _, f := range families {
			files, err := readWords(bundle, f, l)
			if err != nil {
				return nil, fmt.Errorf("page: family %q: words in %s: %w", f.Name, l, err)
			}
			for _, m := range files {
				if found[l][m.ID] {
					errs = append(errs, fmt.Errorf("page: family %q: the words for %q in %s are there twice", f.Name, m.ID, l))
				}
				found[l][m.ID] = true
			}
		}
	}
	d := &Dictionary{localizers: map[Language]*i18n.Localizer{}, keys: found[English]}
	for _, l := range Languages {
		d.localizers[l] = i18n.NewLocalizer(bundle, string(l))
		errs = append(errs, lacking(found, l)...)
	}
	return d, errors.Join(errs...)
}

// readWords returns what a family's files for a language say: words/en.yaml, and
// those about something of their own, such as words/orders.en.yaml.
func readWords(bundle *i18n.Bundle, f Family, l Language) (all []*i18n.Message, err error) {
	names, err := fs.Glob(f.Files, "words/*."+string(l)+".yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range append([]string{"words/" + string(l) + ".yaml"}, names...) {
		b, err := fs.ReadFile(f.Files, name)
		if err != nil {
			return nil, err
		}
		file, err := bundle.ParseMessageFileBytes(b, string(l)+".yaml")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, file.Messages...)
	}
	return all, nil
}

// lacking reports what other languages have and l has not.
func lacking(found map[Language]map[string]bool, l Language) (errs []error) {
	for other, keys := range found {
		for key := range keys {
			if !found[l][key] {
				errs = append(errs, fmt.Errorf("page: %q has words in %s and none in %s", key, other, l))
			}
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// Has reports whether there are words for a key.
func (d *Dictionary) Has(key string) bool { return d.keys[key] }

// Say returns the words for a key, with the values in the places of their names;
// values come in pairs of name and value. A value named n also chooses between
// singular and plural.
func (d *Dictionary) Say(l Language, key string, values ...any) string {
	c := i18n.LocalizeConfig{MessageID: key}
	if len(values) > 0 {
		data := make(map[string]any, len(values)/2)
		for i := 0; i+1 < len(values); i += 2 {
			name, _ := values[i].(string)
			data[name] = values[i+1]
		}
		c.TemplateData = data
		if n, ok := data["n"]; ok {
			c.PluralCount = fmt.Sprint(n) // it takes texts and not every kind of integer
		}
	}
	text, err := d.localizers[l].Localize(&c)
	if err != nil && text == "" {
		return "⟦" + key + "⟧"
	}
	return text
}

// Language is the one that the reader chose, or that the browser asks for.
func (s *Set) Language(r *http.Request) Language {
	if c, err := r.Cookie(languageCookie); err == nil && slices.Contains(Languages[:], Language(c.Value)) {
		return Language(c.Value)
	}
	header := r.Header.Get("Accept-Language")
	if len(header) > acceptMax {
		return English
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return English
	}
	for _, tag := range tags { // the most wanted first
		spoken, _ := tag.Base()
		if l := Language(spoken.String()); slices.Contains(Languages[:], l) {
			return l
		}
	}
	return English
}

// acceptMax bounds the header that is parsed, in bytes.
const acceptMax = 256

// Say is [Dictionary.Say] in the language of a request.
func (s *Set) Say(r *http.Request, key string, values ...any) string {
	return s.words.Say(s.Language(r), key, values...)
}

// Has reports whether there are words for a key.
func (s *Set) Has(key string) bool { return s.words.Has(key) }
