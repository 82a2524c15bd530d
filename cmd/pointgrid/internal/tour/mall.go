package tour

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
)

// mallOrder is an order as the shop sees it.
type mallOrder struct {
	ID, Status, Points, Reference string
	BillFen                       string `json:"bill_fen"`
}

type mallPrice struct {
	Points string `json:"points"`
	Fen    string `json:"fen"`
}

type mallProduct struct {
	Available string
	Offers    []mallPrice
}

// redeem has the tour's member take ten yuan off the electricity bill, while the
// billing system loses its first answer.
func (t *Tour) redeem(ctx context.Context) (string, error) {
	shopper := sandbox.Member(member)
	bill, err := t.product(ctx, "bill-10")
	if err != nil {
		return "", err
	}
	if err := t.breakBilling(ctx, `{"verb":"apply","kind":"lose_answer","count":1}`); err != nil {
		return "", err
	}
	order := object{"member": shopper, "product": "bill-10", "quantity": 1, "price": bill.Offers[0], "contract_account": sandbox.ContractAccount(shopper)}
	var made, again mallOrder
	for _, o := range []*mallOrder{&made, &again} {
		if _, err := t.utility.Do(ctx, post("/v1/orders", order, "tour-bill"), o); err != nil {
			return "", err
		}
	}
	order["contract_account"] = sandbox.ContractAccount(sandbox.Member(member + 1))
	_, err = t.utility.Do(ctx, post("/v1/orders", order, "tour-foreign"), nil)
	if _, err := refused(err, http.StatusUnprocessableEntity, "foreign_contract_account"); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s points for %s fen, credited once as %s, the answer lost; not to a neighbour's bill", made.Points, made.BillFen, made.Reference),
		firstOf(same("status", made.Status, "fulfilled"), same("credited", made.BillFen, "1000"), same("the repeat", again.ID, made.ID))
}

// cancelOrder orders goods for points and cash, and takes the order back before
// they are sent.
func (t *Tour) cancelOrder(ctx context.Context) (string, error) {
	before, err := t.product(ctx, "led-bulbs")
	if err != nil {
		return "", err
	}
	order := object{"member": sandbox.Member(member), "product": "led-bulbs", "quantity": 2, "price": before.Offers[0],
		"address": object{"name": "王芳", "phone": "13800000000", "region": "北京市朝阳区", "street": "长安街 1 号"}}
	var made, cancelled mallOrder
	if _, err := t.utility.Do(ctx, post("/v1/orders", order, "tour-bulbs"), &made); err != nil {
		return "", err
	}
	if _, err := t.utility.Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/orders/" + made.ID + "/cancellation"}, &cancelled); err != nil {
		return "", err
	}
	after, err := t.product(ctx, "led-bulbs")
	return fmt.Sprintf("%s points and the cash given back, %s on stock as before", made.Points, after.Available), firstOf(err,
		same("status before", made.Status, "paid"), same("status", cancelled.Status, "cancelled"), same("available", after.Available, before.Available))
}

func (t *Tour) product(ctx context.Context, id string) (p mallProduct, err error) {
	_, err = t.utility.Do(ctx, get("/v1/products/"+id), &p)
	if err == nil && len(p.Offers) == 0 {
		err = fmt.Errorf("product %s has no price", id)
	}
	return p, err
}

// breakBilling makes the billing system go wrong.
func (t *Tour) breakBilling(ctx context.Context, fault string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.stage.Hosts[sandbox.BackOffice]+"/sim/faults", strings.NewReader(fault))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return same("the fault's status", resp.StatusCode, http.StatusNoContent)
}
