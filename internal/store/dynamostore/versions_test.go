package dynamostore

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/fault"
)

// TestReleasesCanBeTakenBack: every format is written in the newest version that the release reads, or in the one before.
func TestReleasesCanBeTakenBack(t *testing.T) {
	for kind, f := range formats {
		if lag := len(f.upgrades) - f.writes; lag < 0 || lag > 1 {
			t.Errorf("%s is written as version %d and read up to %d", kind, f.writes, len(f.upgrades))
		}
	}
}

// TestThreeReleases changes a format as it is to be done. The first release knows nothing of it, the second one reads
// it and the third one writes it. Each reads what it, the one before and the one after wrote, and in the end all read alike;
// the first one refuses what the third wrote.
func TestThreeReleases(t *testing.T) {
	rename := func(i item) { i["new"] = i["old"]; delete(i, "old") }
	first := map[string]format{"EXP": {upgrades: []func(item){same}, writes: 1}}
	second := map[string]format{"EXP": {upgrades: []func(item){same, rename}, writes: 1}}
	third := map[string]format{"EXP": {upgrades: []func(item){same, rename}, writes: 2}}
	written := func(by map[string]format, attribute string) item {
		i := item{"pk": text("ACCT#a"), "sk": text("EXP#e"), attribute: text("value")}
		stamp(i, by)
		return i
	}
	for _, c := range []struct {
		name      string
		item      item
		reader    map[string]format
		attribute string // where the reader finds the value; "" where it refuses
	}{
		{"before there were versions, by the first", item{"sk": text("EXP#e"), "old": text("value")}, first, "old"},
		{"before there were versions, by the third", item{"sk": text("EXP#e"), "old": text("value")}, third, "new"},
		{"the first's, by the second", written(first, "old"), second, "new"},
		{"the second's, by the first: taken back", written(second, "old"), first, "old"},
		{"the second's, by the third", written(second, "old"), third, "new"},
		{"the third's, by the second: taken back", written(third, "new"), second, "new"},
		{"the third's, by the third", written(third, "new"), third, "new"},
		{"the first's, by the third", written(first, "old"), third, "new"},
		{"the third's, by the first: two back", written(third, "new"), first, ""},
	} {
		err := upgraded(c.item, c.reader)
		if c.attribute == "" {
			if !fault.Is(err, fault.Unavailable) || fault.As(err).Code != "record_too_new" {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil || textOf(c.item[c.attribute]) != "value" {
			t.Errorf("%s: %v, %v", c.name, c.item, err)
		}
	}
}

// TestPlatformsItemsHaveNoVersion, and one that they happen to have is none of ours.
func TestPlatformsItemsHaveNoVersion(t *testing.T) {
	for _, sk := range []string{"RUN#r", "IDX#i", "IDXRUN#i#r", "PART#000001", "KEY"} {
		i := item{"sk": text(sk), "version": number(99)}
		if err := upgraded(i, formats); err != nil {
			t.Errorf("%s: %v", sk, err)
		}
		i = item{"sk": text(sk)}
		stamp(i, formats)
		if diff := cmp.Diff(1, len(i)); diff != "" {
			t.Errorf("%s was stamped", sk)
		}
	}
}

// TestNoVersion: what is no version is a broken record.
func TestNoVersion(t *testing.T) {
	for name, value := range map[string]item{"a text": {"version": text("1")}, "negative": {"version": number(-1)}} {
		value["sk"] = text("EXP#e")
		if err := upgraded(value, formats); !fault.Is(err, fault.Internal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
