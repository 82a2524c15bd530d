package agreements

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/api"
	"github.com/pointgrid/pointgrid/web/jsonbody"
	"github.com/pointgrid/pointgrid/web/problem"
)

// ReadFile reads terms from a YAML or JSON file with the fields of the REST
// API's Terms. The error lists everything that is wrong, each with its field.
func ReadFile(path string) (ledger.Terms, error) {
	f, err := os.Open(path)
	if err != nil {
		return ledger.Terms{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, jsonbody.BytesMax+1))
	if err != nil {
		return ledger.Terms{}, err
	}
	terms, err := Parse(text)
	if err != nil {
		return terms, fmt.Errorf("%s: %w", path, err)
	}
	return terms, nil
}

// Parse is [ReadFile] for text that was read already.
func Parse(text []byte) (ledger.Terms, error) {
	if len(text) > jsonbody.BytesMax {
		return ledger.Terms{}, fmt.Errorf("terms have more than %d bytes", jsonbody.BytesMax)
	}
	body, err := toJSON(text)
	if err != nil {
		return ledger.Terms{}, err
	}
	terms, err := api.ParseTerms(body)
	if invalid := (*problem.Problem)(nil); errors.As(err, &invalid) {
		return terms, wrong(invalid)
	}
	return terms, err
}

// wrong says what is wrong in words for a file instead of a request.
func wrong(p *problem.Problem) error {
	var lines []string
	for _, f := range p.Errors {
		field := "the terms"
		if f.Pointer != nil && *f.Pointer != "" {
			field = strings.ReplaceAll(strings.TrimPrefix(*f.Pointer, "/"), "/", ".")
		}
		lines = append(lines, fmt.Sprintf("  %s: %s", field, f.Detail))
	}
	return fmt.Errorf("these are no terms that can be signed:\n%s", strings.Join(lines, "\n"))
}

// toJSON turns one YAML document into JSON with the same fields in the same
// order, given twice if they are, so that the API's own reader judges it.
func toJSON(text []byte) ([]byte, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := d.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty; it takes the fields of an agreement's terms")
		}
		return nil, fmt.Errorf("neither YAML nor JSON: %w", err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one YAML document; terms are one")
	}
	var out bytes.Buffer
	err := writeJSON(&out, "", document.Content[0])
	return out.Bytes(), err
}

// integers are the fields of terms that are integers in JSON. All others are
// text there, so that no reader takes a decimal for a float; in YAML both are
// written without quotes, and kept here as they are written.
var integers = [...]string{"version", "fee_bps", "lock_seconds", "lot_months"}

func writeJSON(out *bytes.Buffer, field string, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		return writeObject(out, n)
	case yaml.ScalarNode:
		return writeScalar(out, field, n)
	}
	return fmt.Errorf("line %d: terms have neither lists nor aliases", n.Line)
}

func writeObject(out *bytes.Buffer, n *yaml.Node) error {
	out.WriteByte('{')
	for i := 0; i < len(n.Content); i += 2 {
		if i > 0 {
			out.WriteByte(',')
		}
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: a field's name is a word", key.Line)
		}
		if err := writeText(out, key.Value); err != nil {
			return err
		}
		out.WriteByte(':')
		if err := writeJSON(out, key.Value, n.Content[i+1]); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func writeScalar(out *bytes.Buffer, field string, n *yaml.Node) error {
	switch {
	case n.ShortTag() == "!!null":
		out.WriteString("null")
	case n.ShortTag() == "!!int" && isInteger(field) && json.Valid([]byte(n.Value)):
		out.WriteString(n.Value)
	default:
		return writeText(out, n.Value)
	}
	return nil
}

func isInteger(field string) bool {
	for _, name := range integers {
		if field == name {
			return true
		}
	}
	return false
}

func writeText(out *bytes.Buffer, s string) error {
	b, err := json.Marshal(s)
	out.Write(b)
	return err
}
