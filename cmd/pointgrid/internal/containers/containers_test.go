package containers_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/containers"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

func TestWhatIsLaidIsAConfigurationOfTheGateway(t *testing.T) {
	dir := t.TempDir()
	env := filepath.Join(dir, ".env")
	a := &containers.Alliance{Dir: filepath.Join(dir, "alliance"), Programs: networktest.Programs(t), Progress: func(string) {}, Now: time.Now}
	if err := a.Lay(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(a.Dir, "gateway", "config", "pointgrid.yaml")
	c, err := config.Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Sandbox || len(c.Ledger.SignFor) != 0 || len(c.Companies) != 3 {
		t.Errorf("configuration is %+v", c)
	}
	for _, p := range c.Companies {
		name := filepath.Base(p.Clients[0].KeyFile)
		b, err := os.ReadFile(filepath.Join(filepath.Dir(file), name))
		if err != nil || strings.Contains(string(b), `"d"`) {
			t.Errorf("%s: public keys are %s, %v", p.Code, b, err)
		}
	}
	first := variables(t, env)
	for _, want := range []string{"POSTGRES_PASSWORD=", "CHAINCODE_ID_UTILITY=pointgrid:", "CHAINCODE_ID_TEL=pointgrid:", "POINTGRID_ALLIANCE=" + a.Dir} {
		if !strings.Contains(first, want) {
			t.Errorf("variables lack %s:\n%s", want, first)
		}
	}
	if strings.Contains(first, "POINTGRID_USER=0:") {
		t.Error("the containers would run as root")
	}
	if err := a.Lay(t.Context(), env); err != nil || variables(t, env) != first {
		t.Errorf("laid again the variables changed, %v", err)
	}
}

func variables(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
