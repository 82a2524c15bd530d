package openapi_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// nodeTools is where `make openapi-tools` installs what tools/openapi/package.json
// names; without it a test that needs it is skipped.
func nodeTools(t *testing.T) (dir string) {
	t.Helper()
	dir, err := filepath.Abs("../tools/openapi")
	if err != nil {
		t.Fatal(err)
	}
	_, noNode := exec.LookPath("node")
	_, noTools := os.Stat(filepath.Join(dir, "node_modules", ".bin", "redocly"))
	if noNode == nil && noTools == nil {
		return dir
	}
	const how = "the linter is missing: install Node.js 20.19 or later and run `make openapi-tools`"
	if os.Getenv("POINTGRID_REQUIRE") == "all" {
		t.Fatal(how)
	}
	t.Skip(how)
	return ""
}

func lint(t *testing.T, dir string, args ...string) (out []byte, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "node_modules", ".bin", "redocly"), append([]string{"lint", "--format=stylish"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	return cmd.CombinedOutput()
}

func TestTheDocumentsPassTheLinter(t *testing.T) {
	if out, err := lint(t, nodeTools(t)); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheLinterFindsSomething(t *testing.T) {
	dir := nodeTools(t)
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths: {/a: {get: {responses: {'200': {description: d}}}}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := lint(t, dir, bad); err == nil {
		t.Errorf("a document without summaries passed:\n%s", out)
	}
}
