package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How long a request waits for the end of its work.
const (
	waitDefault = 10 * time.Second
	waitMax     = 30 * time.Second
)

// preferredWait reads wait=N from the Prefer headers (RFC 7240); asked is nil
// when there is none that can be read, for a preference is never an error. Of
// several the first counts.
func preferredWait(h http.Header) (wait time.Duration, asked *time.Duration) {
	for _, line := range h["Prefer"] {
		for preference := range strings.SplitSeq(line, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			name, value, _ := strings.Cut(preference, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			value = strings.Trim(strings.TrimSpace(value), `"`)
			if value == "" || len(value) > 9 || !allDigits(value) {
				continue
			}
			seconds, err := strconv.Atoi(value)
			if err != nil {
				continue
			}
			wait = min(time.Duration(seconds)*time.Second, waitMax)
			return wait, &wait
		}
	}
	return waitDefault, nil
}
