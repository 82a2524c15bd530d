package network

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
)

// chaincodeLabel names the package for people.
const chaincodeLabel = "pointgrid"

// connection tells a peer how to reach its chaincode, in the form that Fabric's
// external builders define.
type connection struct {
	Address            string `json:"address"`
	DialTimeout        string `json:"dial_timeout"`
	TLSRequired        bool   `json:"tls_required"`
	ClientAuthRequired bool   `json:"client_auth_required"`
	ClientKey          string `json:"client_key"`
	ClientCert         string `json:"client_cert"`
	RootCert           string `json:"root_cert"`
}

// firstPackage is the file of the package with which a company begins.
const firstPackage = "package.tgz"

// pack writes the package that a company installs on its peer, which says where
// its chaincode listens, to a file, and returns the package's ID.
func pack(dir, file, address string) (id string, err error) {
	c := connection{Address: address, DialTimeout: "3s", TLSRequired: true, ClientAuthRequired: true}
	for file, text := range map[string]*string{"chaincode/client.key": &c.ClientKey, "chaincode/client.crt": &c.ClientCert, "tlsca/ca.crt": &c.RootCert} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return "", err
		}
		*text = string(b)
	}
	connect, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	code, err := archive(entry{"connection.json", connect})
	if err != nil {
		return "", err
	}
	about, err := json.Marshal(map[string]string{"type": "ccaas", "label": chaincodeLabel})
	if err != nil {
		return "", err
	}
	b, err := archive(entry{"metadata.json", about}, entry{"code.tar.gz", code})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return chaincodeLabel + ":" + hex.EncodeToString(sum[:]), writeFiles(filepath.Join(dir, "chaincode"), map[string][]byte{file: b})
}

// entry is a file of an archive.
type entry struct {
	name string
	data []byte
}

// archive makes a .tar.gz without times, so that the same files always have the
// same bytes.
func archive(entries ...entry) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	for _, e := range entries {
		if err := t.WriteHeader(&tar.Header{Name: e.name, Mode: 0o600, Size: int64(len(e.data))}); err != nil {
			return nil, err
		}
		if _, err := t.Write(e.data); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
