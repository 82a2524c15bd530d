// Command healthcheck tells Docker whether the program in its container works:
// images with one static program have no shell to ask with.
//
//	healthcheck http://127.0.0.1:8080/readyz   answers with status 200
//	healthcheck tcp://127.0.0.1:9999           listens
package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// patience is less than what Docker gives a health check.
const patience = 3 * time.Second

var errUsage = errors.New("usage: healthcheck http://HOST:PORT/PATH or tcp://HOST:PORT")

func main() {
	if len(os.Args) != 2 {
		fail(errUsage)
	}
	if err := check(os.Args[1]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "healthcheck:", err)
	os.Exit(1)
}

func check(target string) error {
	if address, ok := strings.CutPrefix(target, "tcp://"); ok {
		conn, err := net.DialTimeout("tcp", address, patience)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	if !strings.HasPrefix(target, "http://") {
		return errUsage
	}
	answer, err := (&http.Client{Timeout: patience}).Get(target)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", target, answer.Status)
	}
	return errors.Join(err, answer.Body.Close())
}
