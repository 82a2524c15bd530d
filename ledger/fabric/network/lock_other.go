//go:build !unix

package network

import (
	"errors"
	"os"
)

// errSystem says that processes cannot be kept track of here.
var errSystem = errors.New("network: running a network needs Linux, macOS or another Unix")

func lock(*os.File, bool) (bool, error) { return false, errSystem }
func ask(int) error                     { return errSystem }
func stop(int) error                    { return errSystem }
func halt(int) error                    { return errSystem }
func resume(int) error                  { return errSystem }
