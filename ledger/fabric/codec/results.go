package codec

import (
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// How a command ended, as one byte.
const (
	endedWritten  = 1 // a transfer, the next in the batch that the transaction writes
	endedReplayed = 2 // an earlier transfer follows
	endedBeside   = 3 // done, but no transfer of the batch
	endedRefused  = 4 // code and message follow
)

// EncodeResults encodes what a batch led to, without the transfers it wrote.
func EncodeResults(s Statement, results []ledger.Result) []byte {
	e := begin(192 + 2*len(results))
	s.append(e)
	e.Uint(uint64(len(results)))
	for i := range results {
		appendResult(e, &results[i])
	}
	return e.Bytes()
}

func appendResult(e *wire.Encoder, r *ledger.Result) {
	switch {
	case r.Code != ledger.CodeOK:
		e.Byte(endedRefused)
		e.String(string(r.Code))
		e.String(r.Message)
	case r.Replayed:
		e.Byte(endedReplayed)
		appendEntry(e, &r.Entry)
	case !r.Entry.Transfer.Kind.Recorded():
		e.Byte(endedBeside)
		appendEntry(e, &r.Entry)
	default:
		e.Byte(endedWritten)
	}
}

// DecodeResults reads what [EncodeResults] wrote and takes the transfers that
// the batch wrote from its header and records, which may be nil when it wrote
// none. Results and written batch must fit each other, and be of the channel.
func DecodeResults(b []byte, channel string, header ledger.BatchHeader, records [][]byte) ([]ledger.Result, error) {
	d := open(b)
	if s := readStatement(d); d.Err() == nil && s.Channel != channel {
		return nil, fmt.Errorf("codec: results: of channel %q, not %q", s.Channel, channel)
	}
	entries, err := Entries(header, records)
	if err != nil {
		return nil, err
	}
	results := make([]ledger.Result, count(d, 1, ledger.BatchMax))
	for i := range results {
		entries = readResult(d, &results[i], entries)
	}
	if err := d.Close(); err != nil {
		return nil, fmt.Errorf("codec: results: %w", err)
	}
	if len(entries) != 0 {
		return nil, fmt.Errorf("codec: results: %d transfers less than were written", len(entries))
	}
	return results, nil
}

// readResult reads one result. If it is that of a transfer written, it takes the
// next of those, and returns the others.
func readResult(d *wire.Decoder, r *ledger.Result, written []ledger.Entry) []ledger.Entry {
	r.Code = ledger.CodeOK
	switch ended := d.Byte(); ended {
	case endedWritten:
		if len(written) == 0 {
			d.Fail("more transfers than were written")
			return nil
		}
		r.Entry = written[0]
		return written[1:]
	case endedReplayed, endedBeside:
		r.Entry, r.Replayed = readEntry(d), ended == endedReplayed
	case endedRefused:
		r.Code, r.Message = ledger.Code(d.String()), d.String()
	default:
		d.Fail("unknown way for a command to end")
	}
	return written
}

// recorded reads one record of a batch.
func recorded(header ledger.BatchHeader, records [][]byte, index int) (ledger.Entry, error) {
	d := wire.NewDecoder(records[index])
	t := ledger.ReadTransfer(d)
	if err := d.Close(); err != nil {
		return ledger.Entry{}, fmt.Errorf("codec: record %d of batch %d: %w", index, header.Number, err)
	}
	t.At, t.Window = header.At, header.Window
	at := ledger.Locator{Lane: header.Lane, Batch: header.Number, Index: uint32(index)}
	return ledger.Entry{Transfer: t, Locator: at}, nil
}

// Entries reads all transfers of a batch.
func Entries(header ledger.BatchHeader, records [][]byte) ([]ledger.Entry, error) {
	entries := make([]ledger.Entry, len(records))
	for i := range records {
		e, err := recorded(header, records, i)
		if err != nil {
			return nil, err
		}
		entries[i] = e
	}
	return entries, nil
}

func appendEntry(e *wire.Encoder, entry *ledger.Entry) {
	appendLocator(e, entry.Locator)
	e.Int(entry.Transfer.At)
	e.Int(int64(entry.Transfer.Window))
	record := wire.NewEncoder(nil)
	entry.Transfer.Append(record)
	e.Blob(record.Bytes())
}

func readEntry(d *wire.Decoder) ledger.Entry {
	at := readLocator(d)
	time, window := d.Int(), ledger.Date(d.Int32())
	record := wire.NewDecoder(d.Blob())
	t := ledger.ReadTransfer(record)
	if err := record.Close(); err != nil {
		d.Fail(err.Error())
	}
	t.At, t.Window = time, window
	return ledger.Entry{Transfer: t, Locator: at}
}

func appendLocator(e *wire.Encoder, l ledger.Locator) {
	e.Uint(uint64(l.Lane))
	e.Uint(l.Batch)
	e.Uint(uint64(l.Index))
}

func readLocator(d *wire.Decoder) ledger.Locator {
	return ledger.Locator{Lane: d.Uint32(), Batch: d.Uint(), Index: d.Uint32()}
}
