package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

const conversionColumns = `id, client, partner, request_key, request_hash, member, account,
	source, destination, source_membership, destination_membership, source_mode, destination_mode, quote_id,
	in_partner, in_agreement, in_hash, in_locked_at, in_from, in_to,
	out_partner, out_agreement, out_hash, out_locked_at, out_from, out_to,
	from_amount, to_amount, fee, created_at, reversed, evidence_jws, evidence_body,
	status, step, outcome, source_reference, destination_reference, failure_code, failure_detail,
	finished_at, deadline, turned_at, escalated_at, window_date`

const conversionWidth = 45

const insertConversion = `INSERT INTO conversions (` + conversionColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7,
	$8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26,
	$27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45) ON CONFLICT DO NOTHING`

const updateConversion = `UPDATE conversions SET status = $1, step = $2, outcome = $3,
	source_reference = $4, destination_reference = $5, failure_code = $6, failure_detail = $7,
	finished_at = $8, deadline = $9, turned_at = $10, escalated_at = $11, window_date = $12 WHERE id = $13`

const decideReview = `UPDATE conversions SET status = $1, step = $2, outcome = $3,
	source_reference = $4, destination_reference = $5, failure_code = $6, failure_detail = $7,
	finished_at = $8, deadline = $9, turned_at = $10, escalated_at = $11, window_date = $12,
	in_locked_at = $13, out_locked_at = $14 WHERE id = $15 AND step = 'review'`

const (
	selectConversion        = `SELECT ` + conversionColumns + ` FROM conversions WHERE id = $1`
	selectConversionByKey   = `SELECT ` + conversionColumns + ` FROM conversions WHERE client = $1 AND request_key = $2`
	selectConversionByQuote = `SELECT ` + conversionColumns + ` FROM conversions WHERE quote_id = $1`
)

// createdWithin is how far the time in a conversion's ID may lie from its
// CreatedAt, in milliseconds: a day. Lists rely on it to bound a search by time
// with the order of IDs.
const createdWithin = 24 * 60 * 60 * 1000

// CreateConversions implements [exchange.Store].
func (s *Store) CreateConversions(ctx context.Context, all []*exchange.Conversion) ([]exchange.Creation, error) {
	inserts := make([]statement, len(all))
	for i, c := range all {
		if d := c.ID.Milli() - c.CreatedAt; d < -createdWithin || d > createdWithin {
			return nil, fmt.Errorf("sqlstore: conversion %s: created at %d, a day or more from the time in its ID, %d",
				c.ID, c.CreatedAt, c.ID.Milli())
		}
		inserts[i] = stmt(insertConversion, conversionArgs(c)...)
	}
	if _, err := s.writer.do(ctx, inserts...); err != nil {
		return nil, err
	}
	made := make([]exchange.Creation, len(all))
	for i, c := range all {
		if inserts[i].affected == 0 {
			made[i].Existing, made[i].Err = s.inTheWay(ctx, c)
		}
	}
	return made, nil
}

// inTheWay returns the conversion that has the key of one that was not stored.
func (s *Store) inTheWay(ctx context.Context, c *exchange.Conversion) (*exchange.Conversion, error) {
	// Rows are never deleted, so what stood in the way is still there.
	existing, err := s.ConversionByKey(ctx, c.Party.Client, c.Request.Key)
	if !errors.Is(err, exchange.ErrNotFound) {
		return existing, err
	}
	_, err = one(ctx, s.reader, scanConversion, exchange.ErrNotFound, selectConversionByQuote, idArg(&c.QuoteID))
	switch {
	case err == nil:
		return nil, exchange.ErrQuoteUsed
	case errors.Is(err, exchange.ErrNotFound):
		return nil, fmt.Errorf("sqlstore: conversion %s is there already with another key", c.ID)
	}
	return nil, err
}

func conversionArgs(c *exchange.Conversion) []any {
	args := make([]any, 0, conversionWidth)
	args = append(args, c.ID[:], c.Party.Client, c.Party.Partner, c.Request.Key, c.Request.Hash[:], c.Member, c.Account[:],
		c.Source, c.Destination, c.SourceMembership, c.DestinationMembership,
		string(c.SourceMode), string(c.DestinationMode), idArg(&c.QuoteID))
	args = legArgs(legArgs(args, c.In), c.Out)
	args = append(args, c.From, c.To, c.Fee, c.CreatedAt, c.Reversed)
	return conversionChanges(evidenceArgs(args, c.Evidence), c)
}

// conversionChanges appends what can change.
func conversionChanges(args []any, c *exchange.Conversion) []any {
	args = append(args, string(c.Status), string(c.Step), string(c.Outcome), c.SourceReference, c.DestinationReference)
	args = failureArgs(args, c.Failure)
	return append(args, c.FinishedAt, c.Deadline, c.TurnedAt, c.EscalatedAt, int64(c.Window))
}

// UpdateConversion implements [exchange.Store].
func (s *Store) UpdateConversion(ctx context.Context, c *exchange.Conversion) error {
	return s.UpdateConversions(ctx, []*exchange.Conversion{c})
}

// UpdateConversions implements [exchange.Store].
func (s *Store) UpdateConversions(ctx context.Context, all []*exchange.Conversion) error {
	told, err := s.outbox.conversions(all)
	if err != nil {
		return err
	}
	before := len(told.statements)
	statements := slices.Grow(told.statements, len(all))
	for _, c := range all {
		statements = append(statements, stmt(updateConversion, append(conversionChanges(make([]any, 0, 13), c), c.ID[:])...))
	}
	if _, err := s.writer.do(ctx, statements...); err != nil {
		return err
	}
	told.notify()
	for i := range all {
		if statements[before+i].affected == 0 {
			return exchange.ErrNotFound
		}
	}
	return nil
}

// DecideReview implements [exchange.Store].
func (s *Store) DecideReview(ctx context.Context, c *exchange.Conversion) error {
	told, err := s.outbox.conversions([]*exchange.Conversion{c})
	if err != nil {
		return err
	}
	args := conversionChanges(make([]any, 0, 15), c)
	args = append(args, lockedArg(c.In), lockedArg(c.Out), c.ID[:])
	statements := append(told.statements, stmt(decideReview, args...))
	done, err := s.writer.do(ctx, statements...)
	if err != nil {
		return err
	}
	if done[len(statements)-1].affected == 0 {
		return exchange.ErrNotFound
	}
	told.notify()
	return nil
}

func lockedArg(l *ledger.LegTerms) any {
	if l == nil {
		return nil
	}
	return l.LockedAt
}

// Conversion implements [exchange.Store].
func (s *Store) Conversion(ctx context.Context, id ledger.ID) (*exchange.Conversion, error) {
	return one(ctx, s.reader, scanConversion, exchange.ErrNotFound, selectConversion, id[:])
}

// ConversionByKey implements [exchange.Store].
func (s *Store) ConversionByKey(ctx context.Context, client, key string) (*exchange.Conversion, error) {
	return one(ctx, s.reader, scanConversion, exchange.ErrNotFound, selectConversionByKey, client, key)
}

func scanConversion(row scanner) (*exchange.Conversion, error) {
	var c exchange.Conversion
	var in, out legColumns
	var failure failureColumns
	var evidence evidenceColumns
	var window natural
	dest := make([]any, 0, conversionWidth)
	dest = append(dest, (*idColumn)(&c.ID), &c.Party.Client, &c.Party.Partner,
		&c.Request.Key, (*hashColumn)(&c.Request.Hash), &c.Member, (*accountColumn)(&c.Account),
		&c.Source, &c.Destination, &c.SourceMembership, &c.DestinationMembership,
		(*modeColumn)(&c.SourceMode), (*modeColumn)(&c.DestinationMode), (*optionalID)(&c.QuoteID))
	dest = append(append(dest, in.targets()...), out.targets()...)
	dest = append(dest, (*natural)(&c.From), (*natural)(&c.To), (*natural)(&c.Fee),
		(*natural)(&c.CreatedAt), (*natural)(&c.Reversed), &evidence.jws, &evidence.body,
		(*statusColumn)(&c.Status), (*stepColumn)(&c.Step), (*optionalStatus)(&c.Outcome),
		&c.SourceReference, &c.DestinationReference, &failure.code, &failure.detail,
		(*natural)(&c.FinishedAt), (*natural)(&c.Deadline), (*natural)(&c.TurnedAt), (*natural)(&c.EscalatedAt), &window)
	err := row.Scan(dest...)
	if err == nil {
		err = errors.Join(in.leg(&c.In), out.leg(&c.Out))
	}
	if err != nil {
		return nil, rowError("conversion", c.ID, err)
	}
	c.Failure, c.Evidence, c.Window = failure.failure(), evidence.evidence(), ledger.Date(window)
	return &c, nil
}
