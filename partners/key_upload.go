package partners

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// CredentialError says why a change of credentials was refused: a stable code,
// and what would be right.
type CredentialError struct {
	Code   string
	Detail string
}

// Error implements error.
func (e *CredentialError) Error() string { return "partners: " + e.Code + ": " + e.Detail }

func wrongCredential(code, format string, args ...any) error {
	return &CredentialError{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Codes of a [CredentialError].
const (
	CodeKeyPrivate       = "key_private"        // a private key, or a shared secret
	CodeKeyMalformed     = "key_malformed"      // neither a JWK nor a public key in PEM
	CodeKeyRefused       = "key_refused"        // too weak, or of a kind that is not accepted
	CodeKeyExists        = "key_exists"         // the client has it, or one with its ID
	CodeKeyTimes         = "key_times"          // its times are not in order
	CodeKeysFull         = "keys_full"          // the client has as many as it may
	CodeKeyRetired       = "key_retired"        // it is retired already
	CodeLastKey          = "last_key"           // no key would be left
	CodeClientsFull      = "clients_full"       // the partner has as many as it may
	CodeClientConfigured = "client_configured"  // the configuration decides
	CodeScopeNotGranted  = "scope_not_granted"  // the partner may not give it
	CodeClientRefused    = "client_refused"     // a setting is malformed
	CodeChanged          = "credential_changed" // somebody else changed it meanwhile
)

// keyTextMax bounds an uploaded key, in bytes.
const keyTextMax = 16 << 10

// ParseKey reads one public key as somebody uploads it: a JWK, or PEM with one
// PUBLIC KEY block. A key without an ID gets its [Thumbprint]. The error is a
// [*CredentialError].
func ParseKey(text string) (Key, error) {
	data := bytes.TrimSpace([]byte(text))
	switch {
	case len(data) > keyTextMax:
		return Key{}, wrongCredential(CodeKeyMalformed, "a key has at most %d bytes", keyTextMax)
	case bytes.HasPrefix(data, []byte("-----BEGIN")):
		return oneKey(data, checkPEM(data))
	case bytes.HasPrefix(data, []byte("{")):
		set, err := checkJWK(data)
		return oneKey(set, err)
	}
	return Key{}, wrongCredential(CodeKeyMalformed, "send a JWK (a JSON object with kty) or PEM that begins with -----BEGIN PUBLIC KEY-----")
}

func oneKey(data []byte, wrong error) (Key, error) {
	if wrong != nil {
		return Key{}, wrong
	}
	keys, err := ParseKeys(data)
	if err != nil {
		return Key{}, wrongCredential(CodeKeyRefused, "%s", explained(err))
	}
	if len(keys) != 1 {
		return Key{}, wrongCredential(CodeKeyMalformed, "send one key at a time, this has %d", len(keys))
	}
	if !validKeyID(keys[0].ID) {
		return Key{}, wrongCredential(CodeKeyMalformed, "kid must be 1 to %d of letters, digits, -, _, . and ~", keyIDMax)
	}
	return keys[0], nil
}

// explained is an error of ParseKeys without the places that one key has not.
func explained(err error) string {
	s := strings.TrimPrefix(err.Error(), "partners: ")
	if _, rest, found := strings.Cut(s, "): "); found && strings.HasPrefix(s, "key 1 (") {
		s = rest
	}
	return "the key " + strings.TrimPrefix(s, "key 1: ") + "; send Ed25519, ECDSA on P-256, or RSA of 2048 to 4096 bits"
}

const burnt = "do not use it any more, make a new pair and send only its public half"

func checkPEM(data []byte) error {
	block, _ := pem.Decode(data)
	switch {
	case block == nil:
		return wrongCredential(CodeKeyMalformed, "the PEM is damaged")
	case strings.Contains(block.Type, "PRIVATE"):
		return wrongCredential(CodeKeyPrivate, "this is a private key, and others have seen it now: %s", burnt)
	case block.Type == "CERTIFICATE":
		return wrongCredential(CodeKeyMalformed, "this is a certificate; send the public key alone: openssl x509 -pubkey -noout")
	case block.Type != pemPublicKey:
		return wrongCredential(CodeKeyMalformed, "the PEM block is a %.32q, must be a %s; openssl pkey -pubout writes one", block.Type, pemPublicKey)
	}
	return nil
}

// checkJWK looks for what must not be there before anything reads the key, and
// makes a set of it.
func checkJWK(data []byte) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, wrongCredential(CodeKeyMalformed, "this is not a JSON object")
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth"} {
		if _, has := members[name]; has {
			return nil, wrongCredential(CodeKeyPrivate, "the JWK has %q, it is a private key, and others have seen it now: %s", name, burnt)
		}
	}
	if _, has := members["k"]; has {
		return nil, wrongCredential(CodeKeyPrivate, "the JWK is a shared secret; there are none here: %s", burnt)
	}
	if _, has := members["keys"]; has {
		return nil, wrongCredential(CodeKeyMalformed, "this is a key set; send its keys one at a time")
	}
	if use, has := members["use"]; has && string(use) != `"sig"` {
		return nil, wrongCredential(CodeKeyRefused, "the JWK is not for signatures; its use must be sig, or absent")
	}
	set, err := json.Marshal(map[string][]json.RawMessage{"keys": {data}})
	if err != nil {
		return nil, errors.Join(wrongCredential(CodeKeyMalformed, "this is not a JSON object"), err)
	}
	return set, nil
}

// validKeyID reports whether an ID can stand in an address as it is.
func validKeyID(s string) bool {
	if s == "" || len(s) > keyIDMax {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' && c != '.' && c != '~' {
			return false
		}
	}
	return true
}
