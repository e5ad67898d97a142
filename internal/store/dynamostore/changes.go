package dynamostore

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
)

// ChangeOf is what the table's stream tells by an item's new image: what the deployed pipes' filters let through, and what
// their templates make of it. ok is false for an image that tells nothing.
func ChangeOf(image map[string]types.AttributeValue) (i changes.Item, ok bool) {
	switch kindOf(textOf(image["sk"])) {
	case "EXP":
		i = changes.Item{
			Kind: changes.KindExport, AccountID: textOf(image["account_id"]), ExportID: textOf(image["export_id"]),
			Generation: numberOf(image["generation"]), Mark: textOf(image["event_mark"]),
		}
		return i, i.Mark != "" && export.Status(textOf(image["status"])).Terminal()
	case "RUN":
		i = changes.Item{
			Kind: changes.KindRun, AccountID: textOf(image["account_id"]), RunID: textOf(image["run_id"]),
			IndexID: textOf(image["index_id"]), Status: textOf(image["status"]), ExecutedAt: textOf(image["executed_at"]),
		}
		return i, i.Status != "" && export.RunStatus(i.Status).Finished()
	}
	return changes.Item{}, false
}

// numberOf is the number of an attribute as it is written, "" for any other.
func numberOf(v types.AttributeValue) string {
	n, _ := v.(*types.AttributeValueMemberN)
	if n == nil {
		return ""
	}
	return n.Value
}
