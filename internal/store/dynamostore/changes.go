package dynamostore

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
)

// ChangeOf is what the table's stream tells by an item's images, before a write and after it: what the deployed pipes'
// filters let through, and what their templates make of it. was is empty for an item that is new. ok is false for a write
// that tells nothing.
func ChangeOf(was, image map[string]types.AttributeValue) (i changes.Item, ok bool) {
	switch kindOf(textOf(image["sk"])) {
	case "EXP":
		i = changes.Item{
			Kind: changes.KindExport, AccountID: textOf(image["account_id"]), ExportID: textOf(image["export_id"]),
			Generation: numberOf(image["generation"]), Mark: textOf(image["event_mark"]),
		}
		return i, i.Mark != "" && export.Status(textOf(image["status"])).Terminal() && textOf(was["event_mark"]) == ""
	case "RUN":
		i = changes.Item{
			Kind: changes.KindRun, AccountID: textOf(image["account_id"]), RunID: textOf(image["run_id"]),
			IndexID: textOf(image["index_id"]), Status: textOf(image["status"]), ExecutedAt: textOf(image["executed_at"]),
			Was: changes.Was{
				Status: textOf(was["status"]), ExecutedAt: textOf(was["executed_at"]), Parts: numberOf(was["parts"]),
				Rows: numberOf(was["rows"]), Bytes: numberOf(was["bytes"]),
			},
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
