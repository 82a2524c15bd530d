package bench

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// stages are where the gateway's time is spent, and the functions by whose names they
// are known. Of a stack the function nearest to where the time went counts that is in
// any of them, so that a system call or an allocation belongs to whoever made it.
var stages = []struct {
	name     string
	prefixes []string
}{
	{"garbage collector", []string{"runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge", "runtime.gcAssistAlloc"}},
	{"contract", []string{"github.com/pointgrid/pointgrid/chaincode"}},
	{"blocks and state of the ledger", []string{"github.com/pointgrid/pointgrid/ledger", "github.com/cockroachdb/pebble"}},
	{"Fabric", []string{"github.com/hyperledger/", "google.golang.org/grpc"}},
	{"SQLite", []string{"modernc.org/"}},
	{"PostgreSQL's driver", []string{"github.com/jackc/"}},
	{"store", []string{"github.com/pointgrid/pointgrid/sqlstore", "github.com/pointgrid/pointgrid/projection", "database/sql"}},
	{"calls to partners", []string{"github.com/pointgrid/pointgrid/partners/connector"}},
	{"bonus and webhooks", []string{"github.com/pointgrid/pointgrid/rewards", "github.com/pointgrid/pointgrid/partners/webhooks"}},
	{"workflow", []string{"github.com/pointgrid/pointgrid/exchange", "github.com/pointgrid/pointgrid/internal/workflow",
		"github.com/pointgrid/pointgrid/members", "github.com/pointgrid/pointgrid/support", "github.com/pointgrid/pointgrid/partners"}},
	{"API", []string{"github.com/pointgrid/pointgrid/web", "github.com/gin-gonic/", "github.com/go-playground/", "encoding/json", "github.com/golang-jwt/",
		"github.com/pointgrid/pointgrid/cmd", "github.com/prometheus/"}},
	{"HTTP and network", []string{"net/http", "net.", "bufio.", "internal/poll", "net/textproto"}},
}

// elsewhere is the scheduler and all else of the runtime.
const elsewhere = "scheduler and runtime"

// stageOrder returns the stages' names.
func stageOrder() []string {
	var all []string
	for _, s := range stages {
		all = append(all, s.name)
	}
	return append(all, elsewhere)
}

func stageOf(function string) (string, bool) {
	for _, s := range stages {
		for _, p := range s.prefixes {
			if strings.HasPrefix(function, p) {
				return s.name, true
			}
		}
	}
	return "", false
}

// profile is what is needed of one in the format of pprof (profile.proto). IDs of
// locations and functions are looked up after all has been read, in whatever order it
// came.
type profile struct {
	samples   []sample
	functions map[uint64]uint64   // by ID, the index of the name
	locations map[uint64][]uint64 // by ID, functions, the innermost first
	strings   []string
}

type sample struct {
	locations []uint64 // the innermost first
	nanos     int64    // the last value: of CPU profiles the time
}

// stagesOf adds up a gzipped CPU profile by stage.
func stagesOf(compressed []byte) (map[string]time.Duration, error) {
	z, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(z, fetchedMax))
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	p := profile{functions: map[uint64]uint64{}, locations: map[uint64][]uint64{}}
	if err := p.read(b); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	spent := map[string]time.Duration{}
	for _, s := range p.samples {
		spent[p.stage(s)] += time.Duration(s.nanos)
	}
	return spent, nil
}

func (p *profile) stage(s sample) string {
	for _, location := range s.locations {
		for _, f := range p.locations[location] {
			if i := p.functions[f]; i < uint64(len(p.strings)) {
				if name, ok := stageOf(p.strings[i]); ok {
					return name
				}
			}
		}
	}
	return elsewhere
}

// Fields of profile.proto.
const (
	fieldSample, fieldLocation, fieldFunction, fieldString = 2, 4, 5, 6
	fieldID, fieldName, fieldLine, fieldFunctionID         = 1, 2, 4, 1
	fieldLocationID, fieldValue                            = 1, 2
)

func (p *profile) read(b []byte) error {
	return fields(b, func(n protowire.Number, v uint64, body []byte) error {
		switch n {
		case fieldSample:
			return p.sample(body)
		case fieldLocation:
			return p.location(body)
		case fieldFunction:
			var id, name uint64
			err := fields(body, func(n protowire.Number, v uint64, _ []byte) error {
				switch n {
				case fieldID:
					id = v
				case fieldName:
					name = v
				}
				return nil
			})
			p.functions[id] = name
			return err
		case fieldString:
			p.strings = append(p.strings, string(body))
		}
		return nil
	})
}

func (p *profile) sample(b []byte) error {
	var s sample
	err := fields(b, func(n protowire.Number, v uint64, body []byte) error {
		switch n {
		case fieldLocationID:
			return numbers(v, body, func(v uint64) { s.locations = append(s.locations, v) })
		case fieldValue:
			return numbers(v, body, func(v uint64) { s.nanos = int64(v) })
		}
		return nil
	})
	p.samples = append(p.samples, s)
	return err
}

func (p *profile) location(b []byte) error {
	var id uint64
	var functions []uint64
	err := fields(b, func(n protowire.Number, v uint64, body []byte) error {
		switch n {
		case fieldID:
			id = v
		case fieldLine:
			return fields(body, func(n protowire.Number, v uint64, _ []byte) error {
				if n == fieldFunctionID {
					functions = append(functions, v)
				}
				return nil
			})
		}
		return nil
	})
	p.locations[id] = functions
	return err
}

var errProfile = errors.New("not a message of profile.proto")

// fields visits the fields of a message: a number, or the bytes of a message, text or
// packed numbers.
func fields(b []byte, visit func(n protowire.Number, v uint64, body []byte) error) error {
	for len(b) > 0 {
		n, kind, length := protowire.ConsumeTag(b)
		if length < 0 {
			return errProfile
		}
		b = b[length:]
		var v uint64
		var body []byte
		switch kind {
		case protowire.VarintType:
			v, length = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			body, length = protowire.ConsumeBytes(b)
		default:
			length = protowire.ConsumeFieldValue(n, kind, b)
		}
		if length < 0 {
			return errProfile
		}
		b = b[length:]
		if err := visit(n, v, body); err != nil {
			return err
		}
	}
	return nil
}

// numbers visits one number, or packed ones.
func numbers(v uint64, packed []byte, visit func(uint64)) error {
	if packed == nil {
		visit(v)
		return nil
	}
	for len(packed) > 0 {
		v, length := protowire.ConsumeVarint(packed)
		if length < 0 {
			return errProfile
		}
		visit(v)
		packed = packed[length:]
	}
	return nil
}
