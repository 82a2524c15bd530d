// Package sandbox makes a small alliance on one machine: a utility and three
// partner companies with keys, agreements, members and points. The sandbox, the
// tour and the benchmarks all stand on it.
package sandbox

import (
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/shopspring/decimal"
)

// Company is one of the simulated partners.
type Company struct {
	Code, Name, NameZH string
	Programme          string
	Scale              uint8
	MSP                string
	In, Out            string // modes
	Prefix             string // of its membership numbers
	Bank               config.BankAccount
	Terms              []ledger.Terms
}

// ClientID is the API client of a company's code; the utility's is "utility".
func ClientID(code string) string { return code }

// UtilityClient is the utility's API client.
const UtilityClient = "utility"

// MakerClient and CheckerClient are those of two people of the utility, who settle
// under four eyes.
const (
	MakerClient   = "utility-maker"
	CheckerClient = "utility-checker"
)

// UtilityBank returns the account of the utility.
func UtilityBank() config.BankAccount {
	return config.BankAccount{Name: "华光电力有限公司", Account: "1001234509876543210", BIC: "ICBKCNBJ", CNAPS: "102100099996"}
}

// lockSeconds lets a conversion finish a day after its rate was locked: a
// partner may be down for a night.
const lockSeconds = 86_400

// Companies returns the three partners of the sandbox: an airline and a telecom
// that we call, and a retailer that debits before it calls us.
func Companies() []Company {
	sky := Company{Code: "sky", Name: "Skyward Airlines", NameZH: "云程航空", Programme: "SKY", MSP: "SkyMSP",
		In: "callback", Out: "callback", Prefix: "SKY",
		Bank: config.BankAccount{Name: "云程航空股份有限公司", Account: "6222021001112223334", BIC: "PCBCCNBJ", CNAPS: "105100000017"}}
	sky.Terms = []ledger.Terms{
		in("sky", rate("3", "1"), terms{step: 10, min: 100, max: 1_000_000, day: 2_000_000, price: 10_000}),
		out("sky", rate("1", "2.5"), terms{step: 10, min: 10, max: 500_000, day: 1_000_000, price: 9_500, feeBPS: 100, payer: ledger.FeeMember}),
	}
	mart := Company{Code: "mart", Name: "Lindi Stores", NameZH: "邻里商超", Programme: "MART", Scale: 2, MSP: "MartMSP",
		In: "push", Out: "callback", Prefix: "MART",
		Bank: config.BankAccount{Name: "邻里商超连锁有限公司", Account: "3306600018010012345", CNAPS: "103100000026"}}
	mart.Terms = []ledger.Terms{
		in("mart", rate("1.2", "1"), terms{step: 1, min: 100, max: 100_000_000, day: 200_000_000, price: 10_000, feeBPS: 50, payer: ledger.FeePartner}),
		out("mart", rate("1", "1.15"), terms{step: 1, min: 1, max: 500_000, day: 1_000_000, price: 9_800}),
	}
	tel := Company{Code: "tel", Name: "Xingxun Telecom", NameZH: "星讯通信", Programme: "TEL", MSP: "TelMSP",
		In: "callback", Out: "callback", Prefix: "TEL",
		Bank: config.BankAccount{Name: "星讯通信集团有限公司", Account: "8110701013500123456", CNAPS: "302100011000"}}
	tel.Terms = []ledger.Terms{
		in("tel", rate("5", "4"), terms{step: 5, min: 50, max: 1_000_000, day: 2_000_000, price: 10_000}),
		out("tel", rate("4", "5"), terms{step: 4, min: 4, max: 500_000, day: 1_000_000, price: 9_900, feeBPS: 50, payer: ledger.FeeUtility}),
	}
	return []Company{sky, mart, tel}
}

// terms are those of a rate card that differ between the companies.
type terms struct {
	step, min, max, day, price int64
	feeBPS                     uint32
	payer                      ledger.FeePayer
}

// rate reads two numbers of points, which are constants of this package.
func rate(from, to string) ledger.Rate {
	return ledger.Rate{FromUnits: millionths(from), ToUnits: millionths(to)}
}

func millionths(s string) int64 {
	return decimal.RequireFromString(s).Shift(ledger.RateScale).IntPart()
}

func in(partner string, r ledger.Rate, t terms) ledger.Terms {
	card := card(partner, ledger.In, r, t)
	card.LotMonths = 24
	return card
}

func out(partner string, r ledger.Rate, t terms) ledger.Terms {
	return card(partner, ledger.Out, r, t)
}

// million is a yuan in millionths.
const million = 1_000_000

func card(partner string, d ledger.Direction, r ledger.Rate, t terms) ledger.Terms {
	if t.payer == 0 {
		t.payer = ledger.FeePartner
	}
	return ledger.Terms{Partner: partner, Direction: d, Version: 1, Rate: r, Step: t.step, Min: t.min, Max: t.max,
		DayCap: t.day, YearCap: 100 * t.day, Price: t.price, FeeBPS: t.feeBPS, FeePayer: t.payer,
		ExposureCap: 50_000_000 * million, LockSeconds: lockSeconds}
}

// CompanyOf returns the company with a code of this package.
func CompanyOf(code string) Company {
	for _, c := range Companies() {
		if c.Code == code {
			return c
		}
	}
	panic("sandbox: no company " + code)
}

// MSPs returns the companies' identities on the ledger by their codes.
func MSPs() map[string]string {
	all := map[string]string{}
	for _, c := range Companies() {
		all[c.Code] = c.MSP
	}
	return all
}
