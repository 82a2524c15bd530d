package projection_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/projection"
)

func TestVerificationFindsWhatWasTamperedWith(t *testing.T) {
	clock := newClock()
	l := newLedger(t, clock, 0)
	newWorld(t, l, clock.Now, airline).some()
	whole := filepath.Join(t.TempDir(), "store.db")
	s, err := openStore(whole)
	must(t, err)
	catchUp(t, l, s)
	verified(t, l, s)
	must(t, s.Close())
	untouched, err := os.ReadFile(whole)
	must(t, err)
	const anyMember = ` WHERE account = (SELECT MIN(account) FROM ledger_lots WHERE amount > 5)`
	for name, c := range map[string]struct{ tamper, finds string }{
		"an amount of a row":        {`UPDATE ledger_transfers SET amount = amount + 1 WHERE batch = 4 AND place = 3`, "transfer 3 of batch 4, lane 0 is"},
		"a value of a leg":          {`UPDATE ledger_transfers SET source_value = source_value - 1 WHERE batch = 4 AND place = 3`, "position of sky"},
		"a reference":               {`UPDATE ledger_transfers SET reference = 'x' WHERE batch = 4 AND place = 3`, "transfer 3 of batch 4"},
		"whose transfer it is":      {`UPDATE ledger_transfers SET account = NULL WHERE batch = 4 AND place = 3`, "transfer 3 of batch 4"},
		"the block of a row":        {`UPDATE ledger_transfers SET block = block + 1 WHERE batch = 4 AND place = 3`, "transfer 3 of batch 4"},
		"a row that is gone":        {`DELETE FROM ledger_transfers WHERE batch = 4 AND place = 3`, "transfer 3 of batch 4, lane 0 is missing"},
		"the last rows are gone":    {`DELETE FROM ledger_transfers WHERE batch > 20`, "is missing"},
		"a row moved to the end":    {`UPDATE ledger_transfers SET batch = 99999 WHERE batch = 4 AND place = 3`, "transfer 3 of batch 99999"},
		"a row in another lane":     {`UPDATE ledger_transfers SET lane = 7 WHERE batch = 4 AND place = 3`, "with its whole lane"},
		"an issue that is more":     {`UPDATE ledger_transfers SET amount = amount + 1 WHERE kind = 'issue'`, "house account issued of EPT"},
		"a post that is more":       {`UPDATE ledger_transfers SET amount = amount + 1 WHERE kind = 'post'`, "house account mall of EPT"},
		"a residue":                 {`UPDATE ledger_transfers SET source_residue = source_residue + 900000000000 WHERE batch = 4 AND place = 3`, "house account residue/sky of EPT"},
		"a member's points":         {`UPDATE ledger_lots SET amount = amount + 1` + anyMember, "balance of account"},
		"points that expire later":  {`UPDATE ledger_lots SET expiry = expiry + 1` + anyMember, "account "},
		"points that are not held":  {`UPDATE ledger_lots SET amount = amount + held, held = 0 WHERE held > 0`, "and 0 held"},
		"an account that is gone":   {`DELETE FROM ledger_lots` + anyMember, "balance of account"},
		"an account nobody has":     {`INSERT INTO ledger_lots VALUES (x'000102030405060708090a0b0c0d0e0f', 700, 5, 0)`, "balance of account 000102030405060708090a0b0c0d0e0f is 5"},
		"two members' points swapd": {`UPDATE ledger_lots SET amount = amount + CASE expiry WHEN 682 THEN 1 ELSE -1 END WHERE expiry IN (682, 706)`, "account "},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			must(t, os.WriteFile(path, untouched, 0o600))
			execute(t, path, c.tamper)
			report, err := projection.Verify(context.Background(), l, storeAt(t, path))
			must(t, err)
			var found []string
			for _, d := range report.Differences {
				found = append(found, d.String())
			}
			if report.OK() || !strings.Contains(strings.Join(found, "\n"), c.finds) {
				t.Errorf("found %q and %d more, want %q among them", found, report.More, c.finds)
			}
		})
	}
}

// execute changes a store behind its back.
func execute(t *testing.T, path, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	result, err := db.Exec(query)
	must(t, err)
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("nothing was tampered with: %v", err)
	}
	must(t, db.Close())
}
