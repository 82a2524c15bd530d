package network

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// chaincodePackage is the chaincode server's import path.
const chaincodePackage = "github.com/pointgrid/pointgrid/cmd/chaincode"

// errNoChaincode says where the server is looked for.
var errNoChaincode = errors.New("network: no chaincode server: put the program chaincode beside this one (go install " + chaincodePackage + "), or say where it is")

// Server returns the chaincode server's program: the one given, the one beside
// this program, or one built from the module in which this process runs, into
// bin in a folder.
func Server(ctx context.Context, given, dir string, progress func(string)) (string, error) {
	if given != "" {
		path, err := filepath.Abs(given)
		if err == nil {
			_, err = os.Stat(path)
		}
		if err != nil {
			return "", fmt.Errorf("network: chaincode server: %w", err)
		}
		return path, nil
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "chaincode")
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	return compile(ctx, dir, progress)
}

// compile builds the server from source, if there is any here.
func compile(ctx context.Context, dir string, progress func(string)) (string, error) {
	look, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if exec.CommandContext(look, "go", "list", chaincodePackage).Run() != nil {
		return "", errNoChaincode
	}
	progress("building the chaincode server")
	path := filepath.Join(dir, "bin", "chaincode")
	if err := goBuild(ctx, "", func(string) {}, "-ldflags", "-s -w", "-o", path, chaincodePackage); err != nil {
		return "", fmt.Errorf("network: building the chaincode server: %w", err)
	}
	return path, nil
}
