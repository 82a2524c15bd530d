package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/openapi"
)

// What partners do with the document: they generate a client and convert.

func TestAClientGeneratedInGoConverts(t *testing.T) {
	dir := published(t)
	tools, err := filepath.Abs("../../tools")
	if err != nil {
		t.Fatal(err)
	}
	must(t, ".", "go", "tool", "-modfile="+filepath.Join(tools, "go.mod"), "oapi-codegen", "-generate", "types,client", "-package", "main",
		"-o", filepath.Join(dir, "client.go"), filepath.Join(dir, "exchange.yaml"))
	module := strings.Replace(read(t, filepath.Join(tools, "go.mod")), "module github.com/pointgrid/pointgrid/tools", "module generated", 1)
	write(t, filepath.Join(dir, "go.mod"), module)
	write(t, filepath.Join(dir, "go.sum"), read(t, filepath.Join(tools, "go.sum")))
	write(t, filepath.Join(dir, "main.go"), read(t, "testdata/generated/main.go.txt"))
	must(t, dir, "go", "build", "-o", "program", ".")
	if out := must(t, dir, "./program", atSandbox(t, 1)...); strings.TrimSpace(out) != "completed 1000 404" {
		t.Errorf("the generated client says %q", out)
	}
}

func TestAClientGeneratedInTypeScriptConverts(t *testing.T) {
	bin := nodeTools(t)
	dir := published(t)
	write(t, filepath.Join(dir, "main.ts"), read(t, "testdata/generated/main.ts"))
	must(t, dir, filepath.Join(bin, "openapi-typescript"), "exchange.yaml", "-o", "exchange.ts")
	write(t, filepath.Join(dir, "node.d.ts"), "declare const process: { argv: string[]; exit(code: number): never };\n")
	must(t, dir, filepath.Join(bin, "tsc"), "--strict", "--target", "es2022", "--module", "commonjs", "--lib", "es2022,dom", "main.ts", "node.d.ts")
	if out := must(t, dir, "node", append([]string{"main.js"}, atSandbox(t, 2)...)...); strings.TrimSpace(out) != "completed 1000" {
		t.Errorf("the generated client says %q", out)
	}
}

// published is a folder with the document as partners get it.
func published(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	doc, err := openapi.Published(openapi.Exchange)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "exchange.yaml"), string(doc))
	return dir
}

// nodeTools is the folder of the programs that `make openapi-tools` installs.
func nodeTools(t *testing.T) (bin string) {
	t.Helper()
	bin, err := filepath.Abs("../../tools/openapi/node_modules/.bin")
	if err != nil {
		t.Fatal(err)
	}
	_, noNode := exec.LookPath("node")
	_, noTools := os.Stat(filepath.Join(bin, "openapi-typescript"))
	if noNode == nil && noTools == nil {
		return bin
	}
	const how = "the generator is missing: install Node.js 20.19 or later and run `make openapi-tools`"
	if os.Getenv("POINTGRID_REQUIRE") == "all" {
		t.Fatal(how)
	}
	t.Skip(how)
	return ""
}

// atSandbox starts a sandbox and returns its address, a token and a link.
func atSandbox(t *testing.T, member int) []string {
	t.Helper()
	dir := t.TempDir()
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir)
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(s.out.String())
	token := strings.TrimSpace(read(t, filepath.Join(dir, "tokens", "sky")))
	return []string{url, token, sandbox.LinkID(sandbox.CompanyOf("sky"), member).String()}
}

func must(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
