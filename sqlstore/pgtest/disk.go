package pgtest

import "errors"

// ErrNotPermitted: this process may not mount a disk.
var ErrNotPermitted = errors.New("cannot mount a small disk: run as root on Linux, in a container with --cap-add SYS_ADMIN")
