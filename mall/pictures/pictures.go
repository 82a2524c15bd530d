package pictures

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

//go:embed drawings
var drawings embed.FS

// Files has the drawings, each as NAME.svg.
func Files() fs.FS {
	sub, err := fs.Sub(drawings, "drawings")
	if err != nil {
		panic(fmt.Sprintf("pictures: %v", err)) // the folder is in the program
	}
	return sub
}

// Has reports whether there is a drawing of a name.
func Has(name string) bool { return slices.Contains(Names(), name) }

// Names returns all of them in order.
var Names = sync.OnceValue(func() (all []string) {
	entries, err := fs.ReadDir(Files(), ".")
	if err != nil {
		panic(fmt.Sprintf("pictures: %v", err))
	}
	for _, e := range entries {
		all = append(all, strings.TrimSuffix(e.Name(), ".svg"))
	}
	return all
})

// Neutral is the drawing for products of a kind without one of their own.
func Neutral(kind string) string { return "kind-" + strings.ReplaceAll(kind, "_", "-") }
