package openapi_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// answers finds, in the source of the REST API and of what it passes on, the
// codes of problems.
var answers = regexp.MustCompile(`(?:problem\.New\([^,"]+, |later\(|Denial\{[^}"]*Code: |Code[A-Za-z]+ += )"([a-z][a-z_]+)"`)

func TestEveryProblemCodeIsDocumentedAndEveryDocumentedOneCanBeGiven(t *testing.T) {
	documented := map[string]bool{}
	for _, r := range loadExchange(t).Components.Responses {
		for _, code := range codesOf(t, r.Value) {
			documented[code] = true
		}
	}
	for _, item := range loadExchange(t).Paths.Map() {
		for _, op := range item.Operations() {
			for _, r := range op.Responses.Map() {
				for _, code := range codesOf(t, r.Value) {
					documented[code] = true
				}
			}
		}
	}
	documented["method_not_allowed"] = true // of no operation: the router's own
	for _, m := range answers.FindAllStringSubmatch(sources(t, "../web/api", "../web/idempotency"), -1) {
		if !documented[m[1]] {
			t.Errorf("the server can answer %s, which no response lists in x-codes", m[1])
		}
	}
	source := sources(t, "..")
	delete(documented, "method_not_allowed")
	for code := range documented {
		if !strings.Contains(source, `"`+code+`"`) {
			t.Errorf("%s is documented, and nothing can answer it", code)
		}
	}
}

// sources is all code below some folders, without tests and what is generated.
func sources(t *testing.T, folders ...string) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if d.IsDir() && d.Name() == "node_modules" {
				return fs.SkipDir
			}
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".gen.go") {
				return err
			}
			text, err := os.ReadFile(path)
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
