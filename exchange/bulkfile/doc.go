// Package bulkfile converts the lines of files: what a partner's members earned
// in a day, which the partner has moved already (mode push), into electricity
// points.
//
// # How a file goes
//
// A file is created, its content is appended piece by piece at an offset, and it
// is completed by naming its length and SHA-256. Then a goroutine reads it line by
// line, converts some hundreds of lines at a time, and writes a result for each.
// Row and folder together say how far it has come: results are on disk before the
// row says so, and what lies behind is cut off after a crash.
//
// # What it promises
//
// Each line is converted once, whatever dies and whenever. A line's idempotency
// key is the partner's reference: the same line in the same file or in another one
// of the same client is found again as the same conversion, and another line with
// its reference is refused. Nothing is converted before the file is complete and
// its checksum is right, and a file has one result per line in the end, in order.
// Memory does not grow with the file; files of several partners take turns, batch
// by batch.
//
// # What it refuses
//
// A file that is cut (its last line has no end), too long, has too many lines, an
// unknown header, or the content of an earlier file of the partner; and content
// for which there is no room. A line that is malformed fails alone.
package bulkfile
