package sandbox

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// Order is a payment order as the API shows it.
type Order struct {
	ID       string
	State    string
	Pays     string
	Receives string
	Execute  string
	Payments []struct{ Reference, Payer, Payee, Amount string }
	Links    struct{ Self, File string }
}

// BankStatement is the statement, in the form of camt.053, of the utility's account
// on which every payment of an order is booked.
func BankStatement(o *Order) []byte {
	account := func(code string) (name, number string) {
		b := CompanyOf(code).Bank
		var escaped bytes.Buffer
		_ = xml.EscapeText(&escaped, []byte(b.Name)) // a buffer takes everything
		return escaped.String(), b.Account
	}
	var entries strings.Builder
	for i, p := range o.Payments {
		sign, side, other := "CRDT", "Dbtr", p.Payer
		if p.Payer == "" {
			sign, side, other = "DBIT", "Cdtr", p.Payee
		}
		name, number := account(other)
		fmt.Fprintf(&entries, `<Ntry><Amt Ccy="CNY">%s</Amt><CdtDbtInd>%s</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>%s</Dt></BookgDt><AcctSvcrRef>BK-%s-%d</AcctSvcrRef>`+
			`<NtryDtls><TxDtls><Refs><EndToEndId>%s</EndToEndId></Refs><RltdPties><%s><Pty><Nm>%s</Nm></Pty></%s><%sAcct><Id><Othr><Id>%s</Id></Othr></Id></%sAcct></RltdPties></TxDtls></NtryDtls></Ntry>`,
			p.Amount, sign, o.Execute, strings.TrimPrefix(o.ID, "PG-"), i+1, p.Reference, side, name, side, side, number, side)
	}
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>%s</MsgId></GrpHdr><Stmt><Id>1</Id>
<Acct><Id><Othr><Id>%s</Id></Othr></Id><Ccy>CNY</Ccy></Acct><TxsSummry><TtlNtries><NbOfNtries>%d</NbOfNtries></TtlNtries></TxsSummry>
%s</Stmt></BkToCstmrStmt></Document>`, o.ID, UtilityBank().Account, len(o.Payments), entries.String())
}
