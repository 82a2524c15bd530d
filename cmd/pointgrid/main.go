// Command pointgrid is the operator's binary of the points-alliance exchange.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // windows are closed by a time zone on machines without a zone database, too

	"github.com/alecthomas/kong"

	"github.com/pointgrid/pointgrid/cluster"
)

// program is the command line. Each command's Run is in the file of its name.
type program struct {
	Sandbox    sandboxCommand      `cmd:"" help:"Run the whole product on this machine, with three simulated partner companies."`
	Tour       tourCommand         `cmd:"" help:"Drive a sandbox through the product's main job and check every step."`
	Serve      serveCommand        `cmd:"" help:"Run the gateway."`
	Migrate    migrateCommand      `cmd:"" help:"Bring the database up to date, make the copy of the ledger in it again, or carry the ledger over to Fabric."`
	Settle     settleCommand       `cmd:"" help:"Close and settle every window whose cut-off has passed."`
	Reconcile  reconcileCommand    `cmd:"" help:"Compare ledger, our records and the partners' statements now, as the gateway does by itself."`
	Verify     verifyCommand       `cmd:"" help:"Check a receipt, or the whole chain of a stopped ledger."`
	Backup     backupCommand       `cmd:"" help:"Copy the ledger, the database and the files of a gateway, which may run, into a folder of backups."`
	Restore    restoreCommand      `cmd:"" help:"Make an empty data folder that of a backup, and verify it against the ledger."`
	Version    versionCommand      `cmd:"" help:"Say which version this is, and which commit it was built from."`
	Config     configCommand       `cmd:"" help:"Print every option of the gateway with its documentation and default."`
	Bench      benchCommand        `cmd:"" help:"Measure the product on this machine."`
	Simulate   simulateCommand     `cmd:"" help:"Play the alliance with everything going wrong, seed by seed, and check that its laws hold."`
	Fabric     fabricCommand       `cmd:"" help:"Run a Hyperledger Fabric network on this machine."`
	Containers containersCommand   `cmd:"" help:"Prepare the production shape in containers; see docker-compose.yml."`
	Agreement  agreementCommand    `cmd:"" help:"Propose, accept, reject and list agreements as a company of a Hyperledger Fabric network, with its own key and without the gateway."`
	Settlement settlementCommand   `cmd:"" help:"List, show, sign and dispute settlements as a company of a Hyperledger Fabric network, with its own key and without the gateway."`
	User       userCommand         `cmd:"" help:"Accounts of the staff who sign in at the partner portal and the console."`
	Partner    partnerCommand      `cmd:"" help:"For a partner's engineers: check an implementation of the Connector API."`
	Partners   partnersCommand     `cmd:"" name:"sandbox-partners" hidden:""`
	Herd       herdCommand         `cmd:"" name:"bench-herd" hidden:""`
	Load       loadCommand         `cmd:"" name:"bench-load" hidden:""`
	PageLoad   pageLoadCommand     `cmd:"" name:"bench-page-load" hidden:""`
	RewardLoad rewardLoadCommand   `cmd:"" name:"bench-reward-load" hidden:""`
	Window     settleWindowCommand `cmd:"" name:"bench-window" hidden:""`
}

const description = `An exchange for loyalty points between companies that do not have to trust each other.

Begin with "pointgrid sandbox" to try it, or "pointgrid tour" to see it work.`

// errReported ends the program with status 1 without another message.
var errReported = errors.New("reported")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// net/http writes what a partner sends unasked to the standard logger, and that
	// may be personal data. Our own logs go through slog.
	log.SetOutput(io.Discard)
	var p program
	k := kong.Parse(&p, kong.Name("pointgrid"), kong.Description(description), kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(); err != nil {
		if !errors.Is(err, errReported) {
			fmt.Fprintln(os.Stderr, "pointgrid:", err)
		}
		os.Exit(status(err))
	}
}

// lostStatus is the exit status of a gateway that others have taken for dead: it has
// ended itself, nothing is wrong with it, and it may be started again at once.
const lostStatus = 3

func status(err error) int {
	if errors.Is(err, cluster.ErrLost) {
		return lostStatus
	}
	return 1
}
