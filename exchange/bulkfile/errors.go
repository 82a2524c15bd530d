package bulkfile

import (
	"errors"
	"fmt"
)

var (
	ErrNotFound = errors.New("bulkfile: not found")
	// ErrKnown: another file of the partner has the same content.
	ErrKnown = errors.New("bulkfile: content was sent before")
	// ErrInUse: another request is appending to the file, or completing it.
	ErrInUse = errors.New("bulkfile: file is in use by another request")
	// ErrNotUploading: the file is complete, or has expired.
	ErrNotUploading = errors.New("bulkfile: file takes no content any more")
	// ErrNotFinished: there are no results yet.
	ErrNotFinished = errors.New("bulkfile: file is not finished")
	// ErrGone: the results were kept for as long as was promised.
	ErrGone = errors.New("bulkfile: results are no longer kept")
	// ErrContent: the content could not be read from who sends it; what came is kept.
	ErrContent = errors.New("bulkfile: content was cut off")
)

// OffsetError says that content does not begin, or end, where the file does.
type OffsetError struct {
	Given, Right int64 // bytes
}

// Error implements error.
func (e *OffsetError) Error() string {
	return fmt.Sprintf("bulkfile: offset is %d, must be %d", e.Given, e.Right)
}

// Codes of an [exchange.Refusal] of a whole file.
const (
	CodeTooManyFiles     = "too_many_files"
	CodeFileTooLarge     = "file_too_large"
	CodeFileTooManyLines = "file_too_many_lines"
	CodeFileEmpty        = "file_empty"
	CodeFileCut          = "file_cut"
	CodeFileHeader       = "file_header_invalid"
	CodeChecksum         = "checksum_mismatch"
	CodeFileKnown        = "file_known"
)

// Codes of a line that was not converted, besides those of a conversion.
const (
	CodeLineTooLong      = "line_too_long"
	CodeLineInvalid      = "line_invalid"
	CodeReferenceReused  = "reference_reused"
	CodeConversionFailed = "conversion_failed" // when the failure has no code of its own
)
