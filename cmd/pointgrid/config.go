package main

import (
	"os"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
)

type configCommand struct{}

func (configCommand) Run() error { return config.Example(os.Stdout) }
