//go:build !linux

package pgtest

// MountDisk returns [ErrNotPermitted].
func MountDisk(int) (folder string, remove func() error, err error) {
	return "", nil, ErrNotPermitted
}
