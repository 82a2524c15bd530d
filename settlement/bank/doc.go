// Package bank speaks ISO 20022 with a bank: it writes payment orders as pain.001
// (customer credit transfer initiation, version 001.09) in yuan, reads
// confirmations from camt.053 (statement) and camt.054 (notification) of any
// version since 001.02, and matches the ones against the others.
//
// What it promises:
//
//   - Amounts are exact: cents in, decimal text out, and back.
//   - An order is checked against the schema's rules, lengths, patterns and order
//     of elements, before a byte is written.
//   - A file of the bank is read as a stream, with a bound on the whole and on each
//     entry; document types and entities are refused. GB18030, GBK and GB2312 are
//     read as well as UTF-8. Entries must add up to what the bank says they do.
//   - A payment is confirmed only by an entry that is booked and has its reference,
//     amount, currency, payer and payee; otherwise [Match] says what differs.
//
// No well-kept Go library covers these messages (moov-io/iso20022, the nearest, was
// last released in January 2022); the structures here hold only the elements that are
// used, and a test holds random orders to the schema that ISO publishes.
package bank
