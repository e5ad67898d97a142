// Package emftest reads the metrics out of a log, as CloudWatch does, for tests of whatever writes them.
package emftest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Value is one value of one metric.
type Value struct {
	Namespace  string
	Name, Unit string
	Dimensions map[string]string // empty for a metric without dimensions
	Value      float64
	Timestamp  int64          // ms since 1970
	Line       map[string]any // it stands in
}

// ID is the metric's name with its dimensions, like `ExportsFailed{Reason=results_missing}`.
func (v Value) ID() string {
	var pairs []string
	for name, value := range v.Dimensions {
		pairs = append(pairs, name+"="+value)
	}
	if pairs == nil {
		return v.Name
	}
	return v.Name + "{" + strings.Join(pairs, ",") + "}"
}

// Read gives every value of the log, one for each dimension set. A line that isn't JSON is none of the service's: it is an
// error, as is a metric or a dimension that has no value.
func Read(log io.Reader) (values []Value, err error) {
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20) // an event of CloudWatch Logs has at most 1 MB
	for lines.Scan() {
		found, err := Line(lines.Bytes())
		if err != nil {
			return nil, err
		}
		values = append(values, found...)
	}
	return values, lines.Err()
}

// Line gives the values of one line; none of a line without metrics.
func Line(text []byte) (values []Value, err error) {
	var meta struct {
		AWS *struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	var line map[string]any
	if err := json.Unmarshal(text, &line); err != nil {
		return nil, fmt.Errorf("the line is not JSON: %w: %s", err, text)
	}
	if err := json.Unmarshal(text, &meta); err != nil {
		return nil, err
	}
	if meta.AWS == nil {
		return nil, nil
	}
	for _, d := range meta.AWS.CloudWatchMetrics {
		for _, m := range d.Metrics {
			number, ok := line[m.Name].(float64)
			if !ok {
				return nil, fmt.Errorf("%s has no value in %s", m.Name, text)
			}
			for _, set := range d.Dimensions {
				v := Value{d.Namespace, m.Name, m.Unit, map[string]string{}, number, meta.AWS.Timestamp, line}
				for _, name := range set {
					if v.Dimensions[name], ok = line[name].(string); !ok || v.Dimensions[name] == "" {
						return nil, fmt.Errorf("the dimension %s has no value in %s", name, text)
					}
				}
				values = append(values, v)
			}
		}
	}
	return values, nil
}

// Sums adds the values up by their ids.
func Sums(values []Value) map[string]float64 {
	sums := map[string]float64{}
	for _, v := range values {
		sums[v.ID()] += v.Value
	}
	return sums
}
