// Package sqlstore keeps the operational state in SQL: quotes, conversions,
// reversals, links, answers to idempotent requests, used client assertions,
// settlements with the breaks found in them, webhooks, files of conversions,
// settings and the staff's accounts. It fills [exchange.Store], [bulkfile.Store],
// [idempotency.Store], [partners.AssertionStore], [settlement.Store], [desk.Store],
// [webhooks.Store] and [signin.Store] with one [Store], and [cluster.Leases] with
// [Leases].
//
// What it promises:
//
//   - A method that writes returns after the write is on disk. Many callers
//     write at once, and one transaction carries all that has queued up: the
//     cost of a durable commit is shared (see writer.go).
//   - A caller whose context ends gets the context's error only if nothing was
//     written; once its write is being carried out it waits for the outcome.
//   - An error other than those of the ports says that the write was not
//     acknowledged. After a failed commit it may still be found after a restart;
//     every write can be given again with the same ID or key to find out.
//   - After an I/O error in a transaction on a file nothing more is written until
//     the store is opened again, so that what the disk may have lost is not built
//     on.
//   - A PostgreSQL server may restart, die, fill its disk or lose a connection at
//     any moment. A write that was on its way is carried out once, however the
//     connection ended (see postgres_session.go), and one that comes meanwhile
//     waits, up to [Options].Patience: then it gets [ErrBusy] and was not stored,
//     or [ErrOutcomeUnknown] if the connection was lost at its commit.
//   - A database has one writer, or with [Options].Slot one for each slot of a cluster
//     ([Leases]); the two exclude each other. A store whose slot was fenced stores
//     nothing more, not even what it had under way ([ErrFenced]). A store that finds that another program wrote
//     while its connection was lost, or that the server has forgotten what it had
//     acknowledged, writes nothing more ([ErrStopped]).
//   - What is read is checked: an unknown status or a negative amount is an
//     error that names the row and the column, never a value.
//
// What it refuses: a file or a schema that another program made, one that a newer
// version of this program has migrated, and one that another process has open; a
// standby, a connection pooler before the server, and an encoding other than
// UTF8. PostgreSQL also refuses a text with a zero byte, which fails alone.
//
// A database for it is best created with LOCALE 'C': indexes of text then stay
// right when the server's operating system is upgraded.
//
// Queries and migrations are one text for SQLite and PostgreSQL. They use
// numbered parameters, BIGINT, TEXT and BYTEA, ON CONFLICT DO NOTHING and
// partial indexes, and nothing that only one of the two understands; only what there is
// in a cluster alone speaks PostgreSQL. A leg of a
// conversion is six columns and not one encoded value: it costs a microsecond
// more, and an auditor can ask in SQL under which agreement what was converted.
//
// What it costs, in microseconds of one core of a small server, measured by
// BenchmarkConversionWrites with the disk's work included: the two writes of a
// conversion take 38 with 64 writers, 35 with 256, and 340 alone, when nobody
// shares the commit. Of the 38, 23 are SQLite's work on rows and indexes, 6 its
// writes to the log and the sync, 4 binding values, 5 the callers' own part.
//
//   - The table and its primary key are 20 of them.
//   - The unique index of idempotency keys adds little when a client's keys are
//     in order of time, as UUIDs of version 7 are, and then the sum stays the same
//     with a million conversions. Random keys dirty a page each: 12 in a small
//     store, 30 with a million conversions, and checkpoints that make the slowest
//     percent of writes several times slower. Clients do well to use version 7.
//   - The indexes by programme and of what is unfinished add 3 each; the rest are
//     conditioned so that a conversion that ends well does not touch them.
//   - Larger caches, larger pages, memory mapping, WITHOUT ROWID, several rows in
//     one INSERT and packing rows into one column were tried and gained nothing
//     that could be told from noise; leaving database/sql out of the writing path
//     gained 3, and unnumbered parameters 2.
package sqlstore
