package signin

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Cost is what a hash of a password costs.
type Cost struct {
	Time   uint32 // passes
	Memory uint32 // KiB
}

// defaultCost is the second of the equivalent settings that OWASP's cheat sheet
// on password storage recommends for argon2id with one thread: about 20 ms.
var defaultCost = Cost{Time: 2, Memory: 19 * 1024}

// Bounds of hashes that are read, so that a stored text can't ask for all memory.
const (
	memoryMax = 256 * 1024
	timeMax   = 16
	saltBytes = 16
	keyBytes  = 32
)

// Bounds of a password, in characters.
const (
	PasswordMin = 12
	PasswordMax = 128
	differMin   = 5 // different characters
)

// WeakPassword says why a password is refused.
type WeakPassword struct {
	// Rule is "length", "variety", "login", "guessable", "breached" or "same".
	Rule string
}

// Error implements error.
func (w *WeakPassword) Error() string {
	switch w.Rule {
	case "length":
		return fmt.Sprintf("signin: password must have %d to %d characters", PasswordMin, PasswordMax)
	case "variety":
		return fmt.Sprintf("signin: password must have at least %d different characters", differMin)
	case "guessable":
		return "signin: password is made of words and rows of keys that everybody tries first"
	case "breached":
		return "signin: password is in a list of stolen passwords"
	}
	return "signin: password must not contain the login, and must differ from the one before"
}

func checkPassword(login, password string) error {
	n := utf8.RuneCountInString(password)
	different := map[rune]bool{}
	for _, r := range password {
		different[r] = true
	}
	switch {
	case n < PasswordMin || n > PasswordMax || !utf8.ValidString(password):
		return &WeakPassword{"length"}
	case len(different) < differMin:
		return &WeakPassword{"variety"}
	case strings.Contains(strings.ToLower(password), login):
		return &WeakPassword{"login"}
	case guessable(password):
		return &WeakPassword{"guessable"}
	}
	return nil
}

// guessed are what people put into passwords because it is at hand: the product, the
// company's trade, roles, rows of keys and the words that lead every list of stolen
// passwords. docs/security.md names them for those who choose one.
var guessed = []string{"pointgrid", "electricity", "electric", "loyalty", "alliance", "settlement", "administrator", "marketing",
	"support", "engineer", "finance", "checker", "viewer", "maker", "admin", "password", "passwort", "passw0rd", "p@ssw0rd", "welcome", "letmein",
	"changeme", "iloveyou", "sunshine", "princess", "football", "baseball", "superman", "dragon", "monkey", "master", "shadow", "secret",
	"qwertyuiop", "qwerty", "asdfghjkl", "asdf", "zxcvbnm", "zxcv", "1qaz2wsx", "1q2w3e4r", "abcdefgh", "abcd", "woaini", "mima",
	"0123456789", "1234567890", "123456789", "12345678", "1234567", "123456", "12345", "1234", "123", "987654321", "654321", "2024", "2025", "2026", "2027"}

// guessable reports whether little is left of a password without what is guessed first.
func guessable(password string) bool {
	rest := strings.ToLower(password)
	for _, word := range guessed {
		rest = strings.ReplaceAll(rest, word, "")
	}
	different := map[rune]bool{}
	for _, r := range rest {
		different[r] = true
	}
	return len(different) < differMin
}

// hasher makes and checks hashes, a few at a time: each takes memory, and many
// people who knock at once must not take all of it.
type hasher struct {
	cost   Cost
	random io.Reader
	places chan struct{}
	dummy  string // a hash of nothing that anybody knows
}

const hashesAtOnce = 4

func newHasher(cost Cost, random io.Reader) (*hasher, error) {
	h := &hasher{cost: cost, random: random, places: make(chan struct{}, hashesAtOnce)}
	unknown := make([]byte, keyBytes)
	if _, err := io.ReadFull(random, unknown); err != nil {
		return nil, fmt.Errorf("signin: randomness: %w", err)
	}
	var err error
	h.dummy, err = h.hash(context.Background(), string(unknown))
	return h, err
}

func (h *hasher) key(ctx context.Context, password string, salt []byte, cost Cost, bytes uint32) ([]byte, error) {
	select {
	case h.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.places }()
	// The same characters can be typed as different bytes.
	return argon2.IDKey(norm.NFKC.Bytes([]byte(password)), salt, cost.Time, cost.Memory, 1, bytes), nil
}

// hash returns the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", fmt.Errorf("signin: randomness: %w", err)
	}
	key, err := h.key(ctx, password, salt, h.cost, keyBytes)
	if err != nil {
		return "", err
	}
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, h.cost.Memory, h.cost.Time,
		b.EncodeToString(salt), b.EncodeToString(key)), nil
}

// verify reports whether a password is that of a PHC string.
func (h *hasher) verify(ctx context.Context, phc, password string) (bool, error) {
	cost, salt, want, err := parsePHC(phc)
	if err != nil {
		return false, err
	}
	got, err := h.key(ctx, password, salt, cost, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

var errPHC = errors.New("signin: stored password is not an argon2id hash")

func parsePHC(phc string) (cost Cost, salt, key []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return cost, nil, nil, errPHC
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &cost.Memory, &cost.Time); n != 2 || err != nil {
		return cost, nil, nil, errPHC
	}
	salt, errSalt := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	key, errKey := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if errSalt != nil || errKey != nil || len(salt) < 8 || len(key) < 16 || len(key) > 64 ||
		cost.Time < 1 || cost.Time > timeMax || cost.Memory < 8 || cost.Memory > memoryMax {
		return cost, nil, nil, errPHC
	}
	return cost, salt, key, nil
}
