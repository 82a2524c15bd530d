package malltest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

// ID returns the n-th ID of a test.
func ID(n int) ledger.ID {
	id := ledger.ID{6: 0x70, 8: 0x80}
	binary.BigEndian.PutUint32(id[:4], 0x0199_0000)
	binary.BigEndian.PutUint16(id[4:6], uint16(n))
	return id
}

// Product returns a valid product of a kind, of version 1, that costs 100 points.
func Product(id string, kind mall.Kind) *mall.Product {
	p := &mall.Product{ID: id, Kind: kind, Category: "home", Name: mall.Text{ZH: "节能灯泡", EN: "LED bulb"},
		Summary: mall.Text{ZH: "省电百分之八十", EN: "Saves 80 per cent"}, Prices: []mall.Price{{Points: 100}},
		Shelf: 10, QuantityMax: 10, Listed: true, Version: 1, UpdatedAt: 5}
	switch kind {
	case mall.BillCredit:
		p.BillFen = 1000
	case mall.PartnerPoints:
		p.Partner = "sky"
	}
	return p
}

// Order returns a valid order, with every field set, for a product of
// [Product]'s.
func Order(n int, product string, quantity int64) *mall.Order {
	return &mall.Order{ID: ID(n), Client: "shop", Request: mall.Idempotency{Key: fmt.Sprint("key-", n), Hash: ledger.Hash{byte(n), 1}},
		Member: "M-1", Account: ledger.Account{1}, Product: product, Version: 1, Kind: mall.Goods, Category: "home", Name: mall.Text{ZH: "灯", EN: "Lamp"},
		Tier: "gold", Fast: true, Channel: "app", Quantity: quantity, Points: 100, Fen: 50, BillFen: 3, ContractAccount: "C-1",
		Address: &mall.Address{Name: "王芳", Phone: "1", Region: "北京", Street: "<b>长安街</b>"},
		Status:  mall.Ordered, Step: mall.StepHold, Stock: mall.Reserved, Taken: true, Reference: "R", CreatedAt: 5, Deadline: 6, Revision: 1}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func change(subject, what string, number int64) *mall.Change {
	return &mall.Change{Subject: subject, What: what, Number: number, By: "ops", At: number, Detail: "{}"}
}

// Stock makes a product of goods with so much of it.
func Stock(t testing.TB, s mall.Store, id string, amount int64) {
	t.Helper()
	ctx := context.Background()
	must(t, s.SaveProduct(ctx, Product(id, mall.Goods), change(id, mall.ChangedProduct, 1)))
	must(t, s.AddStock(ctx, amount, change(id, mall.ChangedStock, 1)))
}

func stockIs(t testing.TB, s mall.Store, id string, available, reserved, consumed int64) {
	t.Helper()
	k, err := s.Stock(context.Background(), id)
	must(t, err)
	if k.Available != available || k.Reserved != reserved || k.Consumed != consumed {
		t.Errorf("stock is %+v, want %d available, %d reserved, %d consumed", k, available, reserved, consumed)
	}
}

func sealed(n int) mall.SealedCode {
	return mall.SealedCode{Fingerprint: sha256.Sum256([]byte{byte(n), byte(n >> 8)}), Sealed: []byte{1, byte(n), byte(n >> 8)}}
}
