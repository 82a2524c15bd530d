package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAUserIsAddedResetAndDisabled(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "pointgrid.yaml")
	text := "data_dir: " + dir + "\npartners: [{code: sky, name: Sky, programme: SKY, msp: SkyMSP, in: push, out: push}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"add", "anna", "--name", "Anna", "--company", "sky", "--role", "engineer"}, 0, "first password, to be changed"},
		{[]string{"add", "anna", "--name", "Anna", "--company", "sky", "--role", "engineer"}, 1, `"anna" is there already`},
		{[]string{"add", "berta", "--name", "Berta", "--company", "moon", "--role", "engineer"}, 1, `company "moon" is not in the configuration, which has sky`},
		{[]string{"add", "berta", "--name", "Berta", "--company", "sky", "--role", "checker"}, 1, "[engineer finance]"},
		{[]string{"add", "root", "--name", "Root", "--role", "admin"}, 0, "added root"},
		{[]string{"list", "--company", "sky"}, 0, "password to be changed"},
		{[]string{"disable", "anna"}, 0, "anna is disabled"},
		{[]string{"list", "--company", "sky"}, 0, "disabled"},
		{[]string{"reset", "anna"}, 0, "new password of anna"},
		{[]string{"reset", "nobody"}, 1, `there is no "nobody"`},
		{[]string{"list"}, 0, "root"},
	} {
		out, code := run(t, append(append([]string{"user"}, step.args...), "--config", file)...)
		if code != step.code || !strings.Contains(out, step.says) {
			t.Errorf("user %v: exit code %d, want %d and %q:\n%s", step.args, code, step.code, step.says, out)
		}
	}
}
