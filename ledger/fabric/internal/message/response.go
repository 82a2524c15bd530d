package message

import "google.golang.org/protobuf/encoding/protowire"

// Response is what a peer's endorsement signs: the payload of a proposal
// response.
type Response struct {
	ProposalHash []byte
	Chaincode    string
	Status       int32
	Payload      []byte // of the chaincode
	results      []byte
}

// ReadResponse reads the payload of a proposal response.
func ReadResponse(b []byte) (*Response, error) {
	r := &Response{}
	var action, response, id []byte
	if err := fields("response payload", b, map[protowire.Number]*[]byte{1: &r.ProposalHash, 2: &action}); err != nil {
		return nil, err
	}
	if err := fields("chaincode action", action, map[protowire.Number]*[]byte{1: &r.results, 3: &response, 4: &id}); err != nil {
		return nil, err
	}
	var name []byte
	if err := fields("chaincode ID", id, map[protowire.Number]*[]byte{2: &name}); err != nil {
		return nil, err
	}
	r.Chaincode = string(name)
	return r, each("chaincode response", response, func(f field) error {
		switch f.number {
		case 1:
			r.Status = int32(f.varint)
		case 3:
			r.Payload = f.bytes
		}
		return nil
	})
}

// Read is a key that a transaction read, and the transaction that had written
// it last.
type Read struct {
	Key   string
	Block uint64
	Tx    uint64
	Found bool // the key had a value
}

// Write is a key that a transaction writes; without a value it deletes.
type Write struct {
	Key    string
	Value  []byte
	Delete bool
}

// Set is what a transaction read and wrote in one chaincode's state.
type Set struct {
	// Reads are single keys and those that range queries came across.
	Reads  []Read
	Writes []Write
	// Demands is the number of keys whose endorsement it changes.
	Demands int
}

// Find returns the value that a key gets.
func (s *Set) Find(key string) ([]byte, bool) {
	for i := range s.Writes {
		if s.Writes[i].Key == key && !s.Writes[i].Delete {
			return s.Writes[i].Value, true
		}
	}
	return nil, false
}

// Set reads the read-write set of the response's own chaincode.
func (r *Response) Set() (*Set, error) {
	s := &Set{}
	err := each("read-write set", r.results, func(f field) error {
		if f.number != 2 {
			return nil
		}
		var namespace, set []byte
		if err := fields("namespace", f.bytes, map[protowire.Number]*[]byte{1: &namespace, 2: &set}); err != nil {
			return err
		}
		if string(namespace) != r.Chaincode {
			return nil
		}
		return s.read(set)
	})
	return s, err
}

func (s *Set) read(b []byte) error {
	return each("key set", b, func(f field) error {
		switch f.number {
		case 1:
			return s.addRead(f.bytes)
		case 2:
			return s.addRange(f.bytes)
		case 3:
			return s.addWrite(f.bytes)
		case 4:
			s.Demands++
		}
		return nil
	})
}

func (s *Set) addRead(b []byte) error {
	var r Read
	err := each("read", b, func(f field) error {
		switch f.number {
		case 1:
			r.Key = string(f.bytes)
		case 2:
			r.Found = true
			return each("version", f.bytes, func(f field) error {
				switch f.number {
				case 1:
					r.Block = f.varint
				case 2:
					r.Tx = f.varint
				}
				return nil
			})
		}
		return nil
	})
	s.Reads = append(s.Reads, r)
	return err
}

// addRange adds what a range query read, as far as the set tells it: of many
// keys it has a digest only.
func (s *Set) addRange(b []byte) error {
	var raw []byte
	if err := fields("range query", b, map[protowire.Number]*[]byte{4: &raw}); err != nil {
		return err
	}
	return each("range reads", raw, func(f field) error {
		if f.number != 1 {
			return nil
		}
		return s.addRead(f.bytes)
	})
}

func (s *Set) addWrite(b []byte) error {
	var w Write
	err := each("write", b, func(f field) error {
		switch f.number {
		case 1:
			w.Key = string(f.bytes)
		case 2:
			w.Delete = f.varint != 0
		case 3:
			w.Value = f.bytes
		}
		return nil
	})
	s.Writes = append(s.Writes, w)
	return err
}
