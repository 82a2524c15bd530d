// Package bill writes what a Go program is made of as a CycloneDX bill of materials,
// from what the compiler wrote into the program itself, so that it cannot say
// anything else than what was linked.
//
// It promises the same bytes for the same program: it knows no time and no random
// number. It refuses a file that no Go compiler made.
package bill

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"runtime/debug"
	"slices"
	"strings"
)

// document is CycloneDX 1.5; https://cyclonedx.org/docs/1.5/json/.
type document struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Ref        string     `json:"bom-ref"`
	Type       string     `json:"type"`
	Name       string     `json:"name"`
	Version    string     `json:"version,omitempty"`
	Hashes     []hash     `json:"hashes,omitempty"`
	PURL       string     `json:"purl,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref string   `json:"ref"`
	On  []string `json:"dependsOn,omitempty"`
}

// Write writes the bill of a program's file as JSON.
func Write(out io.Writer, file string) error {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	sum, err := sha256Of(file)
	if err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(of(info, sum))
}

func sha256Of(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

func of(info *debug.BuildInfo, sum string) *document {
	program := component{Ref: "program", Type: "application", Name: path.Base(info.Path), Version: info.Main.Version,
		Hashes: []hash{{"SHA-256", sum}}, PURL: purl(info.Main.Path, info.Main.Version), Properties: settings(info)}
	d := &document{Format: "CycloneDX", Spec: "1.5", Version: 1, Metadata: metadata{program}}
	compiler := strings.TrimPrefix(info.GoVersion, "go")
	all := []component{{Ref: purl("std", compiler), Type: "library", Name: "std", Version: compiler, PURL: purl("std", compiler)}}
	for _, m := range info.Deps {
		all = append(all, library(m))
	}
	slices.SortFunc(all, func(a, b component) int { return cmp.Compare(a.Ref, b.Ref) })
	on := make([]string, len(all))
	for i := range all {
		on[i] = all[i].Ref
	}
	d.Components, d.Dependencies = all, []dependency{{"program", on}}
	return d
}

// library is a module that was linked, or what stands in its place.
func library(m *debug.Module) component {
	if m.Replace != nil {
		m = m.Replace
	}
	c := component{Ref: purl(m.Path, m.Version), Type: "library", Name: m.Path, Version: m.Version, PURL: purl(m.Path, m.Version)}
	// A module's sum is that of all its files, see https://go.dev/ref/mod#go-sum-files.
	if b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(b) == sha256.Size {
		c.Properties = []property{{"go:sum", m.Sum}}
	}
	return c
}

func purl(module, version string) string { return "pkg:golang/" + module + "@" + version }

// settings are those that decide what the compiler made.
func settings(info *debug.BuildInfo) (all []property) {
	for _, s := range info.Settings {
		if strings.HasPrefix(s.Key, "vcs.") || s.Key == "GOOS" || s.Key == "GOARCH" || s.Key == "-tags" {
			all = append(all, property{"go:" + s.Key, s.Value})
		}
	}
	return all
}
