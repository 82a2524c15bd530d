package sandbox

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/mall"
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

func points(n int64) []mall.Price { return []mall.Price{{Points: n}} }

// orCash is a choice of points only, or of fewer points and cash.
func orCash(n, part, fen int64) []mall.Price {
	return []mall.Price{{Points: n}, {Points: part, Fen: fen}}
}

// forTier adds a price in points for a tier.
func forTier(prices []mall.Price, tier string, n int64) []mall.Price {
	return append(prices, mall.Price{Tier: tier, Points: n})
}

// shelves are what the sandbox's mall sells at a time.
func shelves(now time.Time) []shelf {
	return slices.Concat(electricityShelf(), serviceShelf(), homeShelf(now), voucherShelf(), partnerShelf(), exclusiveShelf())
}

func electricityShelf() []shelf {
	return []shelf{
		{mall.Product{ID: "bill-10", Kind: mall.BillCredit, Category: "electricity", Picture: "bill-credit", Name: mall.Text{ZH: "电费抵扣 10 元", EN: "10 yuan off your electricity bill"},
			Summary: mall.Text{ZH: "积分按 1.2 倍计算，直接计入电费账户", EN: "Each point counts 1.2 times; credited to your contract account"},
			Description: mall.Text{ZH: "兑换成功后，金额立即计入您的电费账户，下一期账单自动抵扣，不设有效期。\n电力自有商品，积分按 1.2 倍计算。",
				EN: "The amount is credited to your contract account at once and comes off your next bill. It does not expire.\nAs it is electricity's own, each of your points counts 1.2 times."},
			Prices: append(points(1200), mall.Price{Channel: "app", Points: 1140}), Bonus: favoured, BillFen: 1000, QuantityMax: 20}, 0},
		{mall.Product{ID: "bill-50", Kind: mall.BillCredit, Category: "electricity", Picture: "bill-credit-large", Name: mall.Text{ZH: "电费抵扣 50 元", EN: "50 yuan off your electricity bill"},
			Summary:     mall.Text{ZH: "大额抵扣更划算", EN: "More for your points"},
			Description: mall.Text{ZH: "一次抵扣 50 元，比五次 10 元更省积分。金额立即计入电费账户。", EN: "Fifty yuan at once, for fewer points than five times ten. Credited to your contract account at once."},
			Prices:      forTier(forTier(points(5880), "gold", 5640), "platinum", 5400), Bonus: favoured, BillFen: 5000, QuantityMax: 4}, 0},
		{mall.Product{ID: "green-power-100", Kind: mall.Service, Category: "electricity", Picture: "green-power", Name: mall.Text{ZH: "100 千瓦时绿色电力证书", EN: "Certificate for 100 kWh of green power"},
			Summary: mall.Text{ZH: "来自风电与光伏", EN: "From wind and sun"},
			Description: mall.Text{ZH: "证明您家有 100 千瓦时用电来自风电与光伏。证书将在三个工作日内登记到您名下。",
				EN: "Says that 100 kWh of what your home used came from wind and sun. It is registered in your name within three working days."},
			Prices: orCash(900, 400, 600), Bonus: favoured, QuantityMax: 5, Shelf: 1}, 500},
		{mall.Product{ID: "charging-card-50", Kind: mall.Voucher, Category: "electricity", Picture: "charging-card", Name: mall.Text{ZH: "50 元充电卡", EN: "50 yuan charging card"},
			Summary:     mall.Text{ZH: "全市公共充电桩通用", EN: "For every public charging point in the city"},
			Description: mall.Text{ZH: "兑换后得到一个卡号，在充电应用中输入即可使用，一年内有效。", EN: "You get a code to enter in the charging app, valid for a year."},
			Prices:      forTier(points(5400), "platinum", 4980), Bonus: favoured, QuantityMax: 4, Shelf: 2}, 150},
	}
}

