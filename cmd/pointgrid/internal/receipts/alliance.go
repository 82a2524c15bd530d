// Package receipts finds what a receipt of the ledger on Fabric is verified with.
package receipts

import (
	"fmt"

	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
	"github.com/pointgrid/pointgrid/ledger/fabric/proof"
)

// Alliance reads the companies' root certificates by a connection profile.
// Utility is the MSP ID of the company that runs the hub, partners are those of
// the partners' codes on the ledger. A verifier must know them from the companies
// themselves: whose profile it is says nothing about who is who.
func Alliance(profileFile, utility string, partners map[string]string) (*proof.Alliance, error) {
	p, err := profile.Read(profileFile)
	if err != nil {
		return nil, err
	}
	a := &proof.Alliance{Channel: p.Channel, Chaincode: p.Chaincode, Utility: utility}
	for _, c := range p.Companies {
		b, err := p.File(c.Roots)
		if err != nil {
			return nil, err
		}
		company := proof.Company{MSP: c.MSP}
		if company.Roots, err = proof.Certificates(b); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Roots, err)
		}
		for code, msp := range partners {
			if msp == c.MSP {
				company.Partners = append(company.Partners, code)
			}
		}
		a.Companies = append(a.Companies, company)
	}
	return a, nil
}
