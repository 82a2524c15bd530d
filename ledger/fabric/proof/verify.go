package proof

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ledger.ErrReceiptInvalid, fmt.Sprintf(format, args...))
}

// Verify checks every field of a receipt of the ledger on Fabric. It returns
// nil, [ledger.ErrReceiptProvisional] (the fields agree with each other; nobody
// attests them yet), [ledger.ErrReceiptInvalid], or what is wrong with the
// alliance.
func Verify(r *ledger.Receipt, a *Alliance) error {
	if err := a.Validate(); err != nil {
		return err
	}
	if r.Ledger != "fabric" {
		return invalid("ledger is %q, want \"fabric\"", r.Ledger)
	}
	if err := r.VerifyPaths(); err != nil {
		return err
	}
	c := r.Checkpoint
	if c.Signature != nil {
		return invalid("signed with a key, as only receipts of the embedded ledger are")
	}
	var signed []string
	for i := range c.Endorsed {
		companies, err := verifyEndorsed(r, a, &c.Endorsed[i])
		if err != nil {
			return err
		}
		signed = append(signed, companies...)
	}
	return enough(r, a, signed)
}

// enough checks that those have signed without whom the receipt proves nothing.
func enough(r *ledger.Receipt, a *Alliance, signed []string) error {
	slices.Sort(signed)
	if n := len(signed); n != len(slices.Compact(signed)) {
		return invalid("a company signed twice")
	}
	if !slices.Contains(signed, a.Utility) {
		return invalid("not endorsed by the utility %s", a.Utility)
	}
	for _, leg := range []*ledger.Leg{r.Transfer.Source, r.Transfer.Destination} {
		if leg == nil {
			continue
		}
		c := a.partner(leg.Partner)
		if c == nil {
			return invalid("partner %q is not known to the verifier", leg.Partner)
		}
		if !slices.Contains(signed, c.MSP) {
			return invalid("not endorsed by %s, whose points moved", c.MSP)
		}
	}
	if len(signed) < 2 {
		return invalid("endorsed by the utility alone")
	}
	return nil
}

// verifyEndorsed checks one payload and its signatures, and returns who signed.
func verifyEndorsed(r *ledger.Receipt, a *Alliance, e *ledger.Endorsed) ([]string, error) {
	at, err := verifyPayload(r, a, e.Payload)
	if err != nil {
		return nil, err
	}
	var signed []string
	for i := range e.By {
		if err := verifyEndorser(a, &e.By[i], e.Payload, at); err != nil {
			return nil, err
		}
		signed = append(signed, e.By[i].Company)
	}
	return signed, nil
}

// verifyPayload checks that a payload says what the receipt says, and returns when
// it was signed.
func verifyPayload(r *ledger.Receipt, a *Alliance, payload []byte) (at time.Time, err error) {
	response, err := message.ReadResponse(payload)
	if err != nil {
		return at, invalid("endorsed payload: %v", err)
	}
	s, err := codec.DecodeStatement(response.Payload)
	switch c := s.Checkpoint; {
	case err != nil:
		return at, invalid("endorsed payload: %v", err)
	case response.Status != codec.StatusOK || response.Chaincode != a.Chaincode || s.Channel != a.Channel:
		return at, invalid("endorsed is chaincode %q on channel %q with status %d, want %q on %q",
			response.Chaincode, s.Channel, response.Status, a.Chaincode, a.Channel)
	case c == nil || *c != r.Checkpoint.Record:
		return at, invalid("the companies endorsed another checkpoint")
	}
	set, err := response.Set()
	if err != nil {
		return at, invalid("endorsed payload: %v", err)
	}
	if block, ok := LastBlock(set, s.Checkpoint); !ok || block != r.Block {
		return at, invalid("block is %d, but the companies had the checkpoint's last batch in %d", r.Block, block)
	}
	return s.SignedAt, nil
}

// LastBlock returns the block in which a peer had the last batch that a
// checkpoint gathered, as the version of a key that only then was written: the
// lane's head when the checkpoint was taken, the batch itself later.
func LastBlock(set *message.Set, c *ledger.CheckpointRecord) (uint64, bool) {
	head, batch := fmt.Sprintf("l/%08x", c.Lane), fmt.Sprintf("t/%08x/%016x", c.Lane, c.Last)
	for _, r := range set.Reads {
		if r.Found && (r.Key == head || r.Key == batch) {
			return r.Block, true
		}
	}
	return 0, false
}

// verifyEndorser checks one signature: that it is over the payload, and of a
// peer of the company.
func verifyEndorser(a *Alliance, e *ledger.Endorser, payload []byte, at time.Time) error {
	company := a.company(e.Company)
	if company == nil {
		return invalid("endorsed by %q, which is not of the alliance", e.Company)
	}
	cert, err := x509.ParseCertificate(e.Certificate)
	if err != nil {
		return invalid("certificate of an endorser of %s: %v", e.Company, err)
	}
	if err := issued(cert, company, at); err != nil {
		return err
	}
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return invalid("key of an endorser of %s is not ECDSA", e.Company)
	}
	digest := sha256.Sum256(bytes.Join([][]byte{payload, Identity(e.Company, e.Certificate)}, nil))
	if !ecdsa.VerifyASN1(key, digest[:], e.Signature) {
		return invalid("signature is not that of %s over the checkpoint", e.Company)
	}
	return nil
}

// rolePeer is the organisational unit by which Fabric tells peers from people.
const rolePeer = "peer"

// issued checks that a company's authority says that the certificate is of a
// peer, and that it was valid when the peer signed, which all who signed say by
// their own clocks.
func issued(cert *x509.Certificate, c *Company, at time.Time) error {
	roots := x509.NewCertPool()
	for _, r := range c.Roots {
		roots.AddCert(r)
	}
	_, err := cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return invalid("certificate of an endorser of %s: %v", c.MSP, err)
	}
	if !slices.Contains(cert.Subject.OrganizationalUnit, rolePeer) {
		return invalid("endorser of %s is not a peer", c.MSP)
	}
	return nil
}

// Identity is the serialised identity that an endorser signs with the payload:
// the company and the certificate, in DER, as PEM.
func Identity(company string, certificate []byte) []byte {
	return message.Identity(company, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
}
