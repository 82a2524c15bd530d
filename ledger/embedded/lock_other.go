//go:build !unix

package embedded

import (
	"errors"
	"os"
)

// lock refuses systems on which two processes could not be kept apart.
func lock(*os.File, string, bool) error {
	return errors.New("embedded: file locks are not supported on this operating system")
}
