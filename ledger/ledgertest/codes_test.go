package ledgertest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
)

// TestTheSuiteKnowsEveryCode compares its list with the constants in the source.
func TestTheSuiteKnowsEveryCode(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var defined []ledger.Code
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
			if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Code" {
				s, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Error(err)
				}
				defined = append(defined, ledger.Code(s))
			}
		}
		return true
	})
	if !slices.Equal(defined, codes()) {
		t.Errorf("code.go defines\n%v, the suite lists\n%v", defined, codes())
	}
}
