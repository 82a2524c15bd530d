package backup_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/backup"
)

const named = "20260301T120000.000Z"

// resealed gives a manifest the digest of what it says, as somebody does who changes
// one; text that is no manifest stays as it is.
func resealed(text []byte) []byte {
	var m backup.Manifest
	if json.Unmarshal(text, &m) != nil {
		return text
	}
	m.Digest = ""
	bare, err := json.Marshal(&m)
	if err != nil {
		return text
	}
	sum := sha256.Sum256(bare)
	m.Digest = hex.EncodeToString(sum[:])
	b, err := json.Marshal(&m)
	if err != nil {
		return text
	}
	return b
}

// FuzzAManifestStaysInItsHome: a manifest, whoever wrote it, is one whose files all lie
// in the home that is restored and each in a place of its own, or is damaged.
func FuzzAManifestStaysInItsHome(f *testing.F) {
	const digest = `"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`
	file := func(path string) string { return `{"path":"` + path + `","mode":384,"size":0,` + digest + `}` }
	whole := func(files string) string {
		return `{"format":1,"name":"` + named + `","made_at":"2026-03-01T12:00:00Z","program":{"version":"1","commit":"c"},"ledger":{"home":"embedded","blocks":1,"hash":"00"},` +
			`"database":{"kind":"sqlite","migration":1,"file":` + file("database.sqlite") + `},"files":[` + files + `],"digest":""}`
	}
	for _, files := range []string{"", file("keys/a.pem"), file("../out"), file("/etc/passwd"), file("."), file("a/../b"), file("a//b"), file("a\\\\b"), file("x") + "," + file("x"),
		file("database.sqlite"), file("ledger/blocks/0"), file("d") + "," + file("d/e"), strings.Replace(file("s"), "384", "2432", 1), strings.Replace(file("s"), `"size":0`, `"size":-1`, 1),
		strings.Replace(file("s"), "e3b0", "zzzz", 1), file("a\\u0000b")} {
		f.Add([]byte(whole(files)), true)
	}
	f.Add([]byte(whole("")), false)
	f.Add([]byte(strings.Replace(whole(""), `"format":1`, `"format":2`, 1)), true)
	f.Add([]byte("{}"), false)
	path := repository(f)
	r, err := backup.Create(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = r.Close() })
	f.Fuzz(func(t *testing.T, text []byte, reseal bool) {
		if reseal {
			text = resealed(text)
		}
		if err := os.WriteFile(filepath.Join(path, "backups", named+".json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := r.Manifest(named)
		if err != nil {
			if !errors.Is(err, backup.ErrDamaged) {
				t.Fatalf("%q fails with %v", text, err)
			}
			return
		}
		checkPlaces(t, m)
		again, err := json.Marshal(m)
		if err != nil || string(resealed(again)) != string(again) {
			t.Fatalf("%q, said again, is %q, %v", text, again, err)
		}
	})
}

func checkPlaces(t *testing.T, m *backup.Manifest) {
	t.Helper()
	files := m.Files
	if m.Database.File != nil {
		files = append(files[:len(files):len(files)], *m.Database.File)
	}
	at := map[string]bool{}
	for _, f := range files {
		where := filepath.Join("/home", filepath.FromSlash(f.Path))
		if !strings.HasPrefix(where, "/home/") || where != "/home/"+f.Path || strings.ContainsRune(f.Path, 0) {
			t.Fatalf("file %q goes to %s", f.Path, where)
		}
		if at[where] {
			t.Fatalf("two files go to %s", where)
		}
		if at[where] = true; f.Size < 0 || len(f.SHA256) != 64 || f.Mode.Perm() != f.Mode {
			t.Fatalf("file %+v", f)
		}
	}
}
