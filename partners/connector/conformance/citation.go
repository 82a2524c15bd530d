package conformance

import (
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/openapi"
)

// Citation is a place in the contract.
type Citation struct {
	Document string `json:"document"`
	Line     int    `json:"line"` // from 1
	Section  string `json:"section"`
	Text     string `json:"text"` // the sentence, as it stands there
}

// String is how a compiler would name the place.
func (c Citation) String() string {
	return fmt.Sprintf("openapi/%s:%d (%s)", c.Document, c.Line, c.Section)
}

// contract is connector.yaml by lines.
type contract []string

func readContract() (contract, error) {
	raw, err := openapi.Document(openapi.Connector)
	if err != nil {
		return nil, err
	}
	return strings.Split(string(raw), "\n"), nil
}

// cite finds the one line that holds the anchor. It returns an error if there is
// none, or another one.
func (c contract) cite(anchor string) (Citation, error) {
	at := -1
	for i, line := range c {
		if !strings.Contains(line, anchor) {
			continue
		}
		if at >= 0 {
			return Citation{}, fmt.Errorf("conformance: %s says %q in lines %d and %d", openapi.Connector, anchor, at+1, i+1)
		}
		at = i
	}
	if at < 0 {
		return Citation{}, fmt.Errorf("conformance: %s does not say %q", openapi.Connector, anchor)
	}
	return Citation{Document: openapi.Connector, Line: at + 1, Section: c.section(at), Text: c.sentence(at)}, nil
}

// section is the heading above a line of prose, and otherwise the keys that lead
// to the line.
func (c contract) section(at int) string {
	var keys []string
	depth := indent(c[at])
	for i := at; i >= 0; i-- {
		text := strings.TrimSpace(c[i])
		if heading, ok := strings.CutPrefix(text, "## "); ok && len(keys) == 0 {
			return heading
		}
		key, _, isKey := strings.Cut(text, ":")
		if isKey && indent(c[i]) < depth && text != "" {
			keys = append([]string{strings.Trim(key, `'"`)}, keys...)
			depth = indent(c[i])
		}
	}
	return strings.Join(keys, " ")
}

// sentenceLinesMax bounds what is quoted.
const sentenceLinesMax = 4

// sentence joins the lines until one ends a sentence or a paragraph.
func (c contract) sentence(at int) string {
	var said []string
	for i := at; i < len(c) && i < at+sentenceLinesMax; i++ {
		line := strings.TrimSpace(c[i])
		if line == "" || i > at && indent(c[i]) < indent(c[at]) {
			break
		}
		said = append(said, line)
		if strings.HasSuffix(line, ".") || strings.HasSuffix(line, "|") || strings.HasSuffix(line, "}") {
			break
		}
	}
	return strings.TrimPrefix(strings.Join(said, " "), "description: ")
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
