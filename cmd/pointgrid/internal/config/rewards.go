package config

import "fmt"

// Rewards says how members earn.
type Rewards struct {
	Channels  []string `yaml:"channels" env:"CHANNELS" doc:"Where events come about, in the events' words. Empty: app, mini_program, website, bank, agent, counter."`
	GraceDays int      `yaml:"grace_days" env:"GRACE_DAYS" doc:"Days for which a member who no longer reaches a tier keeps it, 1 to 366."`
	// PointValue is not what settlement prices a point at: that is in the agreements.
	PointValue string `yaml:"point_value" env:"POINT_VALUE" doc:"What a point costs the utility, in yuan with at most six decimal places, in marketing's reports."`
	Tiers      []Tier `yaml:"tiers" doc:"The tiers, lowest first, by points earned within twelve months. Empty: standard from 0, silver from 2000, gold from 8000, platinum from 20000."`
}

// Tier is one tier with its privileges.
type Tier struct {
	Code            string `yaml:"code" doc:"1 to 32 of a-z, 0-9, _ and -; rules name it."`
	Name            string `yaml:"name" doc:"Name in English."`
	NameZH          string `yaml:"name_zh" doc:"Name in Chinese."`
	From            int64  `yaml:"from" doc:"Points from which it begins; the lowest from 0."`
	ConversionBonus int64  `yaml:"conversion_bonus_bps" doc:"Bonus of conversions in ten-thousandths, 0 to 10000."`
	Limits          int64  `yaml:"limits_percent" doc:"Limits compared with everybody's, 100 to 10000."`
	Shelf           bool   `yaml:"exclusive_shelf" doc:"Whether it sees the exclusive shelf of the mall."`
	Fast            bool   `yaml:"fast_channel" doc:"Whether its requests come first."`
}

func (r *Rewards) validate() error {
	if r.GraceDays < 1 || r.GraceDays > 366 {
		return fmt.Errorf("grace_days: %d is not 1 to 366", r.GraceDays)
	}
	_, err := r.Value()
	return err
}

// Value is what a point costs, in millionths of a yuan.
func (r *Rewards) Value() (int64, error) {
	n, err := yuan(r.PointValue, 6)
	if err == nil && n > valueMax {
		err = fmt.Errorf("%q is more than 100 yuan", r.PointValue)
	}
	if err != nil {
		return 0, fmt.Errorf("point_value: %w", err)
	}
	return n, nil
}

// valueMax is a hundred yuan.
const valueMax = 100_000_000
