package pointgrid_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// requirement is a line of a table of docs/security.md: number, what is asked, verdict,
// and what shows it.
type requirement struct{ number, asked, verdict, shown string }

// standards are the tables, and how many lines each must have. The numbers of ASVS are in
// testdata, because they are not consecutive.
var standards = []struct {
	heading string
	number  *regexp.Regexp
	lines   int
}{
	{"OWASP API Security Top 10", regexp.MustCompile(`^API\d+$`), 10},
	{"FAPI 2.0 Security Profile", regexp.MustCompile(`^F\d+$`), 34},
	{"ASVS 5.0", regexp.MustCompile(`^V\d+\.\d+\.\d+$`), 253},
}

func TestTheSecurityPageGoesThroughEveryRequirement(t *testing.T) {
	page := read(t, "docs/security.md")
	for _, s := range standards {
		rows := table(page, s.heading)
		if len(rows) != s.lines {
			t.Errorf("%s has %d lines, want %d", s.heading, len(rows), s.lines)
		}
		var numbers []string
		for _, r := range rows {
			if !s.number.MatchString(r.number) || slices.Contains(numbers, r.number) {
				t.Errorf("%s: the number %q is wrong, or there twice", s.heading, r.number)
			}
			numbers = append(numbers, r.number)
			if why := r.wrong(t); why != "" {
				t.Errorf("%s: %s", r.number, why)
			}
		}
		if s.heading != "ASVS 5.0" {
			continue
		}
		want := strings.Fields(read(t, "testdata/asvs-5.0-level-2.txt"))
		slices.Sort(numbers)
		slices.Sort(want)
		if !slices.Equal(numbers, want) {
			t.Errorf("the numbers of ASVS are not those of levels 1 and 2: %v", difference(numbers, want))
		}
	}
}

// TestWhatIsNotMetStandsOnTop holds the list of gaps to the tables.
func TestWhatIsNotMetStandsOnTop(t *testing.T) {
	page := read(t, "docs/security.md")
	top := section(page, "What is not met")
	var want, have []string
	for _, s := range standards {
		for _, r := range table(page, s.heading) {
			if r.verdict == "gap" || r.verdict == "part" {
				want = append(want, r.number)
			}
		}
	}
	for _, found := range regexp.MustCompile(`\b(API\d+|F\d+|V\d+\.\d+\.\d+)\b`).FindAllString(top, -1) {
		if !slices.Contains(have, found) {
			have = append(have, found)
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		t.Errorf("on top and in the tables differ in %v", difference(want, have))
	}
}

// TestTheThreatsNameTestsThatThereAre holds docs/threats.md to the code.
func TestTheThreatsNameTestsThatThereAre(t *testing.T) {
	page := read(t, "docs/threats.md")
	if n := len(named.FindAllString(page, -1)); n < 30 {
		t.Fatalf("%d tests are named; the test tests nothing", n)
	}
	for _, why := range missing(t, page) {
		t.Error(why)
	}
}

func (r requirement) wrong(t *testing.T) string {
	t.Helper()
	switch {
	case r.asked == "" || r.shown == "":
		return "nothing is said"
	case r.verdict == "met" && !named.MatchString(r.shown) && !pages.MatchString(r.shown):
		return "it is met, and neither a test nor a page shows it"
	case !slices.Contains([]string{"met", "part", "gap", "n/a"}, r.verdict):
		return fmt.Sprintf("the verdict is %q, want met, part, gap or n/a", r.verdict)
	}
	return strings.Join(missing(t, r.shown), "; ")
}

var (
	// named is a test by its folder and name; pointgrid stands for the root.
	named = regexp.MustCompile(`\b([a-z][a-z0-9/]*)\.((?:Test|Fuzz)[A-Z]\w*)`)
	pages = regexp.MustCompile(`\b(docs/[a-z0-9-]+\.md)(#[a-z0-9-]+)?`)
)

// missing says which tests, pages and sections that a text names are not there.
func missing(t *testing.T, text string) (why []string) {
	t.Helper()
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(testsIn(t, m[1]), m[2]) {
			why = append(why, fmt.Sprintf("there is no test %s in %s", m[2], m[1]))
		}
	}
	for _, m := range pages.FindAllStringSubmatch(text, -1) {
		b, err := os.ReadFile(m[1])
		if err != nil {
			why = append(why, err.Error())
		} else if m[2] != "" && !hasAnchor(string(b), m[2][1:]) {
			why = append(why, fmt.Sprintf("%s has no section %s", m[1], m[2]))
		}
	}
	return why
}

var declared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

func testsIn(t *testing.T, folder string) (all []string) {
	t.Helper()
	if folder == "pointgrid" {
		folder = "."
	}
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		for _, m := range declared.FindAllStringSubmatch(read(t, path), -1) {
			all = append(all, m[1])
		}
	}
	return all
}

func hasAnchor(page, anchor string) bool {
	for _, line := range strings.Split(page, "\n") {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			kept := strings.Map(func(r rune) rune {
				if r == ' ' || r == '-' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
					return r
				}
				return -1
			}, strings.ToLower(heading))
			if strings.ReplaceAll(kept, " ", "-") == anchor {
				return true
			}
		}
	}
	return false
}

// section is what stands below a heading, up to the next of its kind.
func section(page, heading string) string {
	_, rest, _ := strings.Cut(page, "\n## "+heading)
	below, _, _ := strings.Cut(rest, "\n## ")
	return below
}

func table(page, heading string) (rows []requirement) {
	for _, line := range strings.Split(section(page, heading), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 4 || !strings.HasPrefix(line, "|") || strings.HasPrefix(cells[0], "-") || strings.TrimSpace(cells[0]) == "No." {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, requirement{cells[0], cells[1], cells[2], cells[3]})
	}
	return rows
}

func difference(a, b []string) (all []string) {
	for _, x := range a {
		if !slices.Contains(b, x) {
			all = append(all, x)
		}
	}
	for _, x := range b {
		if !slices.Contains(a, x) {
			all = append(all, x)
		}
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
