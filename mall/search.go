package mall

import (
	"slices"
	"strings"
	"unicode"
)

// Search works on terms: words in Latin letters and digits in lower case, and, of
// runs of Chinese characters, each character and each pair of neighbours. A word
// that is searched for may be the beginning of one; a run is found when all its
// pairs are there. The store keeps the terms of each product and looks them up by
// the order of their bytes, the same in every database.

const (
	termMax   = 32 // bytes of a word
	termsMax  = 400
	queryMax  = 64 // bytes of a search
	wantedMax = 8  // terms of a search
)

// Terms returns what a product is found by, each once and in order.
func (p *Product) Terms() []string {
	var all []string
	for _, t := range []Text{p.Name, p.Summary, p.Description} {
		for _, s := range []string{t.ZH, t.EN} {
			eachRun(s, func(run []rune, han bool) {
				if !han {
					all = append(all, word(run))
					return
				}
				for i := range run {
					all = append(all, string(run[i]))
					if i > 0 {
						all = append(all, string(run[i-1:i+1]))
					}
				}
			})
		}
	}
	all = append(all, word([]rune(p.ID)))
	all = all[:min(len(all), termsMax)]
	slices.Sort(all)
	return slices.Compact(all)
}

// Wanted returns the terms that a product must have to be found by a search: of
// each, one that begins with it. No terms means that everything is found.
func Wanted(query string) (all []string) {
	if len(query) > queryMax {
		query = query[:queryMax]
	}
	eachRun(strings.ToValidUTF8(query, " "), func(run []rune, han bool) {
		switch {
		case !han:
			all = append(all, word(run))
		case len(run) == 1:
			all = append(all, string(run))
		default:
			for i := 1; i < len(run); i++ {
				all = append(all, string(run[i-1:i+1]))
			}
		}
	})
	return all[:min(len(all), wantedMax)]
}

func word(run []rune) string {
	s := strings.ToLower(string(run))
	for len(s) > termMax {
		r := []rune(s)
		s = string(r[:len(r)-1])
	}
	return s
}

// eachRun divides a text into words and runs of Chinese characters.
func eachRun(s string, visit func(run []rune, han bool)) {
	var run []rune
	han := false
	flush := func() {
		if len(run) > 0 {
			visit(run, han)
		}
		run = nil
	}
	for _, r := range s {
		isHan := unicode.Is(unicode.Han, r)
		if !isHan && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
			continue
		}
		if isHan != han {
			flush()
		}
		han, run = isHan, append(run, r)
	}
	flush()
}
