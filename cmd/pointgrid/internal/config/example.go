package config

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

// Example writes a file with every option, its documentation, its environment
// variable and its default.
func Example(w io.Writer) error {
	p := &printer{w: w}
	p.line("# Configuration of the PointGrid gateway. Every option may be left out.")
	p.line("# Durations are written as 500ms, 2s, 5m or 1h.")
	p.structure(reflect.ValueOf(Default()), "", prefix)
	return p.err
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) structure(v reflect.Value, indent, vars string) {
	for i := range v.NumField() {
		p.field(v.Type().Field(i), v.Field(i), indent, vars)
	}
}

func (p *printer) field(f reflect.StructField, v reflect.Value, indent, vars string) {
	key := f.Tag.Get("yaml")
	if doc := f.Tag.Get("doc"); doc != "" {
		variable := ""
		if name := f.Tag.Get("env"); name != "" && vars != "" {
			variable = " [" + vars + name + "]"
		}
		p.line("%s# %s%s", indent, doc, variable)
	}
	switch {
	case v.Kind() == reflect.Struct:
		p.line("%s%s:", indent, key)
		p.structure(v, indent+"  ", vars+f.Tag.Get("envPrefix"))
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		p.line("%s%s:", indent, key)
		p.element(v.Type().Elem(), indent)
	default:
		p.line("%s%s: %s", indent, key, scalar(v))
	}
}

// element prints one entry of a list, as a comment: an entry must be complete.
func (p *printer) element(t reflect.Type, indent string) {
	var b strings.Builder
	inner := &printer{w: &b}
	inner.structure(reflect.New(t).Elem(), "", "")
	for i, line := range strings.Split(strings.TrimRight(b.String(), "\n"), "\n") {
		mark := "    "
		if i == 0 {
			mark = "  - "
		}
		p.line("%s#%s%s", indent, mark, line)
	}
}

func scalar(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return x.String()
	case map[string]string, map[string][]string:
		return "{}"
	case string:
		return fmt.Sprintf("%q", x)
	case []string:
		return "[]"
	default:
		return fmt.Sprint(x)
	}
}
