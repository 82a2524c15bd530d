package simulation

import (
	"errors"
	"flag"
	"io"
	"reflect"
	"testing"
	"time"
)

// InTest calls f with a test to run in, from a program that is none, and returns when f
// does. Virtual time is to be had in tests only: the runtime keeps it for package
// testing/synctest, whose one way in wants a [testing.T]. Call it once in a process.
func InTest(f func(t *testing.T)) error {
	testing.Init()
	if !flag.Parsed() {
		if err := flag.CommandLine.Parse(nil); err != nil { // the program's own arguments are no business of tests
			return err
		}
	}
	done := make(chan struct{})
	only := testing.InternalTest{Name: "simulation", F: func(t *testing.T) {
		defer func() {
			close(done)
			select {} // testing would say PASS on the program's output
		}()
		f(t)
	}}
	go testing.MainStart(dependencies{}, []testing.InternalTest{only}, nil, nil, nil).Run()
	<-done
	return nil
}

// dependencies are what package testing wants of the go command. There is none here.
type dependencies struct{}

// corpusEntry is that of package testing, which does not export it.
type corpusEntry = struct {
	Parent     string
	Path       string
	Data       []byte
	Values     []any
	Generation int
	IsSeed     bool
}

var errNoFuzzing = errors.New("simulation: there is no fuzzing here")

func (dependencies) ImportPath() string                          { return "" }
func (dependencies) ModulePath() string                          { return "" }
func (dependencies) MatchString(string, string) (bool, error)    { return true, nil }
func (dependencies) SetPanicOnExit0(bool)                        {}
func (dependencies) StartCPUProfile(io.Writer) error             { return nil }
func (dependencies) StopCPUProfile()                             {}
func (dependencies) StartTestLog(io.Writer)                      {}
func (dependencies) StopTestLog() error                          { return nil }
func (dependencies) WriteProfileTo(string, io.Writer, int) error { return nil }
func (dependencies) RunFuzzWorker(func(corpusEntry) error) error { return errNoFuzzing }
func (dependencies) CheckCorpus([]any, []reflect.Type) error     { return errNoFuzzing }
func (dependencies) ResetCoverage()                              {}
func (dependencies) SnapshotCoverage()                           {}

func (dependencies) CoordinateFuzzing(time.Duration, int64, time.Duration, int64, int, []corpusEntry, []reflect.Type, string, string) error {
	return errNoFuzzing
}

func (dependencies) ReadCorpus(string, []reflect.Type) ([]corpusEntry, error) {
	return nil, errNoFuzzing
}

func (dependencies) InitRuntimeCoverage() (mode string, tearDown func(string, string) (string, error), snapshot func() float64) {
	return "", nil, nil
}
