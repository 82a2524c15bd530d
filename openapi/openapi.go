package openapi

import (
	"embed"
	"fmt"
	"io/fs"
)

// Names of the documents, for [Document].
const (
	Connector = "connector.yaml"
	Exchange  = "exchange.yaml"
)

//go:embed *.yaml
var documents embed.FS

// Document returns a document by its file name. The error wraps
// [fs.ErrNotExist] if there is none of that name. The caller owns the bytes.
func Document(name string) ([]byte, error) {
	doc, err := fs.ReadFile(documents, name)
	if err != nil {
		return nil, fmt.Errorf("openapi: no document %q: %w", name, err)
	}
	return doc, nil
}
