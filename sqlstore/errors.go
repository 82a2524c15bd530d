package sqlstore

import "errors"

// Errors of the store itself; those of what it keeps are the ports'.
var (
	// ErrForeign: the file or schema belongs to another program, or the file is no
	// database.
	ErrForeign = errors.New("sqlstore: not a PointGrid store")
	// ErrNewer: the store was migrated by a newer version of this program.
	ErrNewer = errors.New("sqlstore: written by a newer version")
	// ErrInUse: another process, or another Store of this one, has it open.
	ErrInUse = errors.New("sqlstore: in use")
	// ErrClosed: the store was closed; nothing was done.
	ErrClosed = errors.New("sqlstore: closed")
	// ErrStopped: an earlier write met an I/O error, or another program took the
	// database over; nothing was done, and nothing will be until the store is opened
	// again.
	ErrStopped = errors.New("sqlstore: stopped")
	// ErrFenced: the slot of this store was taken from it; nothing was done, and this
	// gateway does well to end. What is tried later gets [ErrStopped].
	ErrFenced = errors.New("sqlstore: the slot was taken from this gateway")
	// ErrBusy: the database server could not be reached for as long as a write
	// waits; nothing was done, and the same may be tried again.
	ErrBusy = errors.New("sqlstore: the database cannot be reached now")
	// ErrOutcomeUnknown: the connection was lost at the commit and the server did
	// not come back in time to say whether it was carried out. Give the write again
	// with the same ID or key, or read, to find out.
	ErrOutcomeUnknown = errors.New("sqlstore: not known whether it was stored")
	// ErrNoCluster: several gateways share a PostgreSQL database; no URL of one was
	// given.
	ErrNoCluster = errors.New("sqlstore: a cluster of gateways needs PostgreSQL: give the database's URL")
	// ErrNoSetting: no setting of that name.
	ErrNoSetting = errors.New("sqlstore: no such setting")
)
