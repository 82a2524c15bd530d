package schemathesis

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Target is what is attacked.
type Target struct {
	// Document is the name of a file of the folder openapi.
	Document string
	// URL is where the document's paths begin.
	URL string
	// TokenFile always holds a fresh access token; empty where requests have none.
	TokenFile string
	// Brief are arguments for a run that is bounded, such as what to leave out.
	Brief []string
	// Always are arguments for every run.
	Always []string
}

// need is how to get the program.
const need = "schemathesis is missing: install Python 3.11 or later and run `make attack-tools`"

// briefExamples and briefSeed bound a plain `go test`.
const (
	briefExamples = "2"
	briefSeed     = "1"
)

// Need skips a test where the program is missing, and in short runs.
func Need(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	if _, err := os.Stat(program()); err == nil {
		return
	}
	if os.Getenv("POINTGRID_REQUIRE") == "all" {
		t.Fatal(need)
	}
	t.Skip(need)
}

// Run attacks, and fails the test with everything that was found, each with the
// request that shows it.
func Run(t *testing.T, target Target) {
	t.Helper()
	Need(t)
	cmd := exec.CommandContext(t.Context(), program(), target.arguments()...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Dir = folder()
	cmd.Env = append(os.Environ(), "SCHEMATHESIS_HOOKS=hooks", "PYTHONPATH="+folder(), "PYTHONDONTWRITEBYTECODE=1", "POINTGRID_TOKEN_FILE="+target.TokenFile)
	out, err := cmd.CombinedOutput()
	if err != nil && context.Cause(t.Context()) == nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(last(out))
}

func (g Target) arguments() []string {
	examples, long := os.LookupEnv("POINTGRID_ATTACK_EXAMPLES")
	seed := os.Getenv("POINTGRID_ATTACK_SEED")
	if seed == "" {
		seed = briefSeed
	}
	arguments := []string{"run", filepath.Join(root(), "openapi", g.Document), "--url", g.URL, "--no-color", "--seed", seed}
	arguments = append(arguments, g.Always...)
	if long {
		return append(arguments, "--max-examples", examples)
	}
	return append(append(arguments, "--max-examples", briefExamples), g.Brief...)
}

// last is the end of what the program said: how much it did.
func last(out []byte) string {
	const longest = 600
	return fmt.Sprintf("…%s", out[max(0, len(out)-longest):])
}

// root is the folder of the module, by that of this file.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

func folder() string { return filepath.Join(root(), "tools", "schemathesis") }

func program() string { return filepath.Join(folder(), ".venv", "bin", "st") }
