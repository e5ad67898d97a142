package dynamostore

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// automationRow is an automation. OpenShard and DueAt are there as long as it is due at some time, and put the item into
// the index of what is due, in partitions of its own.
type automationRow struct {
	AccountID   string          `dynamodbav:"account_id"`
	IndexID     string          `dynamodbav:"index_id"`
	UserID      string          `dynamodbav:"user_id"`
	Enabled     bool            `dynamodbav:"enabled"`
	Paused      bool            `dynamodbav:"paused"`
	ConnectorID string          `dynamodbav:"connector_id"`
	Subpath     string          `dynamodbav:"subpath"`
	Debounce    export.Debounce `dynamodbav:"debounce"`

	CreatedAt time.Time `dynamodbav:"created_at,omitempty"`
	UpdatedAt time.Time `dynamodbav:"updated_at,omitempty"`
	Revision  int64     `dynamodbav:"revision"`

	Window   int64      `dynamodbav:"window"`
	OpenedAt time.Time  `dynamodbav:"opened_at,omitempty"`
	EndsAt   time.Time  `dynamodbav:"ends_at,omitempty"`
	Firing   *firingRow `dynamodbav:"firing,omitempty"`

	LastTriggeredAt time.Time `dynamodbav:"last_triggered_at,omitempty"`
	LastExportID    string    `dynamodbav:"last_export_id,omitempty"`
	LastError       string    `dynamodbav:"last_error,omitempty"`

	OpenShard string `dynamodbav:"open_shard,omitempty"`
	DueAt     millis `dynamodbav:"due_at,omitempty"`
}

type firingRow struct {
	Window   int64     `dynamodbav:"window"`
	ExportID string    `dynamodbav:"export_id"`
	Tries    int       `dynamodbav:"tries"`
	Waits    int       `dynamodbav:"waits,omitempty"`
	NextAt   time.Time `dynamodbav:"next_at,omitempty"`
}

func rowOfAutomation(a export.Automation) automationRow {
	r := automationRow{
		AccountID: a.AccountID, IndexID: a.IndexID, UserID: a.UserID, Enabled: a.Enabled, Paused: a.Paused,
		ConnectorID: a.ConnectorID, Subpath: a.Subpath, Debounce: a.Debounce,
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, Revision: a.Revision,
		Window: a.Window, OpenedAt: a.OpenedAt, EndsAt: a.EndsAt, Firing: (*firingRow)(a.Firing),
		LastTriggeredAt: a.LastTriggeredAt, LastExportID: a.LastExportID, LastError: a.LastError,
	}
	if due := a.DueAt(); !due.IsZero() {
		r.OpenShard, r.DueAt = automationShardOf(a.AccountID+"#"+a.IndexID), millis(due)
	}
	return r
}

func (r automationRow) automation() export.Automation {
	return export.Automation{
		AccountID: r.AccountID, IndexID: r.IndexID, UserID: r.UserID, Enabled: r.Enabled, Paused: r.Paused,
		ConnectorID: r.ConnectorID, Subpath: r.Subpath, Debounce: r.Debounce,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Revision: r.Revision,
		Window: r.Window, OpenedAt: r.OpenedAt, EndsAt: r.EndsAt, Firing: (*export.Firing)(r.Firing),
		LastTriggeredAt: r.LastTriggeredAt, LastExportID: r.LastExportID, LastError: r.LastError,
	}
}

// endingRow is the end of a run that an automation has noted last.
type endingRow struct {
	Text string `dynamodbav:"ending"`
}

// Automation is the automation of the account's index.
func (s *Store) Automation(ctx context.Context, account, indexID string) (export.Automation, error) {
	if !valid(account, indexID) {
		return export.Automation{}, store.ErrAutomationNotFound
	}
	row, err := get[automationRow](ctx, s, automationKey(account, indexID), store.ErrAutomationNotFound)
	return row.automation(), err
}

// Ending is the end of the run that the index's automation has noted last.
func (s *Store) Ending(ctx context.Context, account, indexID, runID string) (string, error) {
	if !valid(account, indexID, runID) {
		return "", store.ErrEndingNotFound
	}
	row, err := get[endingRow](ctx, s, endingKey(account, indexID, runID), store.ErrEndingNotFound)
	return row.Text, err
}

// SaveAutomation is one transaction, even of a single item: the SDK's repetitions of a lost reply count as one.
func (s *Store) SaveAutomation(ctx context.Context, next export.Automation, revision int64, noted *store.Ending) (export.Automation, error) {
	next.Revision = revision + 1
	writes, err := s.automationWrites(next, revision, noted)
	if err != nil {
		return export.Automation{}, err
	}
	_, err = s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String(token()), TransactItems: writes})
	if reason(err, reasonCondition) {
		return export.Automation{}, store.Overtaken("automation")
	}
	if err != nil {
		return export.Automation{}, failure(err)
	}
	return next, nil
}

func (s *Store) automationWrites(next export.Automation, revision int64, noted *store.Ending) ([]types.TransactWriteItem, error) {
	if err := writable(next.AccountID, next.IndexID); err != nil {
		return nil, err
	}
	i, err := encode(automationKey(next.AccountID, next.IndexID), rowOfAutomation(next))
	if err != nil {
		return nil, err
	}
	when := absentItem
	if revision > 0 {
		when = condition{expression: "revision = :revision", values: item{":revision": number(revision)}}
	}
	writes := []types.TransactWriteItem{s.putInTx(i, when)}
	if noted == nil {
		return writes, nil
	}
	if err := writable(noted.RunID); err != nil {
		return nil, err
	}
	i, err = encode(endingKey(next.AccountID, next.IndexID, noted.RunID), endingRow{noted.Text})
	return append(writes, s.putAny(i)), err
}

// DueAutomations asks the automations' partitions of the index of what is due. It lags behind the table.
func (s *Store) DueAutomations(ctx context.Context, now time.Time, limit int) ([]store.AutomationRef, error) {
	due, err := s.dueAmong(ctx, automationShards, automationShard, now, limit)
	var all []store.AutomationRef
	for _, i := range due[:min(limit, len(due))] {
		all = append(all, automationRef(i))
	}
	return all, err
}

// automationRef is the automation that an item's key names.
func automationRef(i item) store.AutomationRef {
	return store.AutomationRef{
		AccountID: strings.TrimPrefix(textOf(i["pk"]), accountPrefix),
		IndexID:   strings.TrimPrefix(textOf(i["sk"]), automationPrefix),
	}
}
