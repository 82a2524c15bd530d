package statementfile

import "strings"

// Rule is what a file has to keep to: a stable name, and what the sentence about it
// speaks of. Whoever shows it in another language than English has a sentence for
// each name.
type Rule struct {
	Name string `json:"name"`
	A    string `json:"a,omitempty"`
	B    string `json:"b,omitempty"`
}

// Rules are the names of all rules.
func Rules() []string {
	all := make([]string, 0, len(sentences))
	for name := range sentences {
		all = append(all, name)
	}
	return all
}

// String is the rule as an English sentence.
func (r Rule) String() string {
	return strings.NewReplacer("{a}", r.A, "{b}", r.B).Replace(sentences[r.Name])
}

// broken reports whether there is a rule at all.
func (r Rule) broken() bool { return r.Name != "" }

func rule(name string) Rule { return Rule{Name: name} }

// sentences say in English what is right.
var sentences = map[string]string{
	// Of the file.
	"file_bytes":  "a statement has at most {a} bytes; send one file per day",
	"empty":       "a statement without movements has a header and totals of zero",
	"old_xls":     "XLSX without a password, or CSV",
	"packed":      "XLSX or CSV",
	"binary":      "XLSX or CSV, not a file that is no text",
	"lines":       "a statement has at most {a}",
	"columns":     "at most {a}",
	"line_bytes":  "a line has at most {a} bytes; look for a quote that is not closed",
	"quotes":      `a cell with quotes or delimiters stands in quotes, and quotes in it are doubled, as in "a ""b"" c"`,
	"encoding":    "bytes of the file's encoding; save it as UTF-8",
	"xlsx_bytes":  "an XLSX file has at most {a} bytes; send CSV instead",
	"xlsx_parts":  "there are at most {a}",
	"xlsx_ratio":  "send CSV instead",
	"xlsx_broken": "save it again as XLSX, without a password",
	"no_sheet":    "the file has {a}",
	"more_sheets": "only the first is read; name another in the layout",
	// Of the header and the totals.
	"no_header":    "a first line with the names of the columns",
	"column":       "a column {a}",
	"column_twice": "one column per field; name the right one in the layout, the first is {a}",
	"no_totals":    "a last line such as 合计 with {a} lines, without which a file that was cut off looks whole",
	"totals_last":  "totals as the last line",
	"totals_say":   "the number of lines, or the sum under its column",
	"lines_make":   "the lines make {a}",
	"sum_range":    "sums below 2⁶³",
	// Of a line.
	"once":       "each movement once; two that are alike differ in ID, reference or time",
	"status":     "completed, pending or failed, 成功, 处理中 or 失败, or a word of the layout's",
	"kind":       "debit, credit, debit_reversal or credit_reversal, 扣减, 增加, 扣减冲正 or 增加冲正, or a word of the layout's",
	"found_by":   "one of the two, of the reversal for a reversal, by which the line is found",
	"own_id":     "our ID as it was sent, such as 0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50",
	"text_bytes": "at most {a} bytes",
	// Of an amount.
	"sign":            "a positive amount; the column kind tells debits from credits, unless the layout's sign says otherwise",
	"above_zero":      "an amount of at least one smallest unit",
	"one_side":        "an amount in one of the two columns",
	"amount_length":   "an amount has at most 40 characters",
	"separators":      "thousands separators stand before each three digits, as in 1,234,567; a fraction follows a point, unless the layout says comma",
	"separator_or":    "this can be a thousands separator or a fraction of three digits: write it without separators",
	"shortened":       "a spreadsheet has shortened this number: format the column as a number with all digits",
	"digits":          "an amount is digits, for example {a}, without units or currency",
	"decimals":        "an amount of this programme has at most {a} decimals",
	"amount_max":      "an amount is at most 10^15 smallest units",
	"no_separators":   "read with thousands separators; write amounts without",
	"narrow_digits":   "full-width digits were read; write ASCII digits",
	"noise_taken_off": "the noise of a spreadsheet's number was taken off",
	// Of a date.
	"date_form":    "a date is written as 2026-11-21 or 2026-11-21 15:04:05",
	"no_such_day":  "there is no such day",
	"day_or_month": "day and month cannot be told apart: write 2026-11-05, or set the layout's dates to dmy or mdy",
	"clock_form":   "a time is written as 15:04:05, or with an offset as 15:04:05+08:00",
	"that_day":     "a movement of {a}, the business day of this statement",
	"one_form":     "read as {a}; the first date is written as {b}, use one form",
}
