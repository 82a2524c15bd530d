package profile_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// What is read as a profile is written, and read as the same.
func FuzzRead(f *testing.F) {
	whole, err := json.Marshal(example())
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(whole), "{}", "[]", "null", `{"version":1}`, string(whole) + "x", `{"unknown":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file := filepath.Join(t.TempDir(), "profile.json")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := profile.Read(file)
		if err != nil {
			return
		}
		if err := p.Write(file); err != nil {
			t.Fatalf("%q is read, and not written: %v", b, err)
		}
		if again, err := profile.Read(file); err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("%+v is written, and read as %+v, %v", p, again, err)
		}
	})
}
