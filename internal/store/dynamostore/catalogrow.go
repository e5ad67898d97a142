package dynamostore

import (
	"encoding/json"
	"time"

	"github.com/videovector/exports/internal/export"
)

type indexRow struct {
	ID        string    `dynamodbav:"index_id"`
	AccountID string    `dynamodbav:"account_id"`
	Name      string    `dynamodbav:"name"`
	UserID    string    `dynamodbav:"user_id"`
	CreatedAt time.Time `dynamodbav:"created_at,omitempty"`
}

// runRow is a run. Its schema is the string attribute schema, byte for byte.
type runRow struct {
	ID              string           `dynamodbav:"run_id"`
	AccountID       string           `dynamodbav:"account_id"`
	IndexID         string           `dynamodbav:"index_id,omitempty"`
	ContextType     string           `dynamodbav:"context_type"`
	PromptID        string           `dynamodbav:"prompt_id"`
	PromptName      string           `dynamodbav:"prompt_name"`
	ExecutedAt      time.Time        `dynamodbav:"executed_at,omitempty"`
	ExecutedBy      string           `dynamodbav:"executed_by"`
	Status          export.RunStatus `dynamodbav:"status"`
	ProcessingModel string           `dynamodbav:"processing_model"`
	Schema          json.RawMessage  `dynamodbav:"-"`
	Parts           int              `dynamodbav:"parts"`
	Rows            int64            `dynamodbav:"rows"`
	Bytes           int64            `dynamodbav:"bytes"`
}

type partRow struct {
	Number int    `dynamodbav:"number"`
	Key    string `dynamodbav:"key"`
	Bytes  int64  `dynamodbav:"bytes"`
	Rows   int64  `dynamodbav:"rows"`
	SHA256 string `dynamodbav:"sha256"`
}

// memberRow says that the index has the run; its key says which.
type memberRow struct{}

func encodeRun(r export.Run) (item, error) {
	i, err := encode(runKey(r.AccountID, r.ID), runRow(r))
	if err == nil && r.Schema != nil {
		i["schema"] = text(string(r.Schema))
	}
	return i, err
}

func decodeRun(i item) (export.Run, error) {
	row, err := decode[runRow](i)
	if schema := textOf(i["schema"]); schema != "" {
		row.Schema = json.RawMessage(schema)
	}
	return export.Run(row), err
}
