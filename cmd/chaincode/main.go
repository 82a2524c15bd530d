package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// program is the command line. Every option can come from the environment, as
// containers have it.
type program struct {
	Address    string `required:"" env:"CHAINCODE_SERVER_ADDRESS" help:"Address and port to listen at."`
	PackageID  string `required:"" env:"CHAINCODE_ID" name:"package-id" help:"Identifier of the installed package, as the peer's queryinstalled prints it."`
	Cert       string `required:"" env:"CHAINCODE_TLS_CERT" type:"existingfile" help:"PEM file with the server's certificate."`
	Key        string `required:"" env:"CHAINCODE_TLS_KEY" type:"existingfile" help:"PEM file with its private key."`
	ClientRoot string `required:"" env:"CHAINCODE_CLIENT_CA_CERT" name:"client-root" type:"existingfile" help:"PEM file with the certificate, or its authority, with which the peer connects."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var p program
	kong.Parse(&p, kong.Name("chaincode"), kong.Description("The contract, served to one company's peer."))
	if err := p.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "chaincode:", err)
		os.Exit(1)
	}
}

func (p *program) run(ctx context.Context) error {
	config, err := tlsConfig(p.Cert, p.Key, p.ClientRoot)
	if err != nil {
		return err
	}
	return serve(ctx, p.Address, p.PackageID, config, contract{})
}
