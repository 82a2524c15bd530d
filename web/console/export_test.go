package console

import "github.com/pointgrid/pointgrid/web/signin"

// Leaf is a page or form as tests see it.
type Leaf struct {
	Method, Path string
	Roles        []signin.Role
}

// Leaves are all pages and forms.
func (c *Console) Leaves() (all []Leaf) {
	for _, l := range c.leaves() {
		all = append(all, Leaf{l.method, Area + l.path, l.roles})
	}
	return all
}
