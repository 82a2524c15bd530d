package connector_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/partners/connector"
)

func drawLine(t *rapid.T) connector.StatementLine {
	l := connector.StatementLine{
		Kind: rapid.SampledFrom([]connector.LineKind{
			connector.LineDebit, connector.LineCredit, connector.LineDebitReversal, connector.LineCreditReversal,
		}).Draw(t, "kind"),
		TransferID: drawID(t, "transfer"), Programme: "SKY",
		Amount:    rapid.Int64Range(1, 1<<50).Draw(t, "amount"),
		Reference: rapid.StringMatching(`[!-~]{1,64}`).Draw(t, "reference"), OccurredAt: drawTime(t),
	}
	if l.Kind == connector.LineDebitReversal || l.Kind == connector.LineCreditReversal {
		l.ReversalID = drawID(t, "reversal")
	}
	return l
}

func writeStatement(t interface{ Fatal(...any) }, lines []connector.StatementLine) []byte {
	var file bytes.Buffer
	w := connector.NewStatementWriter(&file)
	for _, l := range lines {
		if err := w.Write(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close("2026-03-01"); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func readStatement(file io.Reader) (lines []connector.StatementLine, err error) {
	r := connector.NewStatementReader(file)
	for {
		l, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
}

func TestAStatementSurvivesItsFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(drawLine), 0, 20).Draw(t, "lines")
		got, err := readStatement(bytes.NewReader(writeStatement(t, want)))
		if err != nil || len(got) != len(want) {
			t.Fatalf("got %d lines, %v; want %d", len(got), err, len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("line %d: got %+v, want %+v", i, got[i], want[i])
			}
		}
	})
}

// The promise of the trailer: no prefix of a statement passes for a statement,
// except the one that lacks no more than the last line end.
func TestAStatementThatWasCutOffIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file := writeStatement(t, rapid.SliceOfN(rapid.Custom(drawLine), 0, 4).Draw(t, "lines"))
		cut := rapid.IntRange(0, len(file)-2).Draw(t, "cut")
		if _, err := readStatement(bytes.NewReader(file[:cut])); err == nil {
			t.Fatalf("cut at %d of %d: accepted", cut, len(file))
		}
	})
}

const goodStatement = connector.StatementHeader + `
1,debit,0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50,,SKYMILES,1250,D-77120,2026-03-01T09:30:00+08:00
2,credit,0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c51,,SKYMILES,300,D-77123,2026-03-01T09:31:12.5+08:00
3,debit_reversal,0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50,0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c60,SKYMILES,250,R-77130,2026-03-01T10:00:00+08:00
total,3,1250,300,250,0,,2026-03-01
`

func TestTheExampleOfTheDocumentIsRead(t *testing.T) {
	for name, text := range map[string]string{"LF": goodStatement, "CRLF": strings.ReplaceAll(goodStatement, "\n", "\r\n")} {
		if lines, err := readStatement(strings.NewReader(text)); err != nil || len(lines) != 3 {
			t.Errorf("%s: got %d lines, %v", name, len(lines), err)
		}
	}
}

func TestAStatementThatDoesNotAddUpIsRefused(t *testing.T) {
	for _, c := range []struct{ name, old, new string }{
		{"wrong sum", "total,3,1250", "total,3,1251"},
		{"wrong count", "total,3", "total,2"},
		{"a line missing", "2,credit", "3,credit"},
		{"no trailer", "total,3,1250,300,250,0,,2026-03-01\n", ""},
		{"a line after the trailer", ",,2026-03-01\n", ",,2026-03-01\n1,debit,0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50,,SKY,1,D,2026-03-01T09:30:00Z\n"},
		{"another header", "line,kind", "kind,line"},
		{"an unknown kind", "1,debit", "1,refund"},
		{"a negative amount", "1250,D", "-1250,D"},
		{"a zero amount", ",300,", ",0,"},
		{"a reversal without ID", "0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c60", ""},
		{"a debit with a reversal ID", "c50,,", "c50,0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c60,"},
		{"a column too few", ",,SKYMILES", ",SKYMILES"},
		{"an endless line", "D-77120", strings.Repeat("D", 2000)},
		{"a trailer without date", ",,2026-03-01\n", ",,\n"},
		{"sums that do not fit", ",1250,D-77120,2026-03-01T09:30:00+08:00\n", ",9223372036854775807,D,2026-03-01T09:30:00Z\n" +
			"2,debit,0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c52,,SKY,1,D,2026-03-01T09:30:00Z\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(goodStatement, c.old, c.new, 1)
			if text == goodStatement {
				t.Fatal("the case changes nothing")
			}
			if lines, err := readStatement(strings.NewReader(text)); err == nil {
				t.Fatalf("accepted with %d lines", len(lines))
			}
		})
	}
}

func FuzzStatementReader(f *testing.F) {
	f.Add([]byte(goodStatement))
	f.Fuzz(func(t *testing.T, file []byte) {
		lines, err := readStatement(bytes.NewReader(file))
		if err != nil {
			return
		}
		if again, err := readStatement(bytes.NewReader(writeStatement(t, lines))); err != nil || len(again) != len(lines) {
			t.Fatalf("read %d lines, and %d of the same written again: %v", len(lines), len(again), err)
		}
	})
}

func BenchmarkStatementReader(b *testing.B) {
	var id connector.ID
	id[0] = 1
	l := connector.StatementLine{Kind: connector.LineDebit, TransferID: id, Programme: "SKY", Amount: 1250, Reference: "D-77120", OccurredAt: noon}
	lines := make([]connector.StatementLine, 10_000)
	for i := range lines {
		lines[i] = l
	}
	file := writeStatement(b, lines)
	for b.Loop() {
		if _, err := readStatement(bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(lines))*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
