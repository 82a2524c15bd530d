package gateway

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// rules is what the test reads of a file of Prometheus rules.
type rules struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr string
			Annotations struct{ Summary, Runbook string }
		}
	}
}

func TestAlertsAskForMetricsThatThereAreAndStandInTheRunbook(t *testing.T) {
	text, err := os.ReadFile("../../../../deploy/prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	runbook, err := os.ReadFile("../../../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	var r rules
	if err := yaml.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{}
	for _, m := range sample.FindAllStringSubmatch(exposed(t), -1) {
		labels[m[1]] = names(matcher, m[2])
	}
	for _, rule := range r.Groups[0].Rules {
		if !strings.Contains(string(runbook), "\n## "+rule.Alert+"\n") || rule.Annotations.Runbook != "docs/runbook.md#"+strings.ToLower(rule.Alert) || rule.Annotations.Summary == "" {
			t.Errorf("%s does not stand in the runbook, or does not lead there", rule.Alert)
		}
		metrics := metricName.FindAllString(rule.Expr, -1)
		if len(metrics) == 0 {
			t.Errorf("%s asks for nothing", rule.Alert)
		}
		for _, metric := range metrics {
			for _, label := range names(matcher, rule.Expr) {
				if known, ok := labels[metric]; !ok || !slices.Contains(known, label) {
					t.Errorf("%s: there is no %s with label %s", rule.Alert, metric, label)
				}
			}
			if _, ok := labels[metric]; !ok {
				t.Errorf("%s: there is no metric %s", rule.Alert, metric)
			}
		}
	}
}
