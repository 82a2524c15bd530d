// Package backup keeps copies of a gateway's home outside of it, and makes a home
// of them again.
//
// A repository is a folder:
//
//	format          the version of all this; locked while it is used
//	ledger/         the blocks of the embedded ledger, once for all backups; the
//	                folder of a ledger itself, which `pointgrid verify` checks
//	objects/        databases and files, each under its SHA-256
//	backups/NAME    a manifest per backup: what belongs to it, with sizes and digests
//	erased          accounts of members who were forgotten, of all backups
//
// # The order of copying
//
// The database must never know of a block that the ledger copy has not: it would
// say of points that they moved, and nothing would heal that. The other way round is
// healed where the database knows the intention, because recovery gives the ledger
// the same command again. So the blocks are looked at in the instant that the copy
// of the database shows, while nobody can write to it: whatever is in a block by
// then has its intention in the database, and what the database learned from a block
// is in one. Files are copied after that. They are only added to or put under new
// names, and what lies behind what the database says of them is cut off at the next
// start; if one was removed meanwhile, all is done again.
//
// # What it promises
//
// A backup needs nothing from the gateway and may be made while it runs; the
// database's writer stands still for the moment of the look. A backup that has a
// manifest is complete and on disk. What is restored was checked against its digests
// and is verified afterwards: the chain by executing it, the database by comparing it
// with the ledger both ways.
//
// # What it refuses
//
// A repository or keys that others can read, a repository of another ledger, anything
// damaged or missing, a home that is not empty, and a database that a newer version
// of this program has migrated.
package backup
