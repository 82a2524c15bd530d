package api

import (
	"log/slog"
	"net/http"
	"time"
)

// NewServer returns a server for an address with the limits that it needs to
// face the world: a client that sends slowly, or nothing, or too much, is cut
// off.
func NewServer(address string, h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Addr:              address,
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second, // of header and body
		// The longest wait for a conversion, and room for the answer. Statements
		// extend it while they are being read.
		WriteTimeout:   75 * time.Second,
		IdleTimeout:    2 * time.Minute,
		MaxHeaderBytes: 32 << 10,
		ErrorLog:       slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
