package process

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has used so far.
type Usage struct {
	CPU     time.Duration // user and system
	RSS     int64         // bytes in memory now
	PeakRSS int64         // bytes
}

// ticksPerSecond is USER_HZ, which Linux fixes at 100 for what it shows to
// programs.
const ticksPerSecond = 100

// Usage reads the child's CPU time and peak memory from /proc; on systems
// without it an error.
func (p *Process) Usage() (Usage, error) { return usage(strconv.Itoa(p.PID())) }

// Self is what this process has used so far; see [Process.Usage].
func Self() (Usage, error) { return usage("self") }

// usage reads what /proc says of a process, by its number or "self".
func usage(process string) (Usage, error) {
	stat, err := os.ReadFile("/proc/" + process + "/stat")
	if err != nil {
		return Usage{}, err
	}
	// The second field is the program's name in parentheses and may hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return Usage{}, fmt.Errorf("/proc/%s/stat: %w", process, err)
		}
		ticks += n
	}
	u := Usage{CPU: time.Duration(ticks) * time.Second / ticksPerSecond}
	status, err := os.ReadFile("/proc/" + process + "/status")
	if err != nil {
		return Usage{}, err
	}
	if u.RSS, err = memory(string(status), "VmRSS:"); err == nil {
		u.PeakRSS, err = memory(string(status), "VmHWM:")
	}
	return u, err
}

// memory reads a line of a process's status, in bytes.
func memory(status, name string) (int64, error) {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("a process's status has no line %s", name)
}
