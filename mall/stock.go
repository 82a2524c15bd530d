package mall

// Stock is what there is of a product. What came in, less what was taken out, is
// always Available + Reserved + Consumed, and none is below zero.
type Stock struct {
	Product   string
	Available int64 // can be ordered
	Reserved  int64 // by orders under way
	Consumed  int64 // by orders that were sent off, less what was put back
	Version   int64 // counts changes by people, not orders
}

// StockMax bounds what there may be of a product.
const StockMax int64 = 1_000_000_000

// Held is what became of the stock of an order.
type Held string

const (
	NoStock  Held = "" // the product is not limited
	Reserved Held = "reserved"
	Consumed Held = "consumed"
	Released Held = "released"
)

// What of a product or category a [Change] changed.
const (
	ChangedProduct  = "product"
	ChangedStock    = "stock"
	ChangedCodes    = "codes"
	ChangedCategory = "category"
)

// Change is an entry of the log of who changed what. Number is the version that it
// led to: of the product, the category, or, for stock and codes, of the stock.
type Change struct {
	Subject string `json:"subject"` // product or category
	What    string `json:"what"`
	Number  int64  `json:"number,string"`
	By      string `json:"by"` // client or person
	At      int64  `json:"at,string"`
	Detail  string `json:"detail"` // what it is now, or what came or went
}

// SealedCode is a voucher's code as it is stored.
type SealedCode struct {
	// Fingerprint tells whether the code is there already, to whoever has the key.
	Fingerprint [32]byte
	Sealed      []byte
}