func serviceShelf() []shelf {
	return []shelf{
		{mall.Product{ID: "energy-audit", Kind: mall.Service, Category: "services", Picture: "energy-audit", Name: mall.Text{ZH: "家庭用能诊断", EN: "Home energy audit"},
			Summary: mall.Text{ZH: "工程师上门，给出节电方案", EN: "An engineer visits and shows where you can save"},
			Description: mall.Text{ZH: "约两小时。工程师逐一测量家中电器，留下一份节电方案。下单后两个工作日内电话预约时间。",
				EN: "About two hours. An engineer measures what your appliances use and leaves you a plan. We call within two working days to make an appointment."},
			Prices: orCash(6000, 2000, 4900), QuantityMax: 1, Shelf: 10}, 60},
		{mall.Product{ID: "priority-maintenance", Kind: mall.Service, Category: "services", Picture: "priority-maintenance", Name: mall.Text{ZH: "优先检修服务", EN: "Priority maintenance"},
			Summary: mall.Text{ZH: "一年内故障优先上门", EN: "First in line for repairs for a year"},
			Prices:  points(8000), Tiers: []string{"gold", "platinum"}, QuantityMax: 1, Shelf: 11}, 40},
		{mall.Product{ID: "safety-check", Kind: mall.Service, Category: "services", Picture: "safety-check", Name: mall.Text{ZH: "户内用电安全检查", EN: "Safety check of your wiring"},
			Summary: mall.Text{ZH: "线路、插座、漏电保护一次查清", EN: "Wiring, sockets and residual-current device"},
			Prices:  orCash(2800, 1200, 1900), QuantityMax: 1, Shelf: 12}, 80},
		{mall.Product{ID: "aircon-cleaning", Kind: mall.Service, Category: "services", Picture: "aircon-cleaning", Name: mall.Text{ZH: "空调深度清洗", EN: "Air conditioner cleaning"},
			Summary: mall.Text{ZH: "清洗后更省电", EN: "Uses less power afterwards"}, Partner: "mart",
			Prices: orCash(7200, 2400, 5900), QuantityMax: 3, Shelf: 13}, 30},
		{mall.Product{ID: "charging-pile", Kind: mall.Service, Category: "services", Picture: "charging-pile", Name: mall.Text{ZH: "家用充电桩安装", EN: "Charging point at home"},
			Summary: mall.Text{ZH: "勘测、报装、安装一站办理", EN: "Survey, application and installation"},
			Prices:  orCash(24000, 8000, 26000), QuantityMax: 1, Shelf: 14}, 12},
	}
}

func homeShelf(now time.Time) []shelf {
	sale := now.Add(10 * 24 * time.Hour).UnixMilli()
	return []shelf{
		{mall.Product{ID: "led-bulbs", Kind: mall.Goods, Category: "home", Picture: "led-bulbs", Name: mall.Text{ZH: "LED 节能灯泡四只装", EN: "Four LED bulbs"},
			Summary:     mall.Text{ZH: "九瓦，暖白光", EN: "9 W, warm white"},
			Description: mall.Text{ZH: "九瓦，相当于六十瓦白炽灯；E27 灯头，寿命约 15000 小时。", EN: "9 W, as bright as 60 W of old; E27, about 15,000 hours."},
			Prices:      forTier(orCash(2600, 1000, 990), "gold", 2300), QuantityMax: 5, Shelf: 20}, 300},
		{mall.Product{ID: "smart-plug", Kind: mall.Goods, Category: "home", Picture: "smart-plug", Name: mall.Text{ZH: "智能计量插座", EN: "Smart plug with meter"},
			Summary: mall.Text{ZH: "看清每一度电", EN: "See where every kilowatt-hour goes"}, Prices: orCash(4500, 1500, 2500), QuantityMax: 3, Shelf: 21}, 120},
		{mall.Product{ID: "kettle", Kind: mall.Goods, Category: "home", Picture: "kettle", Name: mall.Text{ZH: "节能电热水壶", EN: "Energy-saving kettle"},
			Summary: mall.Text{ZH: "一级能效，1.5 升", EN: "Best efficiency class, 1.5 litres"}, Partner: "mart", Prices: orCash(9800, 3000, 5900), QuantityMax: 2, Shelf: 22}, 45},
		{mall.Product{ID: "desk-lamp", Kind: mall.Goods, Category: "home", Picture: "desk-lamp", Name: mall.Text{ZH: "护眼台灯", EN: "Desk lamp"},
			Summary: mall.Text{ZH: "限时特惠", EN: "On offer for a few days"}, Prices: orCash(5200, 1800, 2900), SaleUntil: sale, QuantityMax: 2, Shelf: 23}, 60},
		{mall.Product{ID: "power-strip", Kind: mall.Goods, Category: "home", Picture: "power-strip", Name: mall.Text{ZH: "分控节能插线板", EN: "Switched power strip"},
			Summary: mall.Text{ZH: "每位独立开关，待机不耗电", EN: "A switch for each socket: nothing on standby"}, Prices: orCash(3200, 1200, 1500), QuantityMax: 4, Shelf: 24}, 200},
		{mall.Product{ID: "induction-cooker", Kind: mall.Goods, Category: "home", Picture: "induction-cooker", Name: mall.Text{ZH: "电磁炉", EN: "Induction cooker"},
			Summary: mall.Text{ZH: "一级能效，2100 瓦", EN: "Best efficiency class, 2,100 W"}, Partner: "mart", Prices: orCash(14800, 5200, 8900), QuantityMax: 1, Shelf: 25}, 0},
	}
}

