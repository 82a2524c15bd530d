package chaincode_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

func newStore() *ledgertest.Store { return ledgertest.NewStore() }

// lived returns a bed whose store has a value under every prefix, and a batch
// that reads all that can be read of it.
func lived(tb testing.TB) (*bed, []ledger.Command) {
	b := newBed(tb)
	conversion, held, mall := b.convertIn(member(1), 1000), b.hold(member(1), 100), b.command(&ledger.Hold{Account: member(1), Amount: 5, To: "mall"})
	b.ok(conversion, held, mall, b.issue(member(1), 5), b.command(&ledger.Reverse{Original: conversion.ID, Account: member(1), Amount: 7}))
	b.ok(b.command(&ledger.Checkpoint{}))
	b.ok(b.command(&ledger.Post{Account: member(1), Hold: mall.ID}))
	b.ok(b.command(&ledger.CloseWindow{Window: today, Next: today + 1}))
	b.ok(b.command(&ledger.Checkpoint{}))
	b.ok(b.convertIn(member(1), 1000))
	b.ok(b.command(&ledger.SuspendPartner{Partner: "sky", Suspended: true}), b.command(&ledger.SuspendPartner{Partner: "sky"}))
	b.ok(b.command(&ledger.Checkpoint{}))
	return b, []ledger.Command{
		conversion, // a replay
		b.convertIn(member(1), 1000),
		b.command(&ledger.Post{Account: member(1), Hold: held.ID}),
		b.command(&ledger.Reverse{Original: conversion.ID, Account: member(1), Amount: 1}),
		b.issue(member(1), 3),
		b.hold(member(1), 10),
		b.command(&ledger.RegisterPartner{Partner: "star", Programme: "SKY", MSP: "M"}),
		b.command(&ledger.AcceptAgreement{Agreement: b.in}),
	}
}

// use runs a batch and every read, and returns the first error.
func use(b *bed, batch []ledger.Command) error {
	t := b.store.Begin()
	results, err := chaincode.Apply(chaincode.Tx{ID: "tx", At: epoch, Caller: utility}, t, batch)
	if err != nil && results != nil {
		b.Errorf("results and an error: %v", err)
	}
	_, closing := chaincode.Apply(chaincode.Tx{ID: "tx", At: epoch, Caller: utility}, b.store.Begin(),
		[]ledger.Command{{ID: batch[1].ID, Body: &ledger.CloseWindow{Window: today + 1, Next: today + 2}}})
	_, find := chaincode.Find(b.store, batch[0].ID)
	_, _, whole := chaincode.Batch(b.store, 0, 6)
	_, covering := chaincode.Covering(b.store, 0, 0)
	_, second := chaincode.Covering(b.store, 0, 6)
	_, third := chaincode.Covering(b.store, 0, 8)
	_, pending := chaincode.Pending(b.store, 0)
	_, alliance := chaincode.Alliance(b.store)
	_, partners := chaincode.Partners(b.store)
	_, agreements := chaincode.Agreements(b.store)
	_, account := chaincode.Account(b.store, member(1))
	_, position := chaincode.Position(b.store, "sky", today)
	_, later := chaincode.Position(b.store, "sky", today+1)
	_, window := chaincode.Window(b.store, today)
	return errors.Join(err, closing, find, whole, covering, second, third, pending, alliance, partners, agreements, account, position, later, window,
		chaincode.Balances(b.store, "EPT", func(ledger.Balance) error { return nil }),
		chaincode.Balances(b.store, "SKY", func(ledger.Balance) error { return nil }),
		chaincode.Transfers(b.store, today, func(ledger.Entry) error { return nil }),
		chaincode.Transfers(b.store, today+1, func(ledger.Entry) error { return nil }))
}

// entries returns the keys of a store and what they hold.
func entries(tb testing.TB, s *ledgertest.Store) (all []ledgertest.Write) {
	for _, prefix := range []string{"alliance", "a/", "b/", "c/", "g/", "gi/", "h/", "i/", "l/", "n/", "p/", "r/", "s/", "t/", "v/", "w/", "wp/"} {
		n := len(all)
		if err := s.Range(prefix, prefix, func(key string, value []byte) bool {
			all = append(all, ledgertest.Write{Key: key, Value: value})
			return true
		}); err != nil || len(all) == n {
			tb.Fatalf("nothing under %s, %v", prefix, err)
		}
	}
	return all
}

// TestDamageIsSeen cuts each value short, lengthens it, and makes it of another
// version, one after the other.
func TestDamageIsSeen(t *testing.T) {
	b, batch := lived(t)
	if err := use(b, batch); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries(t, b.store) {
		for name, value := range map[string][]byte{
			"empty": {}, "cut short": e.Value[:len(e.Value)-1],
			"longer": append(slices.Clone(e.Value), 0), "of another version": append([]byte{2}, e.Value[1:]...),
		} {
			b.store.Set(e.Key, value)
			if err := use(b, batch); !errors.Is(err, ledger.ErrDamaged) {
				t.Errorf("%s %s: returned %v", e.Key, name, err)
			}
		}
		b.store.Set(e.Key, e.Value)
	}
}

// FuzzState puts anything in the place of a value: the contract may go on or
// return an error that says so, but it must not panic.
func FuzzState(f *testing.F) {
	b, _ := lived(f)
	for i, e := range entries(f, b.store) {
		f.Add(uint8(i), e.Value)
		f.Add(uint8(i), bytes.Repeat([]byte{0xff}, 40))
	}
	f.Fuzz(func(t *testing.T, n uint8, value []byte) {
		b, batch := lived(t)
		all := entries(t, b.store)
		b.store.Set(all[int(n)%len(all)].Key, value)
		if err := use(b, batch); err != nil && !errors.Is(err, ledger.ErrDamaged) && !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("returned %v", err)
		}
	})
}
