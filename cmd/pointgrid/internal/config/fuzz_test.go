package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
)

// A file is a configuration with which a gateway can start, or says what is wrong: an
// alias that multiplies itself is refused, not unfolded.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{"", "listen: 127.0.0.1:8080\n", "listen: [", "a: b\n", "---\n---\n", "limits: {read: -1}\n", "exchange: {deadline: 1}\n", "tokens: {ttl: 9h}\n",
		"listen: &a [*a]\n", "x: &a [x,x]\ny: &b [*a,*a]\nz: &c [*b,*b]\n", "support: {rules: {velocity_count: 300}}\n", "webhooks: {allow_networks: [10.0.0.0/33]}\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(t.TempDir(), "pointgrid.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(file, nil)
		if err == nil {
			err = c.Validate()
		}
		if err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Errorf("%q is refused without a word", text)
		}
	})
}
