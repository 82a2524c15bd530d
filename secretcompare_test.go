package pointgrid_test

import (
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// secretish are names of what somebody could find out byte by byte, if it were compared
// in a time that depends on how much of it is right.
var secretish = regexp.MustCompile(`(?i)(secret|token|password|passwd|\bmac\b|hmac|signature|nonce|verifier|recovery|otp|cookie|\.State\(\)|csrf|assertion$)`)

// harmless are comparisons that look like one of a secret and are none, each with why.
var harmless = map[string]string{
	`web/oauth/tokens.go: parsed.Header["typ"] != tokenType`: "the kind of a token, of which everybody knows what it must be",
}

// compared are functions that compare and take less time the earlier they find a
// difference.
var compared = []string{"bytes.Equal", "bytes.Compare", "strings.EqualFold", "strings.Compare", "slices.Equal", "reflect.DeepEqual"}

// TestSecretsAreComparedInConstantTime goes through the code that meets callers.
// Comparisons with a literal (that something is there at all) say nothing of a secret.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	files := 0
	for _, root := range []string{"web", "partners", "members", "support"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".gen.go") {
				return err
			}
			if forTests.MatchString(path) {
				return nil
			}
			files++
			for _, found := range comparisons(t, path) {
				if _, ok := harmless[found]; !ok {
					t.Errorf("%s: compare with crypto/subtle, or say in this test why it is harmless", found)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 150 {
		t.Fatalf("only %d files were read; the test tests nothing", files)
	}
}

// TestAComparisonOfASecretIsNoticed plants some.
func TestAComparisonOfASecretIsNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "planted.go")
	planted := `package p
func f() {
	_ = bytes.Equal(mac.Sum(nil), secret)
	_ = r.PostForm.Get("form_token") == v.FormToken()
	_ = answer.Get("state") != a.State()
	_ = password != ""
	_ = len(token) == tokenBytes
	_ = token == nil
}`
	if err := os.WriteFile(path, []byte(planted), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := comparisons(t, path); len(found) != 3 {
		t.Errorf("noticed %q", found)
	}
}

// forTests are packages that no gateway runs.
var forTests = regexp.MustCompile(`(test|sim)/[^/]+\.go$|/conformance/`)

func comparisons(t *testing.T, path string) (found []string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		var sides []ast.Expr
		switch x := n.(type) {
		case *ast.BinaryExpr:
			if x.Op == token.EQL || x.Op == token.NEQ {
				sides = []ast.Expr{x.X, x.Y}
			}
		case *ast.CallExpr:
			if slices.Contains(compared, text(x.Fun)) {
				sides = x.Args
			}
		}
		if len(sides) == 2 && !plain(sides[0]) && !plain(sides[1]) && (secretish.MatchString(text(sides[0])) || secretish.MatchString(text(sides[1]))) {
			found = append(found, filepath.ToSlash(path)+": "+text(n.(ast.Expr)))
		}
		return true
	})
	return found
}

// plain is what is no secret whatever it is called: literals, nil, lengths, errors and
// constants.
func plain(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.BasicLit, *ast.CompositeLit:
		return true
	case *ast.ParenExpr:
		return plain(x.X)
	case *ast.Ident:
		return x.Name == "nil" || x.Name == "err" || x.Name == "true" || x.Name == "false"
	case *ast.CallExpr:
		return text(x.Fun) == "len" || text(x.Fun) == "cap"
	case *ast.SelectorExpr: // a constant of another package
		id, ok := x.X.(*ast.Ident)
		return ok && ast.IsExported(x.Sel.Name) && id.Obj == nil && strings.ToLower(id.Name) == id.Name && constantOf.MatchString(text(x))
	}
	return false
}

// constantOf are packages whose exported names are values that everybody knows.
var constantOf = regexp.MustCompile(`^(http|exchange|support|signin|oauth|partners|ledger|settlement|desk|mall|rewards|webhooks|insight|members|problem|connector|jwt|token)\.[A-Z]`)

// text writes an expression as code.
func text(e ast.Expr) string {
	var b strings.Builder
	writeExpr(&b, e)
	return b.String()
}

func writeExpr(b *strings.Builder, e ast.Expr) {
	_ = printer.Fprint(b, token.NewFileSet(), e) // a strings.Builder takes everything
}
