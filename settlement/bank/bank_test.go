package bank_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/settlement/bank"
)

var update = flag.Bool("update", false, "write the golden files")

var (
	utility = bank.Party{Name: "华东电力有限公司", Account: "1001234509876543210", CNAPS: "102290000012"}
	sky     = bank.Party{Name: "Sky Airlines & Co", Account: "6222-0000-1111", BIC: "ICBKCNBJXXX"}
	mart    = bank.Party{Name: "易购超市", Account: "330660001", CNAPS: "105100000017", BIC: "PCBCCNBJ"}
)

func order() *bank.Order {
	return &bank.Order{ID: "PG-2026-11-21-1", At: time.Date(2026, 11, 22, 1, 30, 0, 0, time.UTC), Execute: 20_779, Initiator: utility.Name,
		Payments: []bank.Payment{{Reference: "2026-11-21.sky", Payer: sky, Payee: utility, Cents: 1_381, Text: "积分清算 2026-11-21"},
			{Reference: "2026-11-21.mart", Payer: utility, Payee: mart, Cents: 123_456_789}, {Reference: "2026-11-21.tel", Payer: utility, Payee: sky, Cents: 1}}}
}

func TestAnOrderIsWrittenAsTheSchemaWants(t *testing.T) {
	var got bytes.Buffer
	if err := bank.WriteOrder(&got, order()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "order.xml")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got.String() != string(want) {
		t.Errorf("%v\n%s", err, got.String())
	}
}

func TestOrdersThatTheSchemaRefusesAreNotWritten(t *testing.T) {
	for name, spoil := range map[string]func(*bank.Order){
		"no ID":              func(o *bank.Order) { o.ID = "" },
		"long ID":            func(o *bank.Order) { o.ID = strings.Repeat("1", 31) },
		"no payments":        func(o *bank.Order) { o.Payments = nil },
		"no amount":          func(o *bank.Order) { o.Payments[0].Cents = 0 },
		"too much":           func(o *bank.Order) { o.Payments[0].Cents = bank.CentsMax + 1 },
		"same reference":     func(o *bank.Order) { o.Payments[1].Reference = o.Payments[0].Reference },
		"Chinese reference":  func(o *bank.Order) { o.Payments[0].Reference = "清算" },
		"slashes":            func(o *bank.Order) { o.Payments[0].Reference = "a//b" },
		"no name":            func(o *bank.Order) { o.Payments[0].Payee.Name = "" },
		"long name":          func(o *bank.Order) { o.Payments[0].Payee.Name = strings.Repeat("电", 141) },
		"control characters": func(o *bank.Order) { o.Payments[0].Text = "a\x00b" },
		"no bank":            func(o *bank.Order) { o.Payments[0].Payer.BIC = "" },
		"bad BIC":            func(o *bank.Order) { o.Payments[0].Payer.BIC = "icbk" },
		"bad CNAPS":          func(o *bank.Order) { o.Payments[0].Payee.CNAPS = "1" },
		"to itself":          func(o *bank.Order) { o.Payments[0].Payee.Account = "622200001111" },
	} {
		o := order()
		spoil(o)
		var out bytes.Buffer
		if err := bank.WriteOrder(&out, o); !errors.Is(err, bank.ErrInvalid) || out.Len() != 0 {
			t.Errorf("%s: got %v and %d bytes", name, err, out.Len())
		}
	}
}

func TestAmountsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := order()
		cents := rapid.Int64Range(1, bank.CentsMax).Draw(t, "cents")
		o.Payments[0].Cents = cents
		var out bytes.Buffer
		if err := bank.WriteOrder(&out, o); err != nil {
			t.Fatal(err)
		}
		var back struct {
			Amounts []string `xml:"CstmrCdtTrfInitn>PmtInf>CdtTrfTxInf>Amt>InstdAmt"`
		}
		if err := xml.Unmarshal(out.Bytes(), &back); err != nil {
			t.Fatal(err)
		}
		file := strings.NewReplacer("13.81", back.Amounts[0]).Replace(notification)
		got, err := read(file)
		if err != nil || got[0].Cents != cents {
			t.Fatalf("wrote %d as %s, read %+v, %v", cents, back.Amounts[0], got, err)
		}
	})
}

func read(file string) (all []bank.Confirmation, err error) {
	err = bank.ReadConfirmations(strings.NewReader(file), func(c *bank.Confirmation) error { all = append(all, *c); return nil })
	return all, err
}

