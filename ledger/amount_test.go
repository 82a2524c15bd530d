package ledger_test

import (
	"math"
	"math/big"
	"strconv"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"pgregory.net/rapid"
)

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"1", "1000", "0", "", "007", "-1", "+1", "1.5", "1e3", " 1", "１", "1000000000000000", "1000000000000001", "9223372036854775808"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ledger.ParseAmount(s)
		if err == nil && (strconv.FormatInt(n, 10) != s || n < 1 || n > ledger.AmountMax) {
			t.Errorf("%q is read as %d", s, n)
		}
		if want, ok := strconv.Atoi(s); err != nil && ok == nil && want >= 1 && int64(want) <= ledger.AmountMax && strconv.Itoa(want) == s {
			t.Errorf("%q is refused: %v", s, err)
		}
	})
}

// fits returns a big number as an int64 if it is one.
func fits(n *big.Int) (int64, bool) { return n.Int64(), n.IsInt64() }

func TestSumsAndProductsAreCheckedExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		x, y := big.NewInt(a), big.NewInt(b)
		compare := func(name string, got int64, ok bool, exact *big.Int) {
			want, fit := fits(exact)
			if ok != fit || ok && got != want {
				t.Fatalf("%s of %d and %d is %d, %t, want %s", name, a, b, got, ok, exact)
			}
		}
		sum, ok := ledger.Add(a, b)
		compare("sum", sum, ok, new(big.Int).Add(x, y))
		difference, ok := ledger.Sub(a, b)
		compare("difference", difference, ok, new(big.Int).Sub(x, y))
		product, ok := ledger.Mul(a, b)
		if a < 0 || b < 0 {
			if ok {
				t.Fatalf("product of %d and %d is %d", a, b, product)
			}
			return
		}
		compare("product", product, ok, new(big.Int).Mul(x, y))
	})
}

func TestMulDivIsExact(t *testing.T) {
	edges := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{-1, 0, 1, 2, math.MaxInt64, math.MaxInt64 - 1, 1 << 32, ledger.AmountMax}))
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := edges.Draw(t, "a"), edges.Draw(t, "b"), edges.Draw(t, "c")
		quo, rem, ok := ledger.MulDiv(a, b, c)
		if a < 0 || b < 0 || c <= 0 {
			if ok {
				t.Fatalf("%d × %d / %d is %d rest %d", a, b, c, quo, rem)
			}
			return
		}
		q, r := new(big.Int).QuoRem(new(big.Int).Mul(big.NewInt(a), big.NewInt(b)), big.NewInt(c), new(big.Int))
		want, fit := fits(q)
		if ok != fit || ok && (quo != want || rem != r.Int64()) {
			t.Fatalf("%d × %d / %d is %d rest %d, %t, want %s rest %s", a, b, c, quo, rem, ok, q, r)
		}
	})
}
