package support

import (
	"unicode"
	"unicode/utf8"
)

const (
	keyMax    = 255
	personMax = 64
	memberMax = 64
)

// checkText refuses what is too long or cannot be shown.
func checkText(name, s string, most int, required bool) error {
	switch {
	case required && s == "":
		return refuse(CodeInvalid, "%s is missing", name)
	case len(s) > most:
		return refuse(CodeInvalid, "%s has %d bytes, at most %d", name, len(s), most)
	case !utf8.ValidString(s):
		return refuse(CodeInvalid, "%s is not UTF-8", name)
	}
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return refuse(CodeInvalid, "%s has the control character %U", name, r)
		}
	}
	return nil
}

func checkRequest(client string, r Idempotency) error {
	if client == "" || len(client) > personMax || r.Key == "" || len(r.Key) > keyMax {
		return refuse(CodeInvalid, "a request has a client and an idempotency key of 1 to %d bytes", keyMax)
	}
	return nil
}

func checkPerson(p Person) error {
	if p.ID == "" || len(p.ID) > personMax {
		return refuse(CodeInvalid, "somebody of staff has a number of 1 to %d bytes", personMax)
	}
	return nil
}
