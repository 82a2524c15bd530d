package sandbox

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/members"
)

// ContractAccount returns the contract account of a member: C-000042 is
// M-000042's.
func ContractAccount(member string) string { return "C-" + strings.TrimPrefix(member, "M-") }

func ownsContract(member, account string) bool {
	return strings.HasPrefix(member, "M-") && account == ContractAccount(member)
}

// shelf is a product of the sandbox and what there is of it.
type shelf struct {
	product mall.Product
	stock   int64 // or codes
}

// categories of the sandbox's mall, in the order of their shelves.
var categories = []mall.Category{
	{ID: "electricity", Name: mall.Text{ZH: "电力专区", EN: "Electricity"}},
	{ID: "services", Name: mall.Text{ZH: "用能服务", EN: "Energy services"}, Shelf: 10},
	{ID: "home", Name: mall.Text{ZH: "节能家居", EN: "Energy-saving home"}, Shelf: 20},
	{ID: "vouchers", Name: mall.Text{ZH: "生活礼券", EN: "Vouchers"}, Shelf: 30},
	{ID: "partners", Name: mall.Text{ZH: "伙伴积分", EN: "Partner points"}, Shelf: 40},
}

// favoured is the bonus of electricity's own credits: a point counts for 1.2.
var favoured = mall.Ratio{Num: 6, Den: 5}

// shelves are what the sandbox's mall sells.
func shelves() []shelf {
	points := func(n int64) []mall.Price { return []mall.Price{{Points: n}} }
	orCash := func(n, part, fen int64) []mall.Price { return []mall.Price{{Points: n}, {Points: part, Fen: fen}} }
	return []shelf{
		{mall.Product{ID: "bill-10", Kind: mall.BillCredit, Category: "electricity", Name: mall.Text{ZH: "电费抵扣 10 元", EN: "10 yuan off your electricity bill"},
			Summary: mall.Text{ZH: "积分按 1.2 倍计算，直接计入电费账户", EN: "Each point counts 1.2 times; credited to your contract account"},
			Prices:  append(points(1200), mall.Price{Channel: "app", Points: 1140}), Bonus: favoured, BillFen: 1000, QuantityMax: 20}, 0},
		{mall.Product{ID: "bill-50", Kind: mall.BillCredit, Category: "electricity", Name: mall.Text{ZH: "电费抵扣 50 元", EN: "50 yuan off your electricity bill"},
			Summary: mall.Text{ZH: "大额抵扣更划算", EN: "More for your points"}, Prices: points(5880), Bonus: favoured, BillFen: 5000, QuantityMax: 4}, 0},
		{mall.Product{ID: "green-power-100", Kind: mall.Service, Category: "electricity", Name: mall.Text{ZH: "100 千瓦时绿色电力证书", EN: "Certificate for 100 kWh of green power"},
			Summary: mall.Text{ZH: "来自风电与光伏", EN: "From wind and sun"}, Prices: orCash(900, 400, 600), Bonus: favoured, QuantityMax: 5, Shelf: 1}, 500},
		{mall.Product{ID: "energy-audit", Kind: mall.Service, Category: "services", Name: mall.Text{ZH: "家庭用能诊断", EN: "Home energy audit"},
			Summary: mall.Text{ZH: "工程师上门，给出节电方案", EN: "An engineer visits and shows where you can save"}, Prices: orCash(6000, 2000, 4900), QuantityMax: 1, Shelf: 10}, 60},
		{mall.Product{ID: "priority-maintenance", Kind: mall.Service, Category: "services", Name: mall.Text{ZH: "优先检修服务", EN: "Priority maintenance"},
			Summary: mall.Text{ZH: "一年内故障优先上门", EN: "First in line for repairs for a year"}, Prices: points(8000), Tiers: []string{"gold", "platinum"}, QuantityMax: 1, Shelf: 11}, 40},
		{mall.Product{ID: "led-bulbs", Kind: mall.Goods, Category: "home", Name: mall.Text{ZH: "LED 节能灯泡四只装", EN: "Four LED bulbs"},
			Summary: mall.Text{ZH: "九瓦，暖白光", EN: "9 W, warm white"}, Prices: append(orCash(2600, 1000, 990), mall.Price{Tier: "gold", Points: 2300}), QuantityMax: 5, Shelf: 20}, 300},
		{mall.Product{ID: "smart-plug", Kind: mall.Goods, Category: "home", Name: mall.Text{ZH: "智能计量插座", EN: "Smart plug with meter"},
			Summary: mall.Text{ZH: "看清每一度电", EN: "See where every kilowatt-hour goes"}, Prices: orCash(4500, 1500, 2500), QuantityMax: 3, Shelf: 21}, 120},
		{mall.Product{ID: "kettle", Kind: mall.Goods, Category: "home", Name: mall.Text{ZH: "节能电热水壶", EN: "Energy-saving kettle"},
			Summary: mall.Text{ZH: "一级能效，1.5 升", EN: "Best efficiency class, 1.5 litres"}, Partner: "mart", Prices: orCash(9800, 3000, 5900), QuantityMax: 2, Shelf: 22}, 45},
		{mall.Product{ID: "cinema", Kind: mall.Voucher, Category: "vouchers", Name: mall.Text{ZH: "电影票兑换码", EN: "Cinema ticket"},
			Summary: mall.Text{ZH: "全国通用，一年内有效", EN: "For any cinema, within a year"}, Partner: "tel", Prices: points(3500), QuantityMax: 4, Shelf: 30}, 200},
		{mall.Product{ID: "supermarket-20", Kind: mall.Voucher, Category: "vouchers", Name: mall.Text{ZH: "20 元超市购物券", EN: "20 yuan supermarket voucher"},
			Summary: mall.Text{ZH: "门店与线上通用", EN: "In shops and online"}, Partner: "mart", Prices: points(2400), QuantityMax: 10, Shelf: 31}, 400},
		{mall.Product{ID: "tel-points", Kind: mall.PartnerPoints, Category: "partners", Name: mall.Text{ZH: "兑换电信积分", EN: "Telecom points"},
			Summary: mall.Text{ZH: "每份 500 电力积分", EN: "For 500 electricity points each"}, Partner: "tel", Prices: points(500), QuantityMax: 10, Shelf: 40}, 0},
		{mall.Product{ID: "sky-miles", Kind: mall.PartnerPoints, Category: "partners", Name: mall.Text{ZH: "兑换航空里程", EN: "Airline miles"},
			Summary: mall.Text{ZH: "每份 1000 电力积分", EN: "For 1,000 electricity points each"}, Partner: "sky", Prices: points(1000), QuantityMax: 10, Shelf: 41}, 0},
	}
}

