package network

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
)

// Ports are taken from below those that systems give to outgoing connections:
// one of these could otherwise sit on the port of a process that was stopped and
// is to start again.
const (
	portFirst = 15000
	portLast  = 31999
)

var errNoPorts = errors.New("network: no free ports on 127.0.0.1 between 15000 and 31999")

// FreePorts returns ports of 127.0.0.1 at which nobody listens. They begin at
// random, so that those who ask at the same time hardly meet. An error says that there are
// not so many.
func FreePorts(n int) ([]int, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, err
	}
	const span = portLast - portFirst + 1
	start := int(binary.BigEndian.Uint32(b[:]) % span)
	ports := make([]int, 0, n)
	for i := 0; i < span && len(ports) < n; i++ {
		port := portFirst + (start+i)%span
		l, err := net.Listen("tcp", address(port))
		if err != nil {
			continue // in use
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	if len(ports) < n {
		return nil, errNoPorts
	}
	return ports, nil
}
