package console

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// who is what a page calls a person: by name to colleagues and to the utility,
// and by company to others.
func (c *Console) who(v *visit, p desk.Person) (string, error) {
	if p == (desk.Person{}) {
		return "", nil
	}
	company := c.companyOf(v, p.Company)
	if v.person.Company != "" && p.Company != v.person.Company {
		return company, nil
	}
	if err := c.learnNames(v); err != nil {
		return "", err
	}
	if name, known := v.names[p]; known {
		if p.Company == v.person.Company {
			return name, nil
		}
		return name + " · " + company, nil
	}
	if p == (desk.Person{ID: "gateway"}) {
		return c.o.Pages.Say(v.r, "console.gateway"), nil
	}
	if p.ID == "reconciliation" {
		return c.o.Pages.Say(v.r, "console.machine"), nil
	}
	return p.ID + " · " + company, nil
}

func (c *Console) companyOf(v *visit, code string) string {
	if code == "" {
		return c.o.Pages.Say(v.r, "console.utility")
	}
	return c.company(v, code)
}

// learnNames reads the accounts of the companies whose people the user may know,
// once.
func (c *Console) learnNames(v *visit) error {
	if v.names != nil {
		return nil
	}
	companies := []string{v.person.Company}
	if v.person.Company == "" {
		for _, p := range c.o.Registry.All() {
			companies = append(companies, p.Code)
		}
	}
	v.names = map[desk.Person]string{}
	for _, code := range companies {
		users, err := c.o.Service.Users(v.r.Context(), code)
		if err != nil {
			return err
		}
		for _, u := range users {
			v.names[desk.Person{Company: code, ID: u.ID.String()}] = u.Name
		}
	}
	return nil
}

// signatory is what a page calls who gave a command to the ledger.
func (c *Console) signatory(v *visit, by ledger.Identity, utilityMSP string) (string, error) {
	if by.MSP == utilityMSP {
		return c.who(v, desk.Person{ID: by.Subject})
	}
	for _, p := range c.o.Registry.All() {
		if p.MSP == by.MSP {
			return c.who(v, desk.Person{Company: p.Code, ID: by.Subject})
		}
	}
	return by.Subject + " · " + by.MSP, nil
}
