package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/signin"
)

type usersBody struct {
	Company   string // code; empty is the utility
	Name      string
	Companies []partners.Partner
	Lang      string
	Users     []*signin.User
	Roles     []signin.Role
	Me        string
	// As it was typed.
	Login, Called string
	Chosen        []signin.Role
	Refusal       *refusal
}

// HasRole reports whether a role was chosen in the form.
func (b *usersBody) HasRole(r signin.Role) bool { return slices.Contains(b.Chosen, r) }

// asked is the company whose accounts are asked for.
func (c *Console) asked(code string) (string, error) {
	if code == "" {
		return "", nil
	}
	if _, ok := c.o.Registry.Partner(code); !ok {
		return "", errNotFound
	}
	return code, nil
}

func (c *Console) listUsers(v *visit) error {
	company, err := c.asked(v.r.URL.Query().Get("company"))
	if err != nil {
		return err
	}
	return c.usersPage(v, http.StatusOK, &usersBody{Company: company})
}

func (c *Console) usersPage(v *visit, status int, b *usersBody) (err error) {
	b.Name, b.Companies, b.Lang = c.companyOf(v, b.Company), c.o.Registry.All(), string(v.lang)
	b.Roles, b.Me = signin.RolesOf(b.Company), v.User.Login
	if b.Users, err = c.o.Service.Users(v.r.Context(), b.Company); err != nil {
		return err
	}
	return c.showStatus(v, status, "users", b)
}

func rolesOf(form []string) (all []signin.Role) {
	for _, r := range form {
		all = append(all, signin.Role(r))
	}
	return all
}

func (c *Console) addUser(v *visit) error {
	form := v.r.PostForm
	company, err := c.asked(form.Get("company"))
	if err != nil {
		return err
	}
	n := signin.NewUser{Login: form.Get("login"), Name: form.Get("name"), Company: company, Roles: rolesOf(form["role"])}
	u, password, err := c.o.Service.AddUser(v.r.Context(), n)
	if err != nil {
		b := &usersBody{Company: company, Login: n.Login, Called: n.Name, Chosen: n.Roles, Refusal: &refusal{"invalid", strings.TrimPrefix(err.Error(), "signin: ")}}
		if errors.Is(err, signin.ErrTaken) {
			b.Refusal = &refusal{"taken", n.Login}
		}
		return c.usersPage(v, http.StatusUnprocessableEntity, b)
	}
	c.note(v, "staff account added", u)
	return c.userPage(v, http.StatusOK, &userBody{User: u, Password: password})
}

type userBody struct {
	*signin.User
	CompanyIs string
	All       []signin.Role
	Password  string // shown this once
	Self      bool
	Refusal   *refusal
}

// user finds the account in the path.
func (c *Console) user(v *visit) (*signin.User, error) {
	u, err := c.o.Service.UserByLogin(v.r.Context(), v.r.PathValue("login"))
	if errors.Is(err, signin.ErrNotFound) {
		return nil, errNotFound
	}
	return u, err
}

func (c *Console) showUser(v *visit) error {
	u, err := c.user(v)
	if err != nil {
		return err
	}
	return c.userPage(v, http.StatusOK, &userBody{User: u})
}

func (c *Console) userPage(v *visit, status int, b *userBody) error {
	b.CompanyIs, b.All, b.Self = c.companyOf(v, b.User.Company), signin.RolesOf(b.User.Company), b.User.ID == v.User.ID
	return c.showStatus(v, status, "user", b)
}

// note keeps a change of an account in the log: who did it, and whose it is.
func (c *Console) note(v *visit, what string, u *signin.User) {
	c.o.Logger.InfoContext(v.r.Context(), what, "by", v.User.ID.String(), "account", u.ID.String(), "company", u.Company, "roles", u.Roles)
}

// onUser carries out a change of somebody else's account. Nobody can lock
// themselves out.
func (c *Console) onUser(v *visit, what, word string, do func(*signin.User) error) error {
	u, err := c.user(v)
	if err != nil {
		return err
	}
	if u.ID == v.User.ID {
		return c.userPage(v, http.StatusUnprocessableEntity, &userBody{User: u, Refusal: &refusal{"self", ""}})
	}
	if err = do(u); errors.Is(err, signin.ErrChanged) {
		return c.userPage(v, http.StatusConflict, &userBody{User: u, Refusal: &refusal{"changed", ""}})
	}
	if err != nil {
		return err
	}
	if u, err = c.user(v); err != nil {
		return err
	}
	c.note(v, what, u)
	if word == "" {
		return nil
	}
	return c.done(v, "/users/"+u.Login, word, "name", u.Name)
}

func (c *Console) changeRoles(v *visit) error {
	roles := rolesOf(v.r.PostForm["role"])
	u, err := c.user(v)
	if err != nil {
		return err
	}
	allowed := signin.RolesOf(u.Company)
	if len(roles) == 0 || slices.ContainsFunc(roles, func(r signin.Role) bool { return !slices.Contains(allowed, r) }) {
		return c.userPage(v, http.StatusUnprocessableEntity, &userBody{User: u, Refusal: &refusal{"no_role", ""}})
	}
	return c.onUser(v, "staff account's roles changed", "flash.roles_changed", func(u *signin.User) error {
		return c.o.Service.SetRoles(v.r.Context(), u.Login, roles)
	})
}

func (c *Console) disableUser(v *visit) error {
	return c.onUser(v, "staff account disabled", "flash.user_disabled", func(u *signin.User) error {
		return c.o.Service.DisableUser(v.r.Context(), u.Login)
	})
}

// resetUser shows the new password once, on the page that answers the form.
func (c *Console) resetUser(v *visit) error {
	password := ""
	err := c.onUser(v, "staff account reset", "", func(u *signin.User) (err error) {
		password, err = c.o.Service.ResetUser(v.r.Context(), u.Login)
		return err
	})
	if err != nil || password == "" {
		return err
	}
	u, err := c.user(v)
	if err != nil {
		return err
	}
	return c.userPage(v, http.StatusOK, &userBody{User: u, Password: password})
}
