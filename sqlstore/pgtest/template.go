package pgtest

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// metaCommand is a line of a dump that only psql understands.
var metaCommand = regexp.MustCompile(`(?m)^\\.*$`)

// Template reads a schema with its rows, and returns a function that makes a copy of
// it under another name: a schema that many tests need is migrated once. The schema's
// name must occur in nothing else that it holds.
func (s *Server) Template(schema string) (copyTo func(name string) error, err error) {
	cmd := s.command("pg_dump", "--dbname", s.URL(""), "--schema", schema, "--inserts", "--no-owner")
	var failed bytes.Buffer
	cmd.Stderr = &failed
	dump, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("pg_dump: %w: %s", err, failed.String())
	}
	script := metaCommand.ReplaceAllString(string(dump), "")
	return func(name string) error { return s.Exec(strings.ReplaceAll(script, schema, name)) }, nil
}
