package containers

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
)

// fallback owns the files, and runs the containers, when root lays the folder:
// no container runs as root.
const fallback = 10001

// orderers of the production shape: one of them may fail.
const orderers = 3

// Lay makes the folder, and the file of variables that Docker Compose reads. A
// folder or file that is there stays.
func (a *Alliance) Lay(ctx context.Context, envFile string) error {
	n, err := network.Lay(ctx, a.networkOptions(orderers))
	if err != nil {
		return err
	}
	a.Progress("writing the gateway's configuration and keys")
	if err := a.layGateway(); err != nil {
		return err
	}
	user, group, err := a.owner()
	if err != nil {
		return err
	}
	return a.writeVariables(envFile, n, user, group)
}

// layGateway writes configuration and keys of the gateway and of its clients.
func (a *Alliance) layGateway() error {
	s := a.site()
	if _, err := s.Home().SigningKey(rand.Reader); err != nil {
		return err
	}
	if _, err := s.Home().AccountKey(rand.Reader); err != nil {
		return err
	}
	file := filepath.Join(string(s.Home()), "config", "pointgrid.yaml")
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	c, err := a.config(filepath.Dir(file))
	if err != nil {
		return err
	}
	b, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}

// config is the gateway's, and puts its clients' public keys beside it: nothing in it
// is of this machine, and nothing of what a sandbox is let off. The gateway signs for
// the utility only: agreements are accepted by the companies.
func (a *Alliance) config(dir string) (config.Config, error) {
	connectors := map[string]string{}
	for _, c := range sandbox.Companies() {
		connectors[c.Code] = "http://partner." + c.Code + ":" + port
	}
	c, err := a.site().Config("0.0.0.0:"+port, connectors)
	if err != nil {
		return c, err
	}
	usual := config.Default()
	c.URL, c.Sandbox, c.DatabaseAllowPlaintext, c.DataDir = "", false, false, dataDir
	c.Log, c.Staff, c.Webhooks, c.Settlement.Holidays = usual.Log, usual.Staff, usual.Webhooks, usual.Settlement.Holidays
	c.Ledger.Home, c.Ledger.Profile, c.Ledger.SignFor = config.Fabric, connectionDir+"/profile.json", nil
	clients := [][]config.Client{c.Utility.Clients}
	for i := range c.Companies {
		clients = append(clients, c.Companies[i].Clients)
		c.Companies[i].Connector.AllowHTTP = true // in a network of Docker
	}
	for _, all := range clients {
		for i := range all {
			name := filepath.Base(all[i].KeyFile)
			if err := copyFile(filepath.Join(dir, name), all[i].KeyFile); err != nil {
				return c, err
			}
			all[i].KeyFile, all[i].SandboxKeyFile = configDir+"/"+name, ""
			all[i].Scopes = slices.DeleteFunc(all[i].Scopes, func(scope string) bool { return scope == "sandbox" })
		}
	}
	return c, nil
}

// owner returns as whom the containers run. What root has laid is handed over to
// somebody who is not.
func (a *Alliance) owner() (user, group int, err error) {
	if user, group = os.Getuid(), os.Getgid(); user > 0 {
		return user, group, nil
	}
	return fallback, fallback, filepath.WalkDir(a.Dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, fallback, fallback))
	})
}

// passwordBytes are those of the database's password.
const passwordBytes = 24

// source is the folder as Docker Compose takes it: a plain name would be that of
// a volume.
func (a *Alliance) source() string {
	if filepath.IsAbs(a.Dir) {
		return a.Dir
	}
	return "./" + filepath.ToSlash(filepath.Clean(a.Dir))
}

func (a *Alliance) writeVariables(file string, n *network.Network, user, group int) error {
	var password [passwordBytes]byte
	if _, err := rand.Read(password[:]); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Written by pointgrid containers lay. It holds a secret: do not commit it.\n")
	fmt.Fprintf(&b, "POINTGRID_ALLIANCE=%s\nPOINTGRID_USER=%d:%d\nPOSTGRES_PASSWORD=%s\n", a.source(), user, group, hex.EncodeToString(password[:]))
	for _, c := range network.Companies() {
		fmt.Fprintf(&b, "CHAINCODE_ID_%s=%s\n", strings.ToUpper(c.Name), n.Package(c.Name))
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		a.Progress(file + " is there already and stays as it is")
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(b.String())
	return errors.Join(err, f.Close())
}
