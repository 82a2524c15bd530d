//go:build !unix

package backup

import "os"

// lock does nothing where the system has no such locks: the operator makes one
// backup at a time.
func lock(*os.File, bool) error { return nil }