// fillMall puts the products on their shelves. Those of them that are there from
// an interrupted seeding went with it.
func (s *Site) fillMall(ctx context.Context, l ledger.Ledger, store mall.Store, known *members.Registry, now func() time.Time) error {
	codeKey, err := s.Home().CodeKey(rand.Reader)
	if err != nil {
		return err
	}
	m, err := mall.New(mall.Options{Ledger: l, Identity: ledger.Identity{MSP: config.Default().Alliance.MSP, Subject: "sandbox"}, Store: store,
		Members: known, CodeKey: codeKey, Now: now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	for _, c := range categories {
		c.Version = 1
		if err := m.SaveCategory(ctx, "sandbox", &c); err != nil {
			return fmt.Errorf("category %s: %w", c.ID, err)
		}
	}
	for _, x := range shelves() {
		if err := x.fill(ctx, m); err != nil {
			return fmt.Errorf("product %s: %w", x.product.ID, err)
		}
	}
	return m.Close(ctx)
}

func (x *shelf) fill(ctx context.Context, m *mall.Mall) error {
	p := x.product
	p.Version, p.Listed = 1, true
	if err := m.SaveProduct(ctx, "sandbox", &p); err != nil || x.stock == 0 {
		return err
	}
	if p.Kind != mall.Voucher {
		_, err := m.AddStock(ctx, "sandbox", p.ID, x.stock, 0, "first delivery")
		return err
	}
	codes := make([]string, x.stock)
	for i := range codes {
		codes[i] = strings.ToUpper(p.ID) + "-" + rand.Text()[:12]
	}
	_, err := m.AddCodes(ctx, "sandbox", p.ID, 0, codes)
	return err
}
