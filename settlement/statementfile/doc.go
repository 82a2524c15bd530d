// Package statementfile reads the statements that partners send as files: CSV and
// XLSX, in UTF-8, UTF-16 or GB18030, with the columns, dates and signs of a
// [Layout] per partner, and the form of the Connector API.
//
// What it promises:
//
//   - A file is accepted or refused as a whole. [Open] reads all of it before a
//     single line is handed out, and a refusal ([Refusal]) names every problem with
//     line, column, what was found and what would be right, up to a limit.
//   - Whatever form the file has, its lines are of one type, [Line].
//   - What is unusual and has one meaning only, such as thousands separators or
//     full-width digits, is accepted and noted. What could mean two things is
//     refused: 05.11.2026 is a date only when the layout says what comes first.
//   - Memory does not grow with the file. Size, lines, columns and what a
//     compressed file unpacks to have limits, which are checked before and while
//     reading.
//   - The file's digest is that of its bytes: the same file has the same digest.
//
// It trusts nothing in the file. Formulas are not computed, and links not followed.
package statementfile
