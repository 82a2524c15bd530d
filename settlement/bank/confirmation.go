package bank

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/pointgrid/pointgrid/ledger"
)

// Confirmation is one movement on an account, as the bank tells it.
type Confirmation struct {
	Account string // whose statement or notification it is in
	// Reference is the payment's, "" when the bank does not tell it.
	Reference     string
	BankReference string
	Cents         int64
	Currency      string
	Debit         bool // money left the account
	Booked        bool // final; otherwise it is pending
	Returned      bool // it takes an earlier movement back
	Date          ledger.Date
	// Payer and Payee are what the bank tells of them: names, accounts, or neither.
	Payer, Payee Party
	Text         string
}

// Bounds of a file of the bank.
const (
	FileMax    = 256 << 20 // bytes
	EntryMax   = 4 << 20   // bytes of one entry
	EntriesMax = 1_000_000
)

// ErrFile is wrapped by the errors for a file that is not what it should be. A
// file with such an error confirms nothing.
var ErrFile = errors.New("bank: not a file that can be used")

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFile, fmt.Sprintf(format, args...))
}

// ReadConfirmations reads a camt.053 or camt.054 file and calls visit for each
// movement. When it returns an error, the file must be refused as a whole.
func ReadConfirmations(r io.Reader, visit func(*Confirmation) error) error {
	in := &budget{r: r, all: FileMax, left: EntryMax}
	d := xml.NewDecoder(in)
	d.CharsetReader = charset
	f := &file{d: d, in: in, visit: visit}
	if err := f.read(); err != nil {
		if errors.Is(err, ErrFile) {
			return err
		}
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w: %w", ErrFile, err)
		}
		return err
	}
	return nil
}

// charset reads what banks in China write besides UTF-8.
func charset(name string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(name) {
	case "utf-8":
		return r, nil
	case "gb18030", "gbk", "gb2312":
		return simplifiedchinese.GB18030.NewDecoder().Reader(r), nil
	}
	return nil, bad("encoding %q; must be UTF-8 or GB18030", clip(name))
}

// budget bounds what is read: of all, and until it is renewed.
type budget struct {
	r         io.Reader
	all, left int64
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left < 0 || b.all < 0 {
		return 0, bad("the file, or one entry of it, is too large: at most %d and %d bytes", FileMax, EntryMax)
	}
	n, err := b.r.Read(p)
	b.all, b.left = b.all-int64(n), b.left-int64(n)
	return n, err
}

// file is one file as it is read.
type file struct {
	d       *xml.Decoder
	in      *budget
	visit   func(*Confirmation) error
	entries int
	known   bool // the namespace is one of ours
	page    *page
}

func (f *file) read() error {
	depth := 0
	for {
		token, err := f.d.Token()
		if errors.Is(err, io.EOF) {
			if !f.known {
				return bad("no document of camt.053 or camt.054 in it")
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			return bad("a document type or entities, which a bank does not send")
		case xml.StartElement:
			if depth++; depth > 8 {
				return bad("elements are nested where nothing is expected")
			}
			if taken, err := f.element(depth, t); err != nil {
				return err
			} else if taken {
				depth--
			}
		case xml.EndElement:
			if depth--; t.Name.Local == "Stmt" || t.Name.Local == "Ntfctn" {
				if err := f.page.end(); err != nil {
					return err
				}
			}
		}
	}
}

// element handles one that begins; taken says that it was read to its end.
func (f *file) element(depth int, t xml.StartElement) (taken bool, err error) {
	f.in.left = EntryMax
	switch {
	case depth == 1:
		f.known = t.Name.Local == "Document" && (strings.Contains(t.Name.Space, ":camt.053.001.") || strings.Contains(t.Name.Space, ":camt.054.001."))
		if !f.known {
			return false, bad("the document is %q of %q, not camt.053 or camt.054", clip(t.Name.Local), clip(t.Name.Space))
		}
	case t.Name.Local == "Stmt" || t.Name.Local == "Ntfctn":
		f.page = &page{}
	case f.page == nil:
		if depth > 2 { // the message's header
			return true, f.d.Skip()
		}
	case t.Name.Local == "Acct":
		return true, f.d.DecodeElement(&f.page.account, &t)
	case t.Name.Local == "Bal":
		return true, decode(f.d, &t, f.page.balance)
	case t.Name.Local == "TxsSummry":
		return true, f.d.DecodeElement(&f.page.summary, &t)
	case t.Name.Local == "Ntry":
		return true, decode(f.d, &t, f.entry)
	default:
		return true, f.d.Skip()
	}
	return false, nil
}

func decode[T any](d *xml.Decoder, t *xml.StartElement, use func(*T) error) error {
	var v T
	if err := d.DecodeElement(&v, t); err != nil {
		return err
	}
	return use(&v)
}

func (f *file) entry(e *camtEntry) error {
	if f.entries++; f.entries > EntriesMax {
		return bad("more than %d entries", EntriesMax)
	}
	all, err := e.confirmations(f.page.account.number())
	if err != nil {
		return fmt.Errorf("entry %d: %w", f.entries, err)
	}
	if err := f.page.add(e); err != nil {
		return fmt.Errorf("entry %d: %w", f.entries, err)
	}
	for i := range all {
		if err := f.visit(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

// date reads an ISODate or ISODateTime; what the bank's clock shows counts.
func date(day, moment string) (ledger.Date, error) {
	s := strings.TrimSpace(day)
	if s == "" {
		if s = strings.TrimSpace(moment); len(s) > len(time.DateOnly) {
			s = s[:len(time.DateOnly)]
		}
	}
	d, err := ledger.ParseDate(s[:min(len(s), len(time.DateOnly))])
	if err != nil {
		return 0, bad("date %q", clip(s))
	}
	return d, nil
}