func voucherShelf() []shelf {
	return []shelf{
		{mall.Product{ID: "cinema", Kind: mall.Voucher, Category: "vouchers", Picture: "cinema", Name: mall.Text{ZH: "电影票兑换码", EN: "Cinema ticket"},
			Summary: mall.Text{ZH: "全国通用，一年内有效", EN: "For any cinema, within a year"}, Partner: "tel", Prices: points(3500), QuantityMax: 4, Shelf: 30}, 200},
		{mall.Product{ID: "supermarket-20", Kind: mall.Voucher, Category: "vouchers", Picture: "supermarket", Name: mall.Text{ZH: "20 元超市购物券", EN: "20 yuan supermarket voucher"},
			Summary: mall.Text{ZH: "门店与线上通用", EN: "In shops and online"}, Partner: "mart", Prices: points(2400), QuantityMax: 10, Shelf: 31}, 400},
		{mall.Product{ID: "coffee", Kind: mall.Voucher, Category: "vouchers", Picture: "coffee", Name: mall.Text{ZH: "咖啡兑换券", EN: "A cup of coffee"},
			Summary: mall.Text{ZH: "中杯任选", EN: "Any medium cup"}, Partner: "mart", Prices: points(1900), QuantityMax: 5, Shelf: 32}, 120},
	}
}

func partnerShelf() []shelf {
	return []shelf{
		{mall.Product{ID: "tel-points", Kind: mall.PartnerPoints, Category: "partners", Picture: "telecom-points", Name: mall.Text{ZH: "兑换电信积分", EN: "Telecom points"},
			Summary: mall.Text{ZH: "每份 500 电力积分", EN: "For 500 electricity points each"}, Partner: "tel", Prices: points(500), QuantityMax: 10, Shelf: 40}, 0},
		{mall.Product{ID: "sky-miles", Kind: mall.PartnerPoints, Category: "partners", Picture: "airline-miles", Name: mall.Text{ZH: "兑换航空里程", EN: "Airline miles"},
			Summary: mall.Text{ZH: "每份 1000 电力积分", EN: "For 1,000 electricity points each"}, Partner: "sky", Prices: points(1000), QuantityMax: 10, Shelf: 41}, 0},
	}
}

// exclusiveShelf is open to gold and platinum.
func exclusiveShelf() []shelf {
	return []shelf{
		{mall.Product{ID: "bill-100", Kind: mall.BillCredit, Category: "electricity", Picture: "bill-credit-large", Name: mall.Text{ZH: "电费抵扣 100 元", EN: "100 yuan off your electricity bill"},
			Summary: mall.Text{ZH: "会员专享折扣", EN: "A better rate, for you only"}, Prices: points(10800), Bonus: favoured, BillFen: 10000, QuantityMax: 2, Exclusive: true}, 0},
		{mall.Product{ID: "solar-lamp", Kind: mall.Goods, Category: "home", Picture: "solar-lamp", Name: mall.Text{ZH: "太阳能庭院灯", EN: "Solar garden light"},
			Summary: mall.Text{ZH: "白天充电，入夜自亮", EN: "Charges by day, lights by night"}, Prices: orCash(4200, 1600, 1900), QuantityMax: 2, Shelf: 26, Exclusive: true}, 40},
		{mall.Product{ID: "mug", Kind: mall.Goods, Category: "home", Picture: "mug", Name: mall.Text{ZH: "纪念保温杯", EN: "Insulated mug"},
			Summary: mall.Text{ZH: "限量", EN: "A small edition"}, Prices: points(2900), QuantityMax: 1, Shelf: 27, Exclusive: true}, 25},
	}
}

// fillMall puts the products on their shelves. Those of them that are there from
// an interrupted seeding went with it.
func fillMall(ctx context.Context, m *mall.Mall, now time.Time) error {
	for _, c := range categories {
		c.Version = 1
		if err := m.SaveCategory(ctx, "sandbox", &c); err != nil {
			return fmt.Errorf("category %s: %w", c.ID, err)
		}
	}
	for _, x := range shelves(now) {
		if err := x.fill(ctx, m); err != nil {
			return fmt.Errorf("product %s: %w", x.product.ID, err)
		}
	}
	return nil
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
