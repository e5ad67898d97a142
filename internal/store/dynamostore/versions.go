package dynamostore

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/store"
)

// versionAttribute is the version of the format that an item was written in; one without it is of version 0, from before
// there were any. The platform's items have none: their format is docs/catalog.md's.
const versionAttribute = "version"

// format is how the items of a kind have changed.
type format struct {
	// upgrades lead from each version to the next, in place. The release reads every version up to len(upgrades).
	upgrades []func(item)
	// writes is the version that the release writes: the newest that it reads or, in the release that brings an upgrade,
	// the one before. Only the release after that writes the new version, so that one release can always read what the
	// next one wrote: a deployment can be taken back.
	writes int
}

// formats are by kind, which is what stands before the first "#" of a sort key.
var formats = map[string]format{
	"EXP":  {upgrades: []func(item){same}, writes: 1},
	"CONN": {upgrades: []func(item){same}, writes: 1},
	"HOOK": {},
	"DLV":  {},
	"IDEM": {upgrades: []func(item){renameExport}, writes: 1},
	"NOTE": {},
	"AUTO": {},
	"ADM":  {},
}

// same is an upgrade to a format that differs by the version's attribute alone.
func same(item) {}

// renameExport: before there were connectors, a record named the export that it was about.
func renameExport(i item) {
	if id, ok := i["export_id"]; ok {
		i["resource_id"] = id
		delete(i, "export_id")
	}
}

func kindOf(sk string) string {
	kind, _, _ := strings.Cut(sk, "#")
	return kind
}

// upgraded brings the item to the newest version in place. An item that a newer release wrote is refused: reading it as
// if it were older would lose what it says, and writing it back would make the loss last.
func upgraded(i item, all map[string]format) error {
	f, ok := all[kindOf(textOf(i["sk"]))]
	if !ok {
		return nil
	}
	version, err := versionOf(i)
	if err != nil {
		return store.Broken(err)
	}
	if version > len(f.upgrades) {
		return store.TooNew(version, len(f.upgrades))
	}
	for _, upgrade := range f.upgrades[version:] {
		upgrade(i)
	}
	return nil
}

// stamp notes the version in which the release writes items of the kind.
func stamp(i item, all map[string]format) {
	if f, ok := all[kindOf(textOf(i["sk"]))]; ok {
		i[versionAttribute] = number(f.writes)
	}
}

func versionOf(i item) (int, error) {
	value, ok := i[versionAttribute]
	if !ok {
		return 0, nil
	}
	n, _ := value.(*types.AttributeValueMemberN)
	if n == nil {
		return 0, fmt.Errorf("a record's version is no number")
	}
	version, err := strconv.Atoi(n.Value)
	if err != nil || version < 0 {
		return 0, fmt.Errorf("a record's version is %q", n.Value)
	}
	return version, nil
}
