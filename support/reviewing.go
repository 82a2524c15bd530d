package support

import (
	"context"
	"errors"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Between two questions to a ledger that does not answer.
const (
	retryFirst = 50 * time.Millisecond
	retryMax   = time.Second
)

// Review releases or refuses a conversion that is held, with a reason for our own
// records. It returns a [*Refusal] when it is not held, or somebody has decided.
func (s *Service) Review(ctx context.Context, p Person, conversion ledger.ID, release bool, reason string) (*Act, error) {
	if err := errors.Join(checkPerson(p), checkText("reason", reason, TextMax, true)); err != nil {
		return nil, err
	}
	held, err := s.o.Reviews.Held(ctx, conversion)
	if errors.Is(err, ErrNotFound) {
		return nil, refuse(CodeNotHeld, "no conversion with this ID is held for review")
	}
	if err != nil {
		return nil, err
	}
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	a := &Act{ID: id, Client: "review", Request: Idempotency{Key: id.String()}, Kind: Refuse, Member: held.Member, Account: held.Account, Subject: conversion, Reason: reason,
		Reference: held.Rule, State: ActUnderWay, Maker: p.ID, Day: s.o.Day(now), CreatedAt: now.UnixMilli(), Version: 1}
	if release {
		a.Kind = Release
	}
	if _, err := s.o.Store.CreateAct(context.WithoutCancel(ctx), a); errors.Is(err, ErrTaken) {
		return nil, refuse(CodeDecided, "somebody else has decided about it")
	} else if err != nil {
		return nil, err
	}
	return s.perform(ctx, a)
}
