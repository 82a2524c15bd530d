package fabric

import (
	"fmt"
	"log/slog"

	"github.com/hyperledger/fabric-sdk-go/pkg/core/logging/api"
)

// sdkLogs gives the SDK a logger. What it says is for people who look into a
// fault: whatever matters reaches the caller as an error.
type sdkLogs struct{ to *slog.Logger }

// GetLogger implements [api.LoggerProvider].
func (l sdkLogs) GetLogger(module string) api.Logger {
	return sdkLog{l.to.With("module", module)}
}

type sdkLog struct{ to *slog.Logger }

func (l sdkLog) say(args ...any)              { l.to.Debug(fmt.Sprint(args...)) }
func (l sdkLog) sayf(format string, a ...any) { l.to.Debug(fmt.Sprintf(format, a...)) }

func (l sdkLog) Fatal(v ...any)            { panic(fmt.Sprint(v...)) }
func (l sdkLog) Fatalf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }
func (l sdkLog) Fatalln(v ...any)          { panic(fmt.Sprint(v...)) }
func (l sdkLog) Panic(v ...any)            { panic(fmt.Sprint(v...)) }
func (l sdkLog) Panicf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }
func (l sdkLog) Panicln(v ...any)          { panic(fmt.Sprint(v...)) }
func (l sdkLog) Print(v ...any)            { l.say(v...) }
func (l sdkLog) Printf(f string, v ...any) { l.sayf(f, v...) }
func (l sdkLog) Println(v ...any)          { l.say(v...) }
func (l sdkLog) Info(v ...any)             { l.say(v...) }
func (l sdkLog) Infof(f string, v ...any)  { l.sayf(f, v...) }
func (l sdkLog) Infoln(v ...any)           { l.say(v...) }
func (l sdkLog) Warn(v ...any)             { l.say(v...) }
func (l sdkLog) Warnf(f string, v ...any)  { l.sayf(f, v...) }
func (l sdkLog) Warnln(v ...any)           { l.say(v...) }
func (l sdkLog) Error(v ...any)            { l.say(v...) }
func (l sdkLog) Errorf(f string, v ...any) { l.sayf(f, v...) }
func (l sdkLog) Errorln(v ...any)          { l.say(v...) }
func (l sdkLog) Debug(...any)              {}
func (l sdkLog) Debugf(string, ...any)     {}
func (l sdkLog) Debugln(...any)            {}
