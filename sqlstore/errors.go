package sqlstore

import "errors"

// Errors of the store itself; those of what it keeps are the ports'.
var (
	// ErrForeign: the file belongs to another program or is no database.
	ErrForeign = errors.New("sqlstore: not a PointGrid store")
	// ErrNewer: the file was migrated by a newer version of this program.
	ErrNewer = errors.New("sqlstore: written by a newer version")
	// ErrInUse: another process, or another Store of this one, has the file open.
	ErrInUse = errors.New("sqlstore: in use")
	// ErrClosed: the store was closed; nothing was done.
	ErrClosed = errors.New("sqlstore: closed")
	// ErrStopped: an earlier write met an I/O error; nothing was done, and nothing
	// will be until the store is opened again.
	ErrStopped = errors.New("sqlstore: stopped after an I/O error")
	// ErrNoSetting: no setting of that name.
	ErrNoSetting = errors.New("sqlstore: no such setting")
)
