package exchange

import (
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// The identifiers of a workflow's parts are its own with another last digit
// ([ledger.ID.Step]), so that a repeat after a crash has the same one, and that
// [ledger.ID.Root] of any of them, on the ledger or at a partner, names the
// conversion or reversal it belongs to. Numbers are stable: they are in books.
const (
	// Of a conversion.
	numRecord = 0 // ledger: conversion or hold. Partner: debit
	numPost   = 1 // ledger: post. Partner: credit
	numBack   = 2 // ledger: void, or reversal of a conversion that must not stand
	numCancel = 3 // partner: reversal of a credit that must not stand
	numRefund = 4 // partner: reversal of a debit; a declined one is tried again as the next

	// Of a reversal.
	numReverse  = 0 // ledger
	numTakeBack = 1 // partner: reversal of the credit
	numReCredit = 2 // partner: credit that makes good a reversal that the ledger refused
	numGiveBack = 4 // partner: reversal of the debit; as numRefund

	numLast = 15
)

// firstStep is where a conversion begins.
func firstStep(c *Conversion) Step {
	switch {
	case c.SourceMode == partners.Callback:
		return StepDebit
	case c.In == nil && c.DestinationMode == partners.Callback:
		return StepHold
	}
	return StepLedger
}

// cross reports whether the conversion is between two partners.
func (c *Conversion) cross() bool { return c.In != nil && c.Out != nil }

// held reports whether the electricity points are held while the partner is
// asked.
func (c *Conversion) held() bool { return c.In == nil && c.DestinationMode == partners.Callback }

func (c *Conversion) kind() string {
	switch {
	case c.cross():
		return "cross"
	case c.In != nil:
		return "in"
	}
	return "out"
}

// RecordID is the ID of the transfer on the ledger that completes the conversion; whether
// it is there, Window tells.
func (c *Conversion) RecordID() ledger.ID { return c.recordID() }

// recordID is the ID of the transfer that completes the conversion.
func (c *Conversion) recordID() ledger.ID {
	if c.held() {
		return c.ID.Step(numPost)
	}
	return c.ID
}

// record is the command that records the conversion in one phase.
func (c *Conversion) record() ledger.Command {
	body := ledger.Body(nil)
	switch {
	case c.cross():
		body = &ledger.CrossConvert{Account: c.Account, Source: *c.In, Destination: *c.Out, Reference: c.SourceReference}
	case c.In != nil:
		body = &ledger.ConvertIn{Account: c.Account, Leg: *c.In, Reference: c.SourceReference}
	default:
		body = &ledger.ConvertOut{Account: c.Account, Leg: *c.Out, Reference: c.DestinationReference}
	}
	return ledger.Command{ID: c.ID.Step(numRecord), Body: body, Evidence: c.Evidence}
}

func (c *Conversion) hold() ledger.Command {
	return ledger.Command{ID: c.ID.Step(numRecord), Body: &ledger.Hold{Account: c.Account, Amount: c.Out.From, Leg: c.Out}}
}

// post carries the evidence, and hold does not: a hold that is voided has done
// nothing that anybody could deny.
func (c *Conversion) post() ledger.Command {
	return ledger.Command{ID: c.ID.Step(numPost), Evidence: c.Evidence,
		Body: &ledger.Post{Hold: c.ID, Account: c.Account, Reference: c.DestinationReference}}
}

func (c *Conversion) void() ledger.Command {
	return ledger.Command{ID: c.ID.Step(numBack), Body: &ledger.Void{Hold: c.ID, Account: c.Account, Reason: codeOf(c.Failure)}}
}

// unwind is the command that takes back a conversion between partners whose
// credit did not come about.
func (c *Conversion) unwind() ledger.Command {
	return ledger.Command{ID: c.ID.Step(numBack),
		Body: &ledger.Reverse{Original: c.ID, Account: c.Account, Amount: c.From, Reason: codeOf(c.Failure)}}
}

func (c *Conversion) debit() connector.Transfer {
	return connector.Transfer{ID: connector.ID(c.ID.Step(numRecord)), Membership: c.SourceMembership, Programme: c.Source,
		Amount: c.In.From, OccurredAt: time.UnixMilli(c.CreatedAt)}
}

func (c *Conversion) credit() connector.Transfer {
	return connector.Transfer{ID: connector.ID(c.ID.Step(numPost)), Membership: c.DestinationMembership, Programme: c.Destination,
		Amount: c.Out.To, OccurredAt: time.UnixMilli(c.CreatedAt)}
}

func codeOf(f *Failure) string {
	if f == nil {
		return ""
	}
	return f.Code
}
