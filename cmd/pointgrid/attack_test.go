package main_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/internal/schemathesis"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// The whole API answers as its document says, whoever asks and whatever: the utility,
// whose clients may do everything, and companies, which may not. They ask at the same
// time, and a sandbox's limits leave room for it. PostgreSQL, which production has, takes
// less than SQLite does.
func TestNoRequestGetsAnAnswerThatIsNotDocumented(t *testing.T) {
	schemathesis.Need(t)
	dir := t.TempDir()
	server := pgtest.Start(t, pgtest.Options{})
	s := start(t, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", dir, "--database", server.URL("public"), "--members", "60", "--days", "2", "--events", "200")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(strings.Join(regexp.MustCompile(`.*level=(WARN|ERROR).*`).FindAllString(s.out.String(), -1), "\n"))
		}
	})
	everything := []string{"--phases", "coverage,fuzzing,stateful"}
	ours := []string{"--phases", "coverage", "--exclude-tag", "Mall", "--exclude-tag", "Rewards", "--exclude-tag", "Members", "--exclude-tag", "Support"}
	random := []string{"--phases", "fuzzing"}
	for client, brief := range map[string][]string{"utility": everything, "sky": ours, "mart": random, "utility-checker": random} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			schemathesis.Run(t, schemathesis.Target{Document: "exchange.yaml", URL: s.url(), TokenFile: filepath.Join(dir, "tokens", client), Brief: brief})
		})
	}
}
