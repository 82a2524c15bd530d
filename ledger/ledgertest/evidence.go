package ledgertest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"

	"github.com/pointgrid/pointgrid/ledger"
)

// sign signs a request as a partner does.
func (s *suite) sign(key ed25519.PrivateKey, body []byte) *ledger.Evidence {
	s.Helper()
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","kid":"suite"}`))
	signature := ed25519.Sign(key, []byte(header+"."+base64.RawURLEncoding.EncodeToString(body)))
	return &ledger.Evidence{JWS: header + ".." + base64.RawURLEncoding.EncodeToString(signature), Body: sha256.Sum256(body)}
}

func testEvidence(s *suite) {
	public, key, err := ed25519.GenerateKey(nil)
	s.check(err)
	body := []byte(`{"source":"SKYM","amount":"7"}`)
	evidence := s.sign(key, body)
	p, a := s.partner(0, 0), s.funded(1000)
	d, o := p.agree(in, nil), p.agree(out, nil)
	held := s.ok(o.hold(a, 10)).ID
	conversion := s.ok(d.in(a, 40)).ID
	var ids []ledger.ID
	for _, body := range []ledger.Body{d.in(a, 7), o.out(a, 7), &ledger.Post{Account: a, Hold: held}, &ledger.Reverse{Original: conversion, Account: a, Amount: 5}} {
		c := s.command(body)
		c.Evidence = evidence
		r := s.submit(s.Utility, c)[0]
		if r.Code != ledger.CodeOK || !reflect.DeepEqual(r.Entry.Transfer.Evidence, evidence) {
			s.Fatalf("a signed %s ended with %s %s and evidence %v", body.Kind(), r.Code, r.Message, r.Entry.Transfer.Evidence)
		}
		ids = append(ids, c.ID)
	}
	s.each("which the receipt carries and binds", func() { s.bound(ids[0], evidence, body, public) })
	s.each("and every transfer keeps", func() {
		for _, id := range ids {
			e, err := s.Ledger.Find(s.ctx, id)
			if s.check(err); !reflect.DeepEqual(e.Transfer.Evidence, evidence) {
				s.Errorf("a %s has the evidence %v", e.Transfer.Kind, e.Transfer.Evidence)
			}
		}
	})
	s.each("which is part of what an ID stands for", func() { s.sameID(d.in(a, 9), evidence) })
	s.each("and not of what it does not belong to", func() { s.misplaced(a, evidence) })
	s.each("and nobody has to give", func() {
		if t := s.ok(d.in(a, 3)); t.Evidence != nil {
			s.Errorf("the evidence is %v", t.Evidence)
		}
	})
}

// bound checks that a receipt proves the evidence too.
func (s *suite) bound(id ledger.ID, want *ledger.Evidence, body []byte, key ed25519.PublicKey) {
	r := s.proof(id)
	s.check(s.Verify(&r))
	if !reflect.DeepEqual(r.Transfer.Evidence, want) {
		s.Fatalf("the receipt has the evidence %v", r.Transfer.Evidence)
	}
	s.check(r.Transfer.Evidence.Verify(body, key))
	for name, change := range map[string]func(*ledger.Receipt){
		"another signature": func(r *ledger.Receipt) { r.Transfer.Evidence.JWS = "e30..AA" },
		"another body":      func(r *ledger.Receipt) { r.Transfer.Evidence.Body[0] ^= 1 },
		"none":              func(r *ledger.Receipt) { r.Transfer.Evidence = nil },
	} {
		b, err := json.Marshal(r)
		s.check(err)
		forged, err := ledger.ParseReceipt(b)
		s.check(err)
		change(forged)
		if err := s.Verify(forged); !errors.Is(err, ledger.ErrReceiptInvalid) {
			s.Errorf("with %s, verifying returned %v", name, err)
		}
	}
}

// sameID repeats a command with its evidence, with another and with none.
func (s *suite) sameID(body ledger.Body, evidence *ledger.Evidence) {
	c := s.command(body)
	c.Evidence = evidence
	s.submit(s.Utility, c)
	if r := s.submit(s.Utility, c)[0]; r.Code != ledger.CodeOK || !r.Replayed {
		s.Errorf("the same again ended with %s, replayed %t", r.Code, r.Replayed)
	}
	for _, other := range []*ledger.Evidence{nil, {JWS: "e30..AA", Body: evidence.Body}} {
		c.Evidence = other
		if r := s.submit(s.Utility, c)[0]; r.Code != ledger.CodeIDConflict {
			s.Errorf("with the evidence %v it ended with %s", other, r.Code)
		}
	}
}

// misplaced gives evidence where it has no place, and evidence that is none.
func (s *suite) misplaced(a ledger.Account, evidence *ledger.Evidence) {
	issue := s.command(&ledger.Issue{Account: a, Amount: 1, Expiry: s.window().Month() + 1})
	issue.Evidence = evidence
	post := s.command(&ledger.Post{Account: a, Hold: s.id()})
	post.Evidence = &ledger.Evidence{JWS: "not one", Body: evidence.Body}
	for _, r := range s.submit(s.Utility, issue, post) {
		if r.Code != ledger.CodeInvalid {
			s.Errorf("it ended with %s %s", r.Code, r.Message)
		}
	}
}