// statement is camt.053.001.08 of the utility: sky's payment in, mart's out, and
// charges without details.
const statement = `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>S1</MsgId><CreDtTm>2026-11-22T20:00:00+08:00</CreDtTm></GrpHdr>
<Stmt><Id>1</Id><Acct><Id><Othr><Id>1001234509876543210</Id></Othr></Id><Ccy>CNY</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">2000000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-22</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">765440.92</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-22</Dt></Dt></Bal>
<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries><Sum>1234586.70</Sum></TtlNtries></TxsSummry>
<Ntry><Amt Ccy="CNY">13.81</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-22</Dt></BookgDt><AcctSvcrRef>B1</AcctSvcrRef>
<NtryDtls><TxDtls><Refs><EndToEndId>2026-11-21.sky</EndToEndId></Refs><Amt Ccy="CNY">13.81</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<RltdPties><Dbtr><Pty><Nm>SKY AIRLINES &amp; CO</Nm></Pty></Dbtr><DbtrAcct><Id><Othr><Id>622200001111</Id></Othr></Id></DbtrAcct></RltdPties></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="CNY">1234567.89</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>2026-11-22T10:00:00+08:00</DtTm></BookgDt>
<NtryDtls><TxDtls><Refs><EndToEndId>2026-11-21.mart</EndToEndId></Refs>
<RltdPties><Cdtr><Pty><Nm>易购超市</Nm></Pty></Cdtr></RltdPties><RmtInf><Ustrd>积分清算</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="CNY">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><ValDt><Dt>2026-11-22</Dt></ValDt></Ntry>
</Stmt></BkToCstmrStmt></Document>`

// notification is camt.054.001.02, where a status is text and a party has no Pty.
const notification = `<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"><BkToCstmrDbtCdtNtfctn>
<GrpHdr><MsgId>N1</MsgId></GrpHdr><Ntfctn><Id>1</Id><Acct><Id><Othr><Id>1001234509876543210</Id></Othr></Id></Acct>
<Ntry><Amt Ccy="CNY">13.81</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-22</Dt></BookgDt>
<NtryDtls><TxDtls><Refs><EndToEndId>2026-11-21.sky</EndToEndId></Refs>
<RltdPties><Dbtr><Nm>Sky Airlines &amp; Co</Nm></Dbtr></RltdPties></TxDtls></NtryDtls></Ntry>
</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>`

