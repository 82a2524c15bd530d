package pointgrid_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"encoding/json"
)

// licences are those under which we may ship a library, by words that stand in them.
var licences = []struct {
	name  string
	words *regexp.Regexp
}{
	{"Apache-2.0", regexp.MustCompile(`Apache License\s+Version 2\.0`)},
	{"MPL-2.0", regexp.MustCompile(`Mozilla Public License,? [Vv]ersion 2\.0`)},
	{"BSD", regexp.MustCompile(`Redistribution and use in source and binary forms`)},
	{"MIT", regexp.MustCompile(`Permission is hereby granted, free of charge`)},
	{"ISC", regexp.MustCompile(`Permission to use, copy, modify, and(/or)? distribute this software`)},
	{"Unlicense", regexp.MustCompile(`free and unencumbered software released into the public domain`)},
}

// forbidden are words of licences that would bind what we ship.
var forbidden = regexp.MustCompile(`GNU (AFFERO |LESSER )?GENERAL PUBLIC LICENSE|Business Source License|Server Side Public License`)

// exceptions have their licence in a place of their own, each with where and what.
var exceptions = map[string]string{
	"github.com/golang/freetype": "the FreeType Licence, one of the two that it lets one choose",
}

// TestEveryLibraryHasALicenceThatWeMayUse goes through the modules that our programs
// link. go.sum pins each by its digest, which `go mod verify` checks in CI.
func TestEveryLibraryHasALicenceThatWeMayUse(t *testing.T) {
	seen := map[string]bool{}
	for path, dir := range linked(t) {
		seen[path] = true
		if _, ok := exceptions[path]; ok {
			continue
		}
		text := licenceOf(t, dir)
		known := slices.IndexFunc(licences, func(l struct {
			name  string
			words *regexp.Regexp
		}) bool {
			return l.words.MatchString(text)
		})
		if known < 0 || forbidden.MatchString(text) && licences[known].name != "MPL-2.0" {
			t.Errorf("%s: its licence is not one that we know: %.120q", path, text)
		}
	}
	for path := range exceptions {
		if !seen[path] {
			t.Errorf("%s is an exception and not linked any more", path)
		}
	}
}

// linked are the modules of what the programs link, by path, with their folders.
func linked(t *testing.T) map[string]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=Module", "./cmd/...")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for d := json.NewDecoder(out); ; {
		var p struct {
			Module *struct {
				Path, Dir string
				Main      bool
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			all[p.Module.Path] = p.Module.Dir
		}
	}
	if err := cmd.Wait(); err != nil || len(all) < 30 {
		t.Fatalf("%d modules, %v; the test tests nothing", len(all), err)
	}
	return all
}

// licenceOf is the text of the licence in a module's folder.
func licenceOf(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") && !strings.HasPrefix(name, "UNLICENSE") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		text.Write(b)
	}
	return text.String()
}
