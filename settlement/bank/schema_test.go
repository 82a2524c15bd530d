package bank_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/bank"
)

// validator holds files to the schema that ISO publishes; the package sepaxml brings
// it.
const validator = `
import os, sys, sepaxml
from lxml import etree
schema = etree.XMLSchema(etree.parse(os.path.join(os.path.dirname(sepaxml.__file__), "schemas", "pain.001.001.09.xsd")))
wrong = 0
for name in sys.argv[1:]:
    if not schema.validate(etree.parse(name)):
        wrong += 1
        print(name, schema.error_log)
sys.exit(wrong != 0)
`

func TestOrdersAreValidByTheSchemaOfISO20022(t *testing.T) {
	if out, err := exec.Command("python3", "-c", "import lxml, sepaxml").CombinedOutput(); err != nil {
		const missing = "the validator is missing: install it (python3 -m pip install lxml sepaxml)"
		if os.Getenv("POINTGRID_REQUIRE") == "all" {
			t.Fatalf("%s\n%s", missing, out)
		}
		t.Skip(missing)
	}
	dir, n := t.TempDir(), 0
	var files []string
	rapid.Check(t, func(t *rapid.T) {
		var file bytes.Buffer
		if err := bank.WriteOrder(&file, anyOrder(t)); err != nil {
			t.Fatal(err)
		}
		n++
		files = append(files, filepath.Join(dir, strconv.Itoa(n)+".xml"))
		if err := os.WriteFile(files[n-1], file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if out, err := exec.Command("python3", append([]string{"-c", validator}, files...)...).CombinedOutput(); err != nil {
		t.Errorf("of %d orders: %v\n%s", n, err, out)
	}
}

// anyOrder draws an order with everything that may be written.
func anyOrder(t *rapid.T) *bank.Order {
	text := func(name string, least, most int) string {
		return rapid.StringOfN(rapid.RuneFrom([]rune("电力积分清算 <&>\"'aZ9/-")), least, most, -1).Draw(t, name)
	}
	party := func(name string) bank.Party {
		p := bank.Party{Name: text(name+" name", 1, 140), Account: name + rapid.StringMatching(`[0-9A-Z\-]{1,20}`).Draw(t, name+" account")}
		if rapid.Bool().Draw(t, name+" by BIC") {
			p.BIC = rapid.StringMatching(`[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?`).Draw(t, name+" BIC")
		} else {
			p.CNAPS = rapid.StringMatching(`[0-9]{12}`).Draw(t, name+" CNAPS")
		}
		return p
	}
	o := order()
	o.Initiator, o.Execute, o.Payments = text("initiator", 1, 140), ledger.Date(rapid.IntRange(1, 40_000).Draw(t, "day")), nil
	for i := range rapid.IntRange(1, 4).Draw(t, "payments") {
		o.Payments = append(o.Payments, bank.Payment{Reference: "2026-11-21.sky/" + strconv.Itoa(i), Payer: party("A"), Payee: party("B"),
			Cents: rapid.Int64Range(1, bank.CentsMax).Draw(t, "cents"), Text: text("text", 0, 140)})
	}
	return o
}
