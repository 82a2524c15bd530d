package openapi

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Published returns a document as partners get it: without the hints for our own
// generator of Go, which name types of ours and would mislead theirs. Errors are
// those of [Document].
func Published(name string) ([]byte, error) {
	raw, err := Document(name)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("openapi: %s: %w", name, err)
	}
	if !withoutHints(&doc) {
		return raw, nil // as it was written
	}
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		return nil, fmt.Errorf("openapi: %s: %w", name, err)
	}
	return out.Bytes(), e.Close()
}

// withoutHints takes the hints out, and reports whether there were any.
func withoutHints(n *yaml.Node) (changed bool) {
	if n.Kind == yaml.MappingNode {
		kept := n.Content[:0:0]
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key := n.Content[i].Value; strings.HasPrefix(key, "x-go-") || strings.HasPrefix(key, "x-oapi-codegen-") {
				changed = true
				continue
			}
			kept = append(kept, n.Content[i], n.Content[i+1])
		}
		n.Content = kept
	}
	for _, c := range n.Content {
		changed = withoutHints(c) || changed
	}
	return changed
}
