package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pointgrid/pointgrid/ledger/fabric/network"
)

type fabricCommand struct {
	Up         fabricUp         `cmd:"" help:"Make a Hyperledger Fabric network in a folder, or start the one that is there. Needs no Docker."`
	Down       fabricDown       `cmd:"" help:"End all processes of a network. Its ledger stays in the folder."`
	Status     fabricStatus     `cmd:"" help:"Show the processes of a network, and until when their certificates are valid."`
	AddCompany fabricAddCompany `cmd:"" help:"Admit a company to the running channel and start its peer and chaincode. The others go on meanwhile."`
	Upgrade    fabricUpgrade    `cmd:"" help:"Replace the chaincode of every company by a new one while the channel works."`
	Renew      fabricRenew      `cmd:"" help:"Replace the certificates of a process or a person by new ones, and start the process again with them."`
}

// fabricFolder names the network that a command is about.
type fabricFolder struct {
	Dir string `required:"" type:"path" help:"Folder of the network."`
}

// fabricPrograms says where programs come from that are usually built or found.
type fabricPrograms struct {
	Programs  string `type:"path" placeholder:"DIR" env:"POINTGRID_FABRIC_PROGRAMS" help:"Folder with peer, orderer, configtxgen and configtxlator of Fabric; when not given they are built once and kept in the user's cache folder."`
	Chaincode string `type:"path" placeholder:"FILE" env:"POINTGRID_CHAINCODE" help:"The chaincode server; when not given it is the program chaincode beside this one, or built from source."`
}

// options are those of every command that starts something.
func (p fabricPrograms) options(f fabricFolder) network.Options {
	return network.Options{Dir: f.Dir, Programs: p.Programs, Chaincode: p.Chaincode, Progress: stages(os.Stderr, time.Now), Now: time.Now}
}

type fabricUp struct {
	fabricFolder
	fabricPrograms
	Orderers       int           `default:"1" help:"Orderers of a new network: 1, or 3, of which one may fail."`
	Company        []string      `placeholder:"NAME=MSP" help:"Company of a new network; give it once for each, the utility first. When not given: utility=UtilityMSP, sky=SkyMSP, mart=MartMSP, tel=TelMSP."`
	BlockTimeout   time.Duration `default:"20ms" help:"How long a small transaction of a new network waits for others to share a block with."`
	ClockTolerance time.Duration `default:"15m" help:"How far a transaction's time may be from the clock of the peers of a new network."`
}

// Run makes or starts the network and leaves it running.
func (c *fabricUp) Run(ctx context.Context) error {
	companies, err := parseCompanies(c.Company)
	if err != nil {
		return err
	}
	options := c.options(c.fabricFolder)
	options.Orderers, options.Companies = c.Orderers, companies
	options.Blocks.Timeout, options.ClockTolerance = c.BlockTimeout, c.ClockTolerance
	n, err := network.Up(ctx, options)
	if err != nil {
		return fmt.Errorf("%w\n\nwhat runs already is left as it is: run the same command again to go on, or pointgrid fabric down --dir %s", err, c.Dir)
	}
	fmt.Printf("profile  %s\nstatus   pointgrid fabric status --dir %s\nend      pointgrid fabric down --dir %s\n", n.ProfileFile(), c.Dir, c.Dir)
	return nil
}

// parseCompanies reads NAME=MSP.
func parseCompanies(texts []string) ([]network.Company, error) {
	var all []network.Company
	for _, text := range texts {
		c, err := parseCompany(text)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func parseCompany(text string) (network.Company, error) {
	name, msp, ok := strings.Cut(text, "=")
	if !ok {
		return network.Company{}, fmt.Errorf("company %q is not NAME=MSP, for example sky=SkyMSP", text)
	}
	return network.Company{Name: name, MSP: msp}, nil
}

// stages writes what is under way with the time since the beginning.
func stages(w io.Writer, now func() time.Time) func(string) {
	begin := now()
	return func(line string) { fmt.Fprintf(w, "%6.1fs  %s\n", now().Sub(begin).Seconds(), line) }
}

type fabricDown struct{ fabricFolder }

// Run ends the network.
func (c *fabricDown) Run(ctx context.Context) error {
	n, err := network.Open(c.Dir)
	if err != nil {
		return err
	}
	return n.Down(ctx)
}

type fabricStatus struct{ fabricFolder }

// Run prints a line for each process. It fails when one does not run.
func (c *fabricStatus) Run(ctx context.Context) error {
	n, err := network.Open(c.Dir)
	if err != nil {
		return err
	}
	states, err := n.Status(ctx)
	if err != nil {
		return err
	}
	stopped, err := writeStates(os.Stdout, states)
	if err == nil && stopped > 0 {
		fmt.Fprintf(os.Stderr, "%d of %d processes do not run; pointgrid fabric up --dir %s starts them\n", stopped, len(states), c.Dir)
		return errReported
	}
	return err
}

// writeStates writes a table and returns how many do not run.
func writeStates(w io.Writer, states []network.State) (stopped int, err error) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PROCESS\tADDRESS\tPID\tBLOCKS\tCERTIFICATES UNTIL")
	for _, s := range states {
		pid, blocks := "stopped", ""
		if s.PID != 0 {
			pid = fmt.Sprint(s.PID)
		} else {
			stopped++
		}
		if s.Height != 0 {
			blocks = fmt.Sprint(s.Height)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", s.Name, s.Address, pid, blocks, s.ValidUntil.Format(time.DateOnly))
	}
	return stopped, table.Flush()
}

type fabricAddCompany struct {
	fabricFolder
	fabricPrograms
	Company string `arg:"" placeholder:"NAME=MSP" help:"The company, for example water=WaterMSP."`
}

// Run starts what does not run and admits the company.
func (c *fabricAddCompany) Run(ctx context.Context) error {
	company, err := parseCompany(c.Company)
	if err != nil {
		return err
	}
	if _, err := network.Open(c.Dir); err != nil {
		return err
	}
	n, err := network.Up(ctx, c.options(c.fabricFolder))
	if err != nil {
		return err
	}
	if err := n.AddCompany(ctx, company); err != nil {
		return fmt.Errorf("%w\n\nrun the same command again to go on", err)
	}
	fmt.Printf("%s has a peer now. The gateway reads %s when it is started again;\nthen register the company as a partner.\n", company.MSP, n.ProfileFile())
	return nil
}

type fabricUpgrade struct {
	fabricFolder
	fabricPrograms
}

// Run starts what does not run and replaces the chaincode.
func (c *fabricUpgrade) Run(ctx context.Context) error {
	if _, err := network.Open(c.Dir); err != nil {
		return err
	}
	n, err := network.Up(ctx, c.options(c.fabricFolder))
	if err != nil {
		return err
	}
	if err := n.Upgrade(ctx, ""); err != nil {
		return fmt.Errorf("%w\n\nrun the same command again to go on", err)
	}
	fmt.Println("every peer asks the new chaincode now; gateways need not be started again")
	return nil
}

type fabricRenew struct {
	fabricFolder
	fabricPrograms
	Name string `arg:"" help:"Process or person: orderer0, peer.sky, chaincode.sky, user.sky, admin.sky."`
}

// Run replaces the certificates.
func (c *fabricRenew) Run(ctx context.Context) error {
	if err := network.Renew(ctx, c.options(c.fabricFolder), c.Name); err != nil {
		return fmt.Errorf("%w\n\nrun the same command again, and pointgrid fabric up --dir %s for what does not run", err, c.Dir)
	}
	return nil
}
