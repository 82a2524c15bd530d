package signature

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// parameters are those of Signature-Input, and the text that was signed.
type parameters struct {
	text    string // inner list with parameters, as received
	covered string // the inner list alone
	created time.Time
	keyID   string
}

// member finds the value of our label in a dictionary of RFC 8941. Other
// members, which a proxy may have added, are skipped. Commas count only outside
// of quotation marks; neither byte sequences nor inner lists contain others.
func member(dictionary string) (value string, ok bool, err error) {
	for rest := dictionary; rest != ""; {
		var item string
		item, rest = cutMember(rest)
		name, text, found := strings.Cut(strings.Trim(item, " \t"), "=")
		if !found || name != label {
			continue
		}
		if ok {
			return "", false, refuse(Malformed, "%s is there twice", label)
		}
		value, ok = text, true
	}
	return value, ok, nil
}

// cutMember splits at the first comma that is not within quotation marks.
func cutMember(s string) (item, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// parseParameters reads `(…);created=…;keyid="…";nonce="…"`, the parameters in
// any order, each once.
func parseParameters(text string) (parameters, error) {
	end := strings.IndexByte(text, ')')
	if end < 0 || text[0] != '(' {
		return parameters{}, refuse(Malformed, "%s must be a list of components in parentheses", label)
	}
	p := parameters{text: text, covered: text[:end+1]}
	var seen uint8 // one bit for each of parameterNames
	for rest := text[end+1:]; rest != ""; {
		var name, value string
		var err error
		if name, value, rest, err = cutParameter(rest); err != nil {
			return parameters{}, err
		}
		bit := uint8(1) << parameterIndex(name)
		if seen&bit != 0 {
			return parameters{}, refuse(Malformed, "parameter %s is there twice", name)
		}
		seen |= bit
		if err := p.set(name, value); err != nil {
			return parameters{}, err
		}
	}
	for i, name := range parameterNames[:required] {
		if seen&(1<<i) == 0 {
			return parameters{}, refuse(Malformed, "parameter %s is missing", name)
		}
	}
	return p, nil
}

// parameterNames begins with the required ones.
var parameterNames = [...]string{"created", "keyid", "nonce", "alg"}

const required = 3

// parameterIndex is the position in parameterNames, or its length.
func parameterIndex(name string) int {
	for i, known := range parameterNames {
		if name == known {
			return i
		}
	}
	return len(parameterNames)
}

// cutParameter takes `;name=value` off the front.
func cutParameter(s string) (name, value, rest string, err error) {
	name, after, found := strings.Cut(s[1:], "=")
	if s[0] != ';' || !found {
		return "", "", "", refuse(Malformed, "parameters must be written ;name=value")
	}
	end := strings.IndexByte(after, ';')
	if end < 0 {
		end = len(after)
	}
	return name, after[:end], after[end:], nil
}

func (p *parameters) set(name, value string) error {
	switch name {
	case "created":
		seconds, err := strconv.ParseUint(value, 10, 40)
		if err != nil || strconv.FormatUint(seconds, 10) != value {
			return refuse(Malformed, "created must be whole seconds since 1970")
		}
		p.created = time.Unix(int64(seconds), 0)
		return nil
	case "keyid":
		var err error
		p.keyID, err = quoted(name, value)
		return err
	case "nonce":
		_, err := quoted(name, value)
		return err
	case "alg":
		if value != `"ed25519"` {
			return refuse(Malformed, `alg must be "ed25519"`)
		}
		return nil
	}
	return refuse(Malformed, "only the parameters created, keyid, nonce and alg are understood")
}

func quoted(name, value string) (string, error) {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' || !plainText(value[1:len(value)-1]) {
		return "", refuse(Malformed, "%s must be 1 to %d visible ASCII characters in quotation marks, none of them escaped or a semicolon", name, parameterTextMax)
	}
	return value[1 : len(value)-1], nil
}

// signatureBytes reads `:base64:`.
func signatureBytes(value string, out *[64]byte) error {
	if len(value) != 90 || value[0] != ':' || value[89] != ':' {
		return refuse(Malformed, "the signature must be 64 bytes in base64 between colons")
	}
	var raw [66]byte
	n, err := base64.StdEncoding.Strict().Decode(raw[:], []byte(value[1:89]))
	if err != nil || n != 64 {
		return refuse(Malformed, "the signature must be 64 bytes in base64 between colons")
	}
	copy(out[:], raw[:])
	return nil
}
