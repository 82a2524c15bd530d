package containers_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

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
	if c.Sandbox || len(c.Ledger.SignFor) != 0 || len(c.Companies) != 3 || c.Staff != config.Default().Staff || c.Webhooks.AllowHTTP || c.DatabaseAllowPlaintext {
		t.Errorf("configuration is %+v", c)
	}
	for _, client := range append(c.Utility.Clients, c.Companies[0].Clients...) {
		if slices.Contains(client.Scopes, "sandbox") {
			t.Errorf("%s may do what only a sandbox allows", client.ID)
		}
	}
	if b, err := os.ReadFile(file); err != nil || strings.Contains(string(b), dir) {
		t.Errorf("the container is sent to a folder of this machine, %v:\n%s", err, b)
	}
	for _, p := range c.Companies {
		name := filepath.Base(p.Clients[0].KeyFile)
		b, err := os.ReadFile(filepath.Join(filepath.Dir(file), name))
		if err != nil || strings.Contains(string(b), `"d"`) {
			t.Errorf("%s: public keys are %s, %v", p.Code, b, err)
		}
	}
	severalGateways(t, file)
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

// severalGateways checks that what docker-compose.yml gives its gateways makes each of
// them one of a cluster, at an address of its own and with all else in common.
func severalGateways(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile("../../../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct {
			Environment map[string]string
			Volumes     []string
		}
	}
	if err := yaml.Unmarshal(b, &compose); err != nil {
		t.Fatal(err)
	}
	var all []config.Config
	for name, s := range compose.Services {
		if !strings.HasPrefix(name, "gateway") {
			continue
		}
		if first := compose.Services["gateway"]; !slices.Equal(s.Volumes, first.Volumes) {
			t.Errorf("%s sees %v, the first gateway %v", name, s.Volumes, first.Volumes)
		}
		var environ []string
		for k, v := range s.Environment {
			environ = append(environ, k+"="+os.Expand(v, fallbackOf))
		}
		c, err := config.Load(file, environ)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !c.Cluster.Enabled() || c.Cluster.Address != name+":7443" || c.Ledger.Lanes != 2 || c.URL == "" {
			t.Errorf("%s has cluster %+v, %d lanes, url %q", name, c.Cluster, c.Ledger.Lanes, c.URL)
		}
		c.Cluster.Address = ""
		if all = append(all, c); !reflect.DeepEqual(c, all[0]) {
			t.Errorf("%s is configured otherwise than another gateway", name)
		}
	}
	if len(all) != 2 {
		t.Errorf("there are %d gateways, want 2", len(all))
	}
}

// fallbackOf is what Compose takes for a variable that nobody has set.
func fallbackOf(variable string) string {
	_, value, ok := strings.Cut(variable, ":-")
	if !ok {
		return "given"
	}
	return value
}

func variables(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
