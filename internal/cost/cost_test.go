package cost

import (
	"flag"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	exports "github.com/videovector/exports"
	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/docblock"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/internal/steps"
	"github.com/videovector/exports/statemachine"
)

var update = flag.Bool("update", false, "write the tables of docs/cost.md anew")

const document = "../../docs/cost.md"

// deployed is the model of what is deployed: its own definition, its own template.
func deployed(t *testing.T) Model {
	t.Helper()
	machine, err := ParseMachine(statemachine.Export)
	if err != nil {
		t.Fatal(err)
	}
	functions, err := localgw.TemplateFunctions(exports.Template)
	if err != nil {
		t.Fatal(err)
	}
	m := Model{Machine: machine, Memory: map[string]int{}, Watched: watched(t)}
	for _, f := range functions {
		m.Memory[f.Name] = f.MemoryMB
	}
	return m
}

// watched counts what the template watches.
func watched(t *testing.T) (w Watched) {
	t.Helper()
	var template struct {
		Resources map[string]struct {
			Type       string `yaml:"Type"`
			Properties struct {
				MetricName string    `yaml:"MetricName"`
				Metrics    yaml.Node `yaml:"Metrics"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(exports.Template, &template); err != nil {
		t.Fatal(err)
	}
	for _, r := range template.Resources {
		switch r.Type {
		case "AWS::Logs::MetricFilter":
			w.Filters++
		case "AWS::CloudWatch::Dashboard":
			w.Dashboards++
		case "AWS::CloudWatch::Alarm":
			w.AlarmInput++
			if r.Properties.MetricName == "" {
				w.AlarmInput += len(r.Properties.Metrics.Content) - 2 // all but the expression, one of which is counted already
			}
		}
	}
	if w.Filters == 0 || w.Dashboards == 0 || w.AlarmInput < 20 {
		t.Fatalf("the template watches %+v", w)
	}
	return w
}

func TestDocument(t *testing.T) {
	tables, err := deployed(t).Tables()
	if err != nil {
		t.Fatal(err)
	}
	text, places := docblock.Check(t, document, tables, *update)
	if !slices.Equal(places, []string{"formats", "limits", "months", "prices", "sizes", "watching"}) {
		t.Fatalf("%s holds the tables %v", document, places)
	}
	if !strings.Contains(text, PricesAsOf) {
		t.Errorf("%s doesn't say of when its prices are: %s", document, PricesAsOf)
	}
}

func TestPaths(t *testing.T) {
	m := deployed(t).Machine
	for _, c := range []struct {
		sharded, deliver bool
		want             string
	}{
		{false, false, "Plan ChooseLayout Package Assemble Presign ChooseDestination Finish Completed"},
		{false, true, "Plan ChooseLayout Package Assemble Presign ChooseDestination Deliver Finish Completed"},
		{true, false, "Plan ChooseLayout PackageShards Assemble Presign ChooseDestination Finish Completed"},
		{true, true, "Plan ChooseLayout PackageShards Assemble Presign ChooseDestination Deliver Finish Completed"},
	} {
		path, err := m.Path(c.sharded, c.deliver)
		if got := strings.Join(path, " "); err != nil || got != c.want {
			t.Errorf("sharded %v, delivered %v: %q, %v", c.sharded, c.deliver, got, err)
		}
	}
}

func TestPathOfBrokenMachine(t *testing.T) {
	for name, text := range map[string]string{
		"circle": `{"StartAt":"A","States":{"A":{"Type":"Task","Next":"A"}}}`,
		"hole":   `{"StartAt":"A","States":{"A":{"Type":"Task","Next":"B"}}}`,
	} {
		m, err := ParseMachine([]byte(text))
		if err == nil {
			t.Errorf("%s: a machine without packaging passes", name)
		}
		if _, err := m.Path(false, false); err == nil {
			t.Errorf("%s: there is a path", name)
		}
	}
	if _, err := ParseMachine([]byte(`{`)); err == nil {
		t.Error("half a definition passes")
	}
}

// The model knows every state that it may come by: one more in the machine has to be told to it.
func TestEveryStateIsCounted(t *testing.T) {
	m := deployed(t)
	free := []string{"ChooseLayout", "ChooseDestination", "Completed"}
	path, err := m.Machine.Path(true, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(path, "Package") {
		var b Bill
		w := Work{Bytes: 10e9, Format: artifact.JSON, Deliver: true}
		b.Output, b.Shards = w.Bytes, 10
		(&tally{model: m, work: w, bill: &b, pace: pace(w.Format, ""), partBytes: artifact.PartSize(w.Bytes)}).state(name)
		if (b.Invocations == 0) != slices.Contains(free, name) {
			t.Errorf("%s makes %d invocations", name, b.Invocations)
		}
	}
}

func TestSmallExport(t *testing.T) {
	b := estimate(t, Work{Bytes: 1e6, Format: artifact.JSON})
	if b.Shards != 0 || b.Parts != 1 || b.Transitions != 8 || b.Invocations != 6 || b.Children != 0 {
		t.Errorf("1 MB takes %+v", b)
	}
	// 8 transitions are the largest part of it: $0.0002.
	if b.Dollars < 0.0002 || b.Dollars > 0.0004 || b.Time > 3*time.Second {
		t.Errorf("1 MB costs $%.6f and %v", b.Dollars, b.Time)
	}
}

func TestShardedExport(t *testing.T) {
	b := estimate(t, Work{Bytes: 100e9, Format: artifact.JSON})
	shards := int(math.Ceil(100e9 / float64(steps.DefaultShardBytes)))
	if b.Shards != shards || b.Children != shards || b.Transitions != 8+shards || b.Invocations != 5+shards {
		t.Errorf("100 GB takes %+v, want %d shards", b, shards)
	}
	if want := int64(math.Ceil(100e9 / float64(artifact.PartSize(100e9)))); b.Parts != want {
		t.Errorf("100 GB are %d parts, want %d", b.Parts, want)
	}
	if b.Package > deployed(t).Machine.ChildLimit/3 {
		t.Errorf("a shard takes %v of its %v", b.Package, deployed(t).Machine.ChildLimit)
	}
	if b.Assemble > 10*time.Second {
		t.Errorf("assembling takes %v although nothing is read back beyond 32 GiB", b.Assemble)
	}
}

// Just below the size that has a digest of the whole, all of it is read back, and that still fits into a function.
func TestReadBackFits(t *testing.T) {
	b := estimate(t, Work{Bytes: maxWholeDigest - 1, Format: artifact.JSON})
	if b.Assemble < 6*time.Minute || b.Assemble > 12*time.Minute {
		t.Errorf("assembling 32 GiB takes %v", b.Assemble)
	}
}

func TestTooLarge(t *testing.T) {
	m := deployed(t)
	if b := estimate(t, Work{Bytes: 10e12, Format: artifact.JSON}); b.Refused == "" || b.Dollars != 0 {
		t.Errorf("10 TB in one file: %+v, want a refusal", b)
	}
	for _, f := range []artifact.Format{artifact.CSV, artifact.Parquet} {
		w := Work{Bytes: 10e12, Format: f}
		if why, err := m.Limit(w); why != "" || err != nil {
			t.Errorf("10 TB of %s: %q, %v", f, why, err)
		}
	}
	plain, err := m.Largest(Work{Format: artifact.JSON})
	if limit := float64(steps.MaxPlainPartBytes) * 9500; err != nil || float64(plain) > limit || float64(plain) < limit*0.98 {
		t.Errorf("the largest document has %d bytes, %v, want 9,500 parts of 128 MiB", plain, err)
	}
}

// More work never costs less.
func TestMonotone(t *testing.T) {
	for _, w := range kinds {
		last := 0.
		for bytes := int64(1 << 20); bytes < 1e12; bytes *= 2 {
			w.Bytes = bytes
			b := estimate(t, w)
			if b.Refused != "" {
				break // and so is everything larger
			}
			if b.Dollars <= last {
				t.Errorf("%s of %d bytes costs $%g, half of it $%g", kindText(w), bytes, b.Dollars, last)
			} else {
				last = b.Dollars
			}
		}
	}
}

func TestTexts(t *testing.T) {
	for got, want := range map[string]string{
		byteText(1e6): "1 MB", byteText(10e12): "10 TB", byteText(1_274_999_999_999): "1.27 TB", timeText(90 * time.Second): "90.0 s",
		timeText(3 * time.Minute): "3.0 min", timeText(3 * time.Hour): "3.0 h", dollarText(0.000234): "$0.00023", dollarText(12.345): "$12.35",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func estimate(t *testing.T, w Work) Bill {
	t.Helper()
	b, err := deployed(t).Estimate(w)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
