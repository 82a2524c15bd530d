package exchangetest

import (
	"encoding/binary"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// id returns the n-th of a row of ascending IDs.
func id(n int) ledger.ID {
	var random [10]byte
	binary.BigEndian.PutUint32(random[4:], uint32(n))
	return ledger.NewID(time.UnixMilli(1_770_000_000_000+int64(n)), random)
}

func hash(n byte) ledger.Hash { return ledger.Hash{n, 2, 3, 31: n} }

func leg(partner string, from, to int64) *ledger.LegTerms {
	return &ledger.LegTerms{Partner: partner, Agreement: id(900_001), Hash: hash(7), LockedAt: 1_770_000_000_123, From: from, To: to}
}

func evidence() *ledger.Evidence {
	return &ledger.Evidence{JWS: "eyJhbGciOiJFZERTQSJ9..c2ln", Body: hash(9)}
}

// quote has every field set.
func quote(n int) *exchange.Quote {
	return &exchange.Quote{ID: id(n), Party: exchange.Party{Client: "sky-1", Partner: "sky"},
		Source: "SKYMILES", Destination: "RETAIL", From: 1000, To: 48, Fee: 3,
		In: leg("sky", 1000, 100), Out: leg("retail", 100, 48),
		Residues:  []exchange.Residue{{Programme: "EPT", Numerator: 1, Denominator: 3}, {Programme: "RETAIL", Numerator: 2, Denominator: 5}},
		CreatedAt: 1_770_000_000_000, ExpiresAt: 1_770_000_060_000}
}

// conversion has every field set that is set when one is made.
func conversion(n int) *exchange.Conversion {
	return &exchange.Conversion{ID: id(n).Root(), Party: exchange.Party{Client: "sky-1", Partner: "sky"},
		Request: exchange.Idempotency{Key: "key-" + id(n).String(), Hash: hash(1)},
		Member:  "M-0042", Account: ledger.Account{1, 15: 9}, Source: "SKYMILES", Destination: "RETAIL",
		SourceMembership: "SKY-000042", DestinationMembership: "R-17",
		SourceMode: partners.Callback, DestinationMode: partners.Push, QuoteID: id(n + 500_000),
		In: leg("sky", 1000, 100), Out: leg("retail", 100, 48), From: 1000, To: 48, Fee: 3, Evidence: evidence(),
		Status: exchange.Processing, Step: exchange.StepDebit, DestinationReference: "R-REF",
		CreatedAt: 1_770_000_000_000 + int64(n), Deadline: 1_770_000_120_000}
}

// ended sets every field of a conversion that can change.
func ended(c *exchange.Conversion) *exchange.Conversion {
	c = c.Clone()
	c.Status, c.Step, c.Outcome = exchange.Failed, exchange.StepDone, exchange.Failed
	c.SourceReference, c.DestinationReference = "D-77120", "C-77121"
	c.Failure = &exchange.Failure{Code: "insufficient_points", Detail: "balance is below the amount"}
	c.Window = 20_486
	c.FinishedAt, c.Deadline, c.TurnedAt, c.EscalatedAt = 1_770_000_000_900, 1_770_000_120_001, 1_770_000_000_800, 1_770_000_000_850
	return c
}

// reversal has every field set that is set when one is made.
func reversal(n int, c *exchange.Conversion, before, amount int64) *exchange.Reversal {
	return &exchange.Reversal{ID: id(n).Root(), Conversion: c.ID, Party: c.Party,
		Request: exchange.Idempotency{Key: "key-" + id(n).String(), Hash: hash(2)},
		Source:  c.Source, Amount: amount, Before: before, Reason: "order cancelled",
		InTo: 10, OutFrom: 11, OutTo: 5, Evidence: evidence(), Status: exchange.Processing, Step: exchange.StepTakeBack,
		SourceReference: "S", DestinationReference: "D",
		CreatedAt: 1_770_000_001_000, Deadline: 1_770_000_121_000}
}

func completed(r *exchange.Reversal) *exchange.Reversal {
	r = r.Clone()
	r.Status, r.Step, r.FinishedAt, r.Window = exchange.Completed, exchange.StepDone, 1_770_000_002_000, 20_486
	return r
}

func link(n int, partner, member, membership string) *exchange.Link {
	return &exchange.Link{ID: id(n), Partner: partner, Member: member, Membership: membership,
		Consent:   exchange.Consent{TextVersion: "2026-03", GivenAt: 1_769_999_999_000, Channel: "app"},
		CreatedAt: 1_770_000_000_000}
}
