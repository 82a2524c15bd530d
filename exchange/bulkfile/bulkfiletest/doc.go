// Package bulkfiletest holds what stores of files are tested with: a suite that
// each must pass, and a store in memory that does.
package bulkfiletest
