package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"
	"go.yaml.in/yaml/v3"
)

const fileMax = 1 << 20

// Load reads a file, if path is not empty, and the environment (as
// [os.Environ]). Errors name the key and what would be right.
func Load(path string, environ []string) (Config, error) {
	c := Default()
	if path != "" {
		if err := c.readFile(path); err != nil {
			return Config{}, err
		}
	}
	if err := c.readEnviron(environ); err != nil {
		return Config{}, err
	}
	return c, c.Validate()
}

func (c *Config) readFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if info.Size() > fileMax {
		return fmt.Errorf("configuration: %s has %d bytes, at most %d", path, info.Size(), fileMax)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("configuration: %s: %w", path, err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("configuration: %s: has more than one YAML document", path)
	}
	return nil
}

const prefix = "POINTGRID_"

// otherVariables are read elsewhere: by tests, and by programs beside the gateway.
var otherVariables = []string{"POINTGRID_REQUIRE", "POINTGRID_CONFIG"}

func (c *Config) readEnviron(environ []string) error {
	known, err := knownVariables()
	if err != nil {
		return err
	}
	ours := map[string]string{}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if !known[name] {
			return fmt.Errorf("configuration: environment variable %s is not known; `pointgrid config` lists all", name)
		}
		ours[name] = value
	}
	if err := env.ParseWithOptions(c, env.Options{Environment: ours, Prefix: prefix}); err != nil {
		return fmt.Errorf("configuration: environment: %w", err)
	}
	return nil
}

func knownVariables() (map[string]bool, error) {
	params, err := env.GetFieldParamsWithOptions(&Config{}, env.Options{Prefix: prefix, Environment: map[string]string{}})
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	known := map[string]bool{}
	for _, p := range params {
		known[p.Key] = true
	}
	for _, name := range otherVariables {
		known[name] = true
	}
	return known, nil
}
