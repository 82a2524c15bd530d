package signin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"image/png"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// The second factor as all authenticator programs know it: RFC 6238 with the
// values of its appendix, six digits.
const (
	stepSeconds   = 30
	stepsAround   = 1 // how many steps a clock may be off, either way
	secretBytes   = 20
	recoveryCodes = 10
	recoveryBytes = 16 // 128 bits, 26 characters: enough to be kept as a plain hash
)

// encoding32 is of secrets and recovery codes.
var encoding32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// newSecret returns a TOTP secret in base32.
func (s *Service) newSecret() (string, error) {
	b := make([]byte, secretBytes)
	if _, err := io.ReadFull(s.o.Random, b); err != nil {
		return "", fmt.Errorf("signin: randomness: %w", err)
	}
	return encoding32.EncodeToString(b), nil
}

// matchStep returns the newest time step around now, later than after, whose
// code is the given one; 0 when there is none.
func matchStep(secret, code string, now time.Time, after int64) int64 {
	current := now.Unix() / stepSeconds
	var found int64
	for step := current - stepsAround; step <= current+stepsAround; step++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && step > after && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = step
		}
	}
	return found
}

// useCode uses up a code of the second factor, or a recovery code. It returns
// false when it is neither.
func (s *Service) useCode(ctx context.Context, u *User, code string) (bool, error) {
	code = strings.ToUpper(strings.Map(dropFiller, code))
	secret, err := s.sealer.open(u.ID, u.Secret)
	if err != nil {
		return false, err
	}
	if step := matchStep(secret, code, s.o.Now(), u.LastStep); step > 0 {
		u.LastStep = step
		return true, s.o.Store.UpdateUser(ctx, u)
	}
	hash := sha256.Sum256([]byte(code))
	i := slices.Index(u.Recovery, hash)
	if i < 0 {
		return false, nil
	}
	u.Recovery = slices.Delete(u.Recovery, i, i+1)
	return true, s.o.Store.UpdateUser(ctx, u)
}

// dropFiller drops what people put between the groups of a code.
func dropFiller(r rune) rune {
	if r == ' ' || r == '-' {
		return -1
	}
	return r
}

// newRecovery returns recovery codes as people write them down, and their
// hashes.
func (s *Service) newRecovery() (codes []string, hashes [][32]byte, err error) {
	for range recoveryCodes {
		b := make([]byte, recoveryBytes)
		if _, err := io.ReadFull(s.o.Random, b); err != nil {
			return nil, nil, fmt.Errorf("signin: randomness: %w", err)
		}
		code := encoding32.EncodeToString(b)
		hashes = append(hashes, sha256.Sum256([]byte(code)))
		codes = append(codes, grouped(strings.ToLower(code)))
	}
	return codes, hashes, nil
}

// grouped puts a hyphen after each four characters, as people read them out.
func grouped(code string) string {
	var b strings.Builder
	for i, c := range code {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Factor is a second factor that is being set up.
type Factor struct {
	Secret string // base32, for those who type it in
	key    *otp.Key
}

// URL is what an authenticator program reads from the picture.
func (f *Factor) URL() string { return f.key.URL() }

// pictureSide is in pixels.
const pictureSide = 216

// Picture is the URL as a QR code, a PNG.
func (f *Factor) Picture() ([]byte, error) {
	code, err := f.key.Image(pictureSide, pictureSide)
	if err != nil {
		return nil, fmt.Errorf("signin: second factor: %w", err)
	}
	var b bytes.Buffer
	err = png.Encode(&b, code)
	return b.Bytes(), err
}

// factorOf describes a secret for an authenticator program.
func (s *Service) factorOf(u *User, secret string) (*Factor, error) {
	key, err := otp.NewKeyFromURL("otpauth://totp/" + escape(s.o.Issuer) + ":" + escape(u.Login) + "?secret=" + secret +
		"&issuer=" + escape(s.o.Issuer) + "&algorithm=SHA1&digits=6&period=30")
	if err != nil {
		return nil, fmt.Errorf("signin: second factor: %w", err)
	}
	return &Factor{Secret: secret, key: key}, nil
}
