package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/backup"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/bill"
	"github.com/pointgrid/pointgrid/sqlstore"
)

type versionCommand struct {
	SBOM string `name:"sbom" help:"Print instead what a program is made of, as a CycloneDX bill of materials, from what the compiler wrote into it." type:"existingfile" placeholder:"PROGRAM"`
}

// Run says what this program is and what it was built from.
func (v *versionCommand) Run() error {
	if v.SBOM != "" {
		return bill.Write(os.Stdout, v.SBOM)
	}
	p := built()
	migration, err := sqlstore.Version()
	if err != nil {
		return err
	}
	fmt.Printf("pointgrid %s\ncommit %s\nbuilt with %s for %s/%s\ndatabase migration %d\n", p.Version, p.Commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, migration)
	return nil
}

// built is what the compiler wrote into the program: the version is the tag of the
// commit, or made of its time and hash, and says +dirty for a tree that was changed.
func built() backup.Program {
	p := backup.Program{Version: "unknown", Commit: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return p
	}
	p.Version = info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			p.Commit = s.Value
		}
	}
	return p
}
