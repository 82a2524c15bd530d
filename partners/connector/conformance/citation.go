package conformance

import (
	"fmt"
	"regexp"
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

// Says is the place where the contract says the rule.
func (r Rule) Says() (Citation, error) {
	document, err := readContract()
	if err != nil {
		return Citation{}, err
	}
	return document.cite(r.anchor)
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

// keyLine is a line that begins with a key of YAML; prose that has a colon has
// spaces before it.
var keyLine = regexp.MustCompile(`^ *'?([^\s:']+)'?:(?: |$)`)

// section is the heading above a line of prose, and otherwise the keys that lead
// to the line.
func (c contract) section(at int) string {
	var keys []string
	depth := indent(c[at])
	for i := at; i >= 0; i-- {
		if heading, ok := strings.CutPrefix(strings.TrimSpace(c[i]), "## "); ok && len(keys) == 0 {
			return heading
		}
		if key := keyLine.FindStringSubmatch(c[i]); key != nil && indent(c[i]) < depth {
			keys = append([]string{key[1]}, keys...)
			depth = indent(c[i])
		}
	}
	return strings.Join(keys, " ")
}

// sentenceLinesMax bounds what is quoted, on either side of the line.
const sentenceLinesMax = 4

// sentence joins the lines around one from where a sentence begins to where one
// ends. A key's line, and a table's, is quoted alone.
func (c contract) sentence(at int) string {
	if alone(c[at]) {
		return strings.TrimPrefix(strings.TrimSpace(c[at]), "description: ")
	}
	from, to := at, at+1
	for from > 0 && at-from < sentenceLinesMax && !begins(c[from]) && !ends(c[from-1]) {
		from--
	}
	for to < len(c) && to-at < sentenceLinesMax && !ends(c[to-1]) && !begins(c[to]) {
		to++
	}
	said := make([]string, 0, to-from)
	for _, line := range c[from:to] {
		said = append(said, strings.TrimSpace(line))
	}
	return strings.Join(said, " ")
}

// beginning is what a paragraph's first line may begin with.
var beginning = regexp.MustCompile(`^ *(?:- |[0-9]\. |\|)`)

func alone(line string) bool {
	return keyLine.MatchString(line) || strings.HasPrefix(strings.TrimSpace(line), "|")
}

func begins(line string) bool { return beginning.MatchString(line) || strings.TrimSpace(line) == "" }

func ends(line string) bool {
	text := strings.TrimSpace(line)
	return text == "" || strings.HasSuffix(text, ".") || alone(line)
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
