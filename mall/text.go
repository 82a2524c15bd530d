package mall

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Text is what members read, in both languages. It is text and never markup:
// whoever shows it escapes it.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Bounds of texts, in bytes of UTF-8.
const (
	NameMax        = 120
	SummaryMax     = 400
	DescriptionMax = 8000
	reasonMax      = 200
	memberMax      = 64
)

func (t Text) validate(name string, longest int, needed bool) error {
	for lang, s := range map[string]string{"zh": t.ZH, "en": t.EN} {
		if needed && strings.TrimSpace(s) == "" {
			return invalid("%s.%s is empty; both languages are needed", name, lang)
		}
		if err := checkText(name+"."+lang, s, longest, longest == DescriptionMax); err != nil {
			return err
		}
	}
	return nil
}

// checkText bounds a text from outside. Line breaks are for long texts only.
func checkText(name, s string, longest int, lines bool) error {
	if len(s) > longest {
		return invalid("%s has %d bytes, at most %d", name, len(s), longest)
	}
	if !utf8.ValidString(s) {
		return invalid("%s is not UTF-8", name)
	}
	for _, r := range s {
		if r == '\n' && lines {
			continue
		}
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return invalid("%s has a control character", name)
		}
	}
	return nil
}

// ValidChannel reports whether s may be the code of a channel: 2 to 40 of a-z, 0-9
// and -, a letter first.
func ValidChannel(s string) bool { return validCode(s) }

// ValidCategory is [ValidChannel] for the code of a category.
func ValidCategory(s string) bool { return validCode(s) }

// validCode reports whether s is a code: 2 to 40 of a-z, 0-9 and -, beginning with
// a letter.
func validCode(s string) bool {
	if len(s) < 2 || len(s) > 40 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

func checkCode(name, s string) error {
	if !validCode(s) {
		return invalid("%s must be 2 to 40 of a-z, 0-9 and -, beginning with a letter", name)
	}
	return nil
}

func invalid(format string, args ...any) *Refusal {
	return &Refusal{Code: CodeInvalid, Detail: fmt.Sprintf(format, args...)}
}
