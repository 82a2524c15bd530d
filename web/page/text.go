package page

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// IsText reports whether all that was filled in is UTF-8 without the character U+0000,
// as every browser sends it and every database keeps it.
func IsText(form url.Values) bool {
	for _, values := range form {
		for _, v := range values {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return false
			}
		}
	}
	return true
}
