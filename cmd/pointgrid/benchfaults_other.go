//go:build !unix

package main

import "errors"

type benchFaults struct{}

// Run says why there is none.
func (benchFaults) Run() error {
	return errors.New("faults are made with signals of Unix, which this system does not have")
}
