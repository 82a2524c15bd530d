package sandbox

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/pointgrid/pointgrid/web/signin"
)

// StaffPassword is that of every user of a sandbox. It is printed and guards
// nothing.
const StaffPassword = "points-sandbox"

// Person is a member of staff of a sandbox.
type Person struct {
	Login, Name, Company, Does string
	Roles                      []signin.Role
}

// Staff returns the users of a sandbox: an engineer and somebody from finance of
// each company, and one of each role at the utility.
func Staff() []Person {
	all := partnerStaff()
	for _, p := range []struct {
		role       signin.Role
		name, does string
	}{{signin.Admin, "周敏 Zhou Min", "console: accounts of all staff"}, {signin.Maker, "孙丽 Sun Li", "console: proposes settlements, resolutions and payments"},
		{signin.Checker, "吴强 Wu Qiang", "console: decides what the maker proposed"}, {signin.Viewer, "郑洁 Zheng Jie", "console: looks at everything"},
		{signin.Marketing, "冯雪 Feng Xue", "console: the marketing view"}, {signin.Support, "许静 Xu Jing", "console: members, disputes, goodwill, reviews"}} {
		all = append(all, Person{Login: string(p.role), Name: p.name, Does: p.does, Roles: []signin.Role{p.role}})
	}
	return append(all, Person{Login: "support.two", Name: "何敏 He Min", Does: "console: support, the second person", Roles: []signin.Role{signin.Support}})
}

var staffNames = map[string][2]string{
	"sky": {"陈宇 Chen Yu", "林芳 Lin Fang"}, "mart": {"王磊 Wang Lei", "赵婷 Zhao Ting"}, "tel": {"李娜 Li Na", "刘洋 Liu Yang"},
}

func partnerStaff() (all []Person) {
	for _, c := range Companies() {
		names := staffNames[c.Code]
		all = append(all,
			Person{Login: c.Code + ".engineer", Name: names[0], Company: c.Code, Does: "integrates: everything in the portal", Roles: []signin.Role{signin.Engineer}},
			Person{Login: c.Code + ".finance", Name: names[1], Company: c.Code, Does: "console: its own settlements and breaks; portal: agreements, exposure", Roles: []signin.Role{signin.Finance}})
	}
	return all
}

// cheap hashes in no time a password that everybody knows.
var cheap = signin.Cost{Time: 1, Memory: 64}

// addStaff adds the users to a new sandbox.
func (s *Site) addStaff(ctx context.Context, store signin.Store, now func() time.Time) error {
	key, err := s.Home().StaffKey(rand.Reader)
	if err != nil {
		return err
	}
	service, err := signin.New(signin.Options{Store: store, Key: key, Cost: cheap, Now: now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	for _, p := range Staff() {
		_, _, err := service.AddUser(ctx, signin.NewUser{Login: p.Login, Name: p.Name, Company: p.Company, Roles: p.Roles,
			Password: StaffPassword, KeepPassword: true})
		if err != nil {
			return err
		}
	}
	return nil
}
