//go:build !unix

package sqlstore

import (
	"errors"
	"io"
)

// acquire refuses: without the lock, two processes could carry on the same
// unfinished conversions.
func acquire(string) (io.Closer, error) {
	return nil, errors.ErrUnsupported
}
