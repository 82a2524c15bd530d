// Package statements takes in the statements that partners send of a business
// day: from their programs, from the console, from a watched folder, or fetched
// from their Connector API.
//
// What it promises:
//
//   - A file is accepted or refused as a whole, and never half loaded. What was
//     refused is on record too, with its problems, so that people can see why.
//   - The file itself is kept, byte for byte, under the name of its digest, and is
//     on disk before anybody is told that it was accepted.
//   - The same file again changes nothing. Another file for the same day takes the
//     place of the former, which stays on record; a former one that comes once more,
//     because a program repeats itself, does not come back.
//   - What is being received is bounded while it comes, in size, in number and per
//     partner, so that nobody can fill the disk or keep others out.
//
// It refuses ([Refusal]) a statement of a day that has not ended, of one before the
// partner joined, and of one whose settlement is being signed: what is wrong then is
// corrected by an adjustment. It compares nothing: that is reconciliation's.
package statements