func TestConfirmationsAreReadFromStatementsAndNotificationsOfSeveralVersions(t *testing.T) {
	got, err := read(statement)
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if c := got[1]; c.Cents != 123_456_789 || !c.Debit || !c.Booked || c.Reference != "2026-11-21.mart" || c.Payee.Name != "易购超市" ||
		c.Text != "积分清算" || c.Account != utility.Account || c.Date.String() != "2026-11-22" {
		t.Errorf("%+v", c)
	}
	got, err = read(notification)
	if err != nil || len(got) != 1 || got[0].Payer.Name != sky.Name || !got[0].Booked {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAFileInGB18030IsReadAsWell(t *testing.T) {
	file, err := simplifiedchinese.GB18030.NewEncoder().String(strings.Replace(statement, "UTF-8", "GB18030", 1))
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(file)
	if err != nil || len(got) != 3 || got[1].Payee.Name != "易购超市" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestFilesThatDoNotAddUpAreRefused(t *testing.T) {
	for name, change := range map[string][2]string{
		"closing balance":  {"765440.92", "765440.93"},
		"number":           {"<NbOfNtries>3", "<NbOfNtries>4"},
		"sum":              {"1234586.70", "1234586.71"},
		"details":          {`<Amt Ccy="CNY">13.81</Amt><CdtDbtInd>CRDT</CdtDbtInd>` + "\n<RltdPties>", `<Amt Ccy="CNY">13.80</Amt><CdtDbtInd>CRDT</CdtDbtInd><RltdPties>`},
		"a wrong amount":   {">5.00<", ">5.001<"},
		"a negative one":   {">5.00<", ">-5.00<"},
		"an exponent":      {">5.00<", ">5e2<"},
		"direction":        {"<CdtDbtInd>DBIT", "<CdtDbtInd>OUT"},
		"status":           {"<Cd>BOOK", "<Cd>DONE"},
		"date":             {"<ValDt><Dt>2026-11-22", "<ValDt><Dt>tomorrow"},
		"document":         {"camt.053", "camt.052"},
		"cut off":          {"</Stmt></BkToCstmrStmt></Document>", ""},
		"entities":         {"<Document", `<!DOCTYPE a [<!ENTITY b "c">]><Document`},
		"unknown encoding": {"UTF-8", "EBCDIC"},
	} {
		file := strings.Replace(statement, change[0], change[1], 1)
		if _, err := read(file); file == statement || !errors.Is(err, bank.ErrFile) {
			t.Errorf("%s: got %v, want ErrFile", name, err)
		}
	}
	if _, err := read(""); !errors.Is(err, bank.ErrFile) {
		t.Errorf("an empty file: %v", err)
	}
}

func TestAnEntryWithoutEndIsRefused(t *testing.T) {
	head, _, _ := strings.Cut(statement, "<Ntry>")
	endless := io.MultiReader(strings.NewReader(head+"<Ntry><Amt>"), &repeat{})
	err := bank.ReadConfirmations(endless, func(*bank.Confirmation) error { return nil })
	if !errors.Is(err, bank.ErrFile) {
		t.Errorf("got %v", err)
	}
}

type repeat struct{}

func (*repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '1'
	}
	return len(p), nil
}

func TestOnlyWhatMatchesAmountPartiesAndReferenceIsConfirmed(t *testing.T) {
	good := bank.Confirmation{Account: utility.Account, Reference: "2026-11-21.sky", Cents: 1_381, Currency: "CNY", Booked: true, Payer: bank.Party{Account: "622200001111"}}
	for _, c := range []struct {
		name  string
		spoil func(*bank.Confirmation)
		want  bank.Verdict
	}{
		{"as ordered", func(*bank.Confirmation) {}, bank.Confirmed},
		{"told by the payer's bank", func(c *bank.Confirmation) {
			c.Account, c.Debit, c.Payer, c.Payee = sky.Account, true, bank.Party{}, bank.Party{Account: utility.Account}
		}, bank.Confirmed},
		{"by name", func(c *bank.Confirmation) { c.Payer = bank.Party{Name: "sky airlines&co"} }, bank.Confirmed},
		{"one cent more", func(c *bank.Confirmation) { c.Cents++ }, bank.WrongAmount},
		{"dollars", func(c *bank.Confirmation) { c.Currency = "USD" }, bank.WrongCurrency},
		{"another payer", func(c *bank.Confirmation) { c.Payer.Account = "7" }, bank.WrongPayer},
		{"no payer told", func(c *bank.Confirmation) { c.Payer = bank.Party{} }, bank.WrongPayer},
		{"another account", func(c *bank.Confirmation) { c.Account = mart.Account }, bank.WrongPayee},
		{"the wrong way", func(c *bank.Confirmation) { c.Debit = true }, bank.SentBack},
		{"returned", func(c *bank.Confirmation) { c.Returned = true }, bank.SentBack},
		{"pending", func(c *bank.Confirmation) { c.Booked = false }, bank.Awaited},
		{"another reference", func(c *bank.Confirmation) { c.Reference = "x" }, bank.Awaited},
	} {
		confirmation := good
		c.spoil(&confirmation)
		all := bank.Match(order().Payments, []bank.Confirmation{confirmation})
		if all[0].Verdict != c.want || all[1].Verdict != bank.Awaited {
			t.Errorf("%s: got %s, want %s", c.name, all[0].Verdict, c.want)
		}
		if c.want == bank.Awaited && confirmation.Reference == "x" && all[3].Verdict != bank.UnknownReference {
			t.Errorf("%s: %+v", c.name, all)
		}
	}
}

func TestAReturnAndASecondConfirmationAreSeen(t *testing.T) {
	good := bank.Confirmation{Account: utility.Account, Reference: "2026-11-21.sky", Cents: 1_381, Currency: "CNY", Booked: true, Payer: bank.Party{Account: "622200001111"}}
	back := good
	back.Debit = true
	all := bank.Match(order().Payments, []bank.Confirmation{good, back, good})
	if all[0].Verdict != bank.SentBack || len(all) != 4 || all[3].Verdict != bank.Repeated {
		t.Errorf("%+v", all)
	}
}

func TestTheStatementConfirmsItsPayments(t *testing.T) {
	confirmations, err := read(statement)
	if err != nil {
		t.Fatal(err)
	}
	var got []bank.Verdict
	for _, o := range bank.Match(order().Payments, confirmations) {
		got = append(got, o.Verdict)
	}
	if want := []bank.Verdict{bank.Confirmed, bank.Confirmed, bank.Awaited, bank.UnknownReference}; strings.Join(texts(got), " ") != strings.Join(texts(want), " ") {
		t.Errorf("got %v, want %v", got, want)
	}
}

func texts(all []bank.Verdict) (s []string) {
	for _, v := range all {
		s = append(s, string(v))
	}
	return s
}

func FuzzReadConfirmations(f *testing.F) {
	f.Add(statement)
	f.Add(notification)
	f.Fuzz(func(t *testing.T, file string) {
		all, err := read(file)
		if err != nil {
			return
		}
		for _, c := range all {
			if c.Cents < 0 || c.Booked && c.Date == 0 && !strings.Contains(file, "1970") {
				t.Fatalf("%+v", c)
			}
		}
		bank.Match(order().Payments, all)
	})
}
