package network

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authorityValidity is how long an authority can issue; it outlives what it
// issues.
const authorityValidity = 10 * 365 * 24 * time.Hour

// backdate makes a certificate valid for machines whose clock is slow.
const backdate = 5 * time.Minute

// authority issues certificates for one company: for identities or for TLS.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// subject is what a certificate says.
type subject struct {
	name  string   // common name
	role  string   // organisational unit: peer, client, admin or orderer, as the MSP knows them
	hosts []string // of a TLS certificate
	tls   bool
}

// pair is a certificate and its key, in PEM.
type pair struct{ cert, key []byte }

// newAuthority makes an authority with a key of its own.
func newAuthority(name, company string, now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t, err := skeleton(pkix.Name{CommonName: name, Organization: []string{company}}, now, authorityValidity)
	if err != nil {
		return nil, err
	}
	t.IsCA, t.BasicConstraintsValid, t.MaxPathLenZero = true, true, true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	if t.SubjectKeyId, err = keyID(&key.PublicKey); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, lowS{key})
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{cert: cert, key: key, pem: pemOf("CERTIFICATE", der)}, nil
}

// issue makes a key and a certificate for it.
func (a *authority) issue(s subject, now time.Time, validity time.Duration) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return a.certify(key, s, now, validity)
}

// certify makes a certificate for a key.
func (a *authority) certify(key *ecdsa.PrivateKey, s subject, now time.Time, validity time.Duration) (*pair, error) {
	t, err := s.certificate(&key.PublicKey, now, validity)
	if err != nil {
		return nil, err
	}
	return paired(t, a.cert, key, a.key)
}

// signItself makes a key and a certificate that nobody vouches for: who trusts it
// trusts it alone.
func signItself(s subject, now time.Time, validity time.Duration) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t, err := s.certificate(&key.PublicKey, now, validity)
	if err != nil {
		return nil, err
	}
	return paired(t, t, key, key)
}

// paired signs a certificate for a key.
func paired(t, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (*pair, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, lowS{signer})
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return &pair{cert: pemOf("CERTIFICATE", der), key: pemOf("PRIVATE KEY", pkcs8)}, nil
}

// certificate is what is to be signed.
func (s subject) certificate(key *ecdsa.PublicKey, now time.Time, validity time.Duration) (*x509.Certificate, error) {
	name := pkix.Name{CommonName: s.name}
	if s.role != "" {
		name.OrganizationalUnit = []string{s.role}
	}
	t, err := skeleton(name, now, validity)
	if err != nil {
		return nil, err
	}
	t.KeyUsage = x509.KeyUsageDigitalSignature
	if s.tls {
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	for _, h := range s.hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	t.SubjectKeyId, err = keyID(key)
	return t, err
}

func skeleton(name pkix.Name, now time.Time, validity time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{SerialNumber: serial, Subject: name, NotBefore: now.Add(-backdate).UTC(), NotAfter: now.Add(validity).UTC()}, nil
}

// keyID is what Fabric computes as the identifier of a key.
func keyID(key *ecdsa.PublicKey) ([]byte, error) {
	point, err := key.Bytes()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(point)
	return sum[:], nil
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// save writes the authority to a folder.
func (a *authority) save(dir string) error {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return err
	}
	return writeFiles(dir, map[string][]byte{"ca.crt": a.pem, "ca.key": pemOf("PRIVATE KEY", pkcs8)})
}

// loadAuthority reads what save wrote.
func loadAuthority(dir string) (*authority, error) {
	b, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("network: %s: ca.crt is not PEM", dir)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("network: %s: %w", dir, err)
	}
	key, err := readKey(filepath.Join(dir, "ca.key"))
	return &authority{cert: cert, key: key, pem: b}, err
}

// readKey reads a private key.
func readKey(file string) (*ecdsa.PrivateKey, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("network: %s is not PEM", file)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("network: %s: %w", file, err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("network: %s: the key is not ECDSA", file)
	}
	return ec, nil
}

// lowS signs so that the second half of the signature is in its lower range:
// Fabric takes only one of the two signatures that are valid, and rewrites
// certificates that have the other.
type lowS struct{ key *ecdsa.PrivateKey }

var errSignature = errors.New("network: signature is not a pair of numbers")

// Public implements [crypto.Signer].
func (s lowS) Public() crypto.PublicKey { return &s.key.PublicKey }

// Sign implements [crypto.Signer].
func (s lowS) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	b, err := s.key.Sign(random, digest, opts)
	if err != nil {
		return nil, err
	}
	var v struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(b, &v); err != nil || len(rest) != 0 {
		return nil, errSignature
	}
	order := s.key.Params().N
	if v.S.Cmp(new(big.Int).Rsh(order, 1)) > 0 {
		v.S.Sub(order, v.S)
	}
	return asn1.Marshal(v)
}
