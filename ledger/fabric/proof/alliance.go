package proof

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
)

// Alliance is what a verifier knows beforehand and trusts.
type Alliance struct {
	Channel   string
	Chaincode string
	// Utility is the MSP ID of the company that runs the hub.
	Utility string
	// Companies are all, the utility among them.
	Companies []Company
}

// Company is one of the alliance.
type Company struct {
	MSP string
	// Partners are the codes of the partners on the ledger that are this company.
	Partners []string
	// Roots are the certificates of the company's authorities.
	Roots []*x509.Certificate
}

// Validate reports what is wrong with the alliance.
func (a *Alliance) Validate() error {
	if a.Channel == "" || a.Chaincode == "" {
		return errors.New("proof: channel and chaincode of the alliance are missing")
	}
	if a.company(a.Utility) == nil {
		return fmt.Errorf("proof: utility is %q, which is not among the companies", a.Utility)
	}
	for _, c := range a.Companies {
		if len(c.Roots) == 0 {
			return fmt.Errorf("proof: company %s has no root certificate", c.MSP)
		}
	}
	return nil
}

func (a *Alliance) company(msp string) *Company {
	i := slices.IndexFunc(a.Companies, func(c Company) bool { return c.MSP == msp })
	if i < 0 {
		return nil
	}
	return &a.Companies[i]
}

// partner returns the company that is a partner on the ledger.
func (a *Alliance) partner(code string) *Company {
	i := slices.IndexFunc(a.Companies, func(c Company) bool { return slices.Contains(c.Partners, code) })
	if i < 0 {
		return nil
	}
	return &a.Companies[i]
}

// Certificates reads the certificates of a PEM file, at least one.
func Certificates(b []byte) (all []*x509.Certificate, err error) {
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("proof: no certificate in the file")
	}
	return all, nil
}
