package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations lead from one version of the file to the next; the file's user_version counts those that it has seen. A
// released migration never changes. Columns are what queries need; the column record holds the whole as JSON.
var migrations = []string{
	`CREATE TABLE exports (
		account    TEXT NOT NULL,
		id         TEXT NOT NULL,
		type       TEXT NOT NULL,
		target     TEXT NOT NULL,
		status     TEXT NOT NULL,
		generation INTEGER NOT NULL,
		revision   INTEGER NOT NULL,
		due_ms     INTEGER, -- Unix time in ms; NULL when the sweeper need not look
		record     TEXT NOT NULL,
		PRIMARY KEY (account, id)
	) STRICT;
	CREATE INDEX exports_due ON exports (due_ms, account, id) WHERE due_ms IS NOT NULL;

	CREATE TABLE idempotency (
		account     TEXT NOT NULL,
		route       TEXT NOT NULL,
		key         TEXT NOT NULL,
		fingerprint TEXT NOT NULL,
		export      TEXT NOT NULL,
		expires_ms  INTEGER NOT NULL,
		PRIMARY KEY (account, route, key)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX idempotency_expiry ON idempotency (expires_ms);

	CREATE TABLE indexes (
		account TEXT NOT NULL,
		id      TEXT NOT NULL,
		record  TEXT NOT NULL,
		PRIMARY KEY (account, id)
	) STRICT;

	CREATE TABLE runs (
		account    TEXT NOT NULL,
		id         TEXT NOT NULL,
		index_id   TEXT NOT NULL, -- '' for none
		schema     BLOB, -- byte for byte as it was given; NULL for none
		record     TEXT NOT NULL,
		PRIMARY KEY (account, id)
	) STRICT;
	CREATE INDEX runs_of_index ON runs (account, index_id);

	CREATE TABLE parts (
		account TEXT NOT NULL,
		run     TEXT NOT NULL,
		number  INTEGER NOT NULL,
		key     TEXT NOT NULL,
		bytes   INTEGER NOT NULL,
		rows    INTEGER NOT NULL,
		sha256  TEXT NOT NULL,
		PRIMARY KEY (account, run, number)
	) STRICT, WITHOUT ROWID;

	CREATE TABLE api_keys (
		hash   TEXT NOT NULL PRIMARY KEY,
		record TEXT NOT NULL
	) STRICT;

	CREATE TABLE connectors (
		account TEXT NOT NULL,
		id      TEXT NOT NULL,
		record  TEXT NOT NULL,
		PRIMARY KEY (account, id)
	) STRICT;`,

	// Connectors are created under keys as well, and saved by their revision.
	`ALTER TABLE idempotency RENAME COLUMN export TO resource;
	ALTER TABLE idempotency ADD COLUMN reply BLOB; -- of the first request; NULL where the resource tells
	ALTER TABLE connectors ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;`,

	// Exports are cleared up after when they have ended, and are deleted.
	`ALTER TABLE exports ADD COLUMN closing_ms INTEGER; -- Unix time in ms of an export that has ended; NULL for nothing to clear up
	ALTER TABLE exports ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
	CREATE INDEX exports_closing ON exports (closing_ms, account, id) WHERE closing_ms IS NOT NULL;`,

	// Ended exports are cleared away in the end. Shards tell how far they are.
	`ALTER TABLE exports ADD COLUMN forgotten_ms INTEGER; -- Unix time in ms; NULL while the export is open
	UPDATE exports SET forgotten_ms = (unixepoch(record ->> '$.CompletedAt') + 90 * 86400) * 1000 WHERE status IN ('completed', 'failed');
	CREATE INDEX exports_forgotten ON exports (forgotten_ms) WHERE forgotten_ms IS NOT NULL;

	CREATE TABLE shard_notes (
		account    TEXT NOT NULL,
		export     TEXT NOT NULL,
		generation INTEGER NOT NULL,
		shard      INTEGER NOT NULL,
		records    INTEGER NOT NULL,
		bytes      INTEGER NOT NULL,
		at_ms      INTEGER NOT NULL,
		PRIMARY KEY (account, export, generation, shard)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX shard_notes_age ON shard_notes (at_ms);`,

	// Keys are found by id and by account as well. Ids of keys that were put may be missing, or be there twice.
	`ALTER TABLE api_keys ADD COLUMN id TEXT AS (json_extract(record, '$.KeyID'));
	ALTER TABLE api_keys ADD COLUMN account TEXT AS (json_extract(record, '$.AccountID'));
	CREATE INDEX api_keys_id ON api_keys (id);
	CREATE INDEX api_keys_account ON api_keys (account, id);`,

	// The ends of exports and runs are told (internal/changes). As in a stream of DynamoDB, a write that changes nothing
	// tells nothing.
	`CREATE TABLE changes (
		seq         INTEGER PRIMARY KEY AUTOINCREMENT,
		kind        TEXT NOT NULL,
		account     TEXT NOT NULL,
		id          TEXT NOT NULL, -- of the export or the run
		generation  TEXT NOT NULL DEFAULT '',
		mark        TEXT NOT NULL DEFAULT '',
		index_id    TEXT NOT NULL DEFAULT '',
		status      TEXT NOT NULL DEFAULT '',
		executed_at TEXT NOT NULL DEFAULT ''
	) STRICT;

	CREATE TRIGGER export_ended AFTER UPDATE ON exports
	WHEN NEW.status IN ('completed', 'failed') AND NEW.record ->> '$.EventMark' <> ''
	BEGIN
		INSERT INTO changes (kind, account, id, generation, mark)
		VALUES ('export', NEW.account, NEW.id, CAST(NEW.generation AS TEXT), NEW.record ->> '$.EventMark');
	END;

	CREATE TRIGGER run_finished BEFORE INSERT ON runs
	WHEN NEW.record ->> '$.Status' NOT IN ('pending', 'processing')
		AND NOT EXISTS (SELECT 1 FROM runs WHERE account = NEW.account AND id = NEW.id AND record = NEW.record)
	BEGIN
		INSERT INTO changes (kind, account, id, index_id, status, executed_at)
		VALUES ('run', NEW.account, NEW.id, NEW.index_id, NEW.record ->> '$.Status', NEW.record ->> '$.ExecutedAt');
	END;`,

	`CREATE TABLE webhooks (
		account  TEXT NOT NULL,
		id       TEXT NOT NULL,
		revision INTEGER NOT NULL,
		record   TEXT NOT NULL,
		PRIMARY KEY (account, id)
	) STRICT;

	CREATE TABLE deliveries (
		account    TEXT NOT NULL,
		id         TEXT NOT NULL,
		webhook    TEXT NOT NULL,
		status     TEXT NOT NULL,
		revision   INTEGER NOT NULL,
		due_ms     INTEGER, -- NULL when no attempt is to come
		expires_ms INTEGER NOT NULL,
		record     TEXT NOT NULL,
		PRIMARY KEY (account, id)
	) STRICT;
	CREATE INDEX deliveries_due ON deliveries (due_ms, account, id) WHERE due_ms IS NOT NULL;
	CREATE INDEX deliveries_of_webhook ON deliveries (account, webhook, id);
	CREATE INDEX deliveries_expiry ON deliveries (expires_ms);`,

	// Export automations of indexes.
	`CREATE TABLE automations (
		account  TEXT NOT NULL,
		index_id TEXT NOT NULL,
		revision INTEGER NOT NULL,
		due_ms   INTEGER, -- Unix time in ms; NULL when nobody need look
		record   TEXT NOT NULL,
		PRIMARY KEY (account, index_id)
	) STRICT;
	CREATE INDEX automations_due ON automations (due_ms, account, index_id) WHERE due_ms IS NOT NULL;

	CREATE TABLE noted_endings (
		account  TEXT NOT NULL,
		index_id TEXT NOT NULL,
		run      TEXT NOT NULL,
		ending   TEXT NOT NULL,
		PRIMARY KEY (account, index_id, run)
	) STRICT, WITHOUT ROWID;`,

	// An end is told by the write that brings it, and a change of a run says what it was before.
	`ALTER TABLE changes ADD COLUMN was TEXT NOT NULL DEFAULT '{}'; -- of changes.Was

	DROP TRIGGER export_ended;
	CREATE TRIGGER export_ended AFTER UPDATE ON exports
	WHEN NEW.status IN ('completed', 'failed') AND NEW.record ->> '$.EventMark' <> '' AND coalesce(OLD.record ->> '$.EventMark', '') = ''
	BEGIN
		INSERT INTO changes (kind, account, id, generation, mark)
		VALUES ('export', NEW.account, NEW.id, CAST(NEW.generation AS TEXT), NEW.record ->> '$.EventMark');
	END;

	DROP TRIGGER run_finished;
	CREATE TRIGGER run_finished BEFORE INSERT ON runs
	WHEN NEW.record ->> '$.Status' NOT IN ('pending', 'processing')
		AND NOT EXISTS (SELECT 1 FROM runs WHERE account = NEW.account AND id = NEW.id AND record = NEW.record)
	BEGIN
		INSERT INTO changes (kind, account, id, index_id, status, executed_at, was)
		VALUES ('run', NEW.account, NEW.id, NEW.index_id, NEW.record ->> '$.Status', NEW.record ->> '$.ExecutedAt', coalesce((
			SELECT json_object('status', record ->> '$.Status', 'executed_at', record ->> '$.ExecutedAt', 'parts', CAST(record ->> '$.Parts' AS TEXT),
				'rows', CAST(record ->> '$.Rows' AS TEXT), 'bytes', CAST(record ->> '$.Bytes' AS TEXT))
			FROM runs WHERE account = NEW.account AND id = NEW.id), '{}'));
	END;`,

	// Which exports of an account are under way, and which wait.
	`CREATE TABLE admissions (
		account  TEXT NOT NULL PRIMARY KEY,
		revision INTEGER NOT NULL,
		due_ms   INTEGER, -- Unix time in ms; NULL when the sweeper need not look
		record   TEXT NOT NULL
	) STRICT;
	CREATE INDEX admissions_due ON admissions (due_ms, account) WHERE due_ms IS NOT NULL;`,
}

// migrate brings the file to the present version. Processes that do it at the same time take turns.
func migrate(ctx context.Context, db *sql.DB) error {
	if v, err := version(ctx, db); err != nil || v == len(migrations) {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has no effect, before it the migration's failure counts
	v, err := version(ctx, tx)
	if err != nil {
		return err
	}
	if v > len(migrations) {
		return fmt.Errorf("the file is of version %d, this program knows version %d", v, len(migrations))
	}
	for _, m := range migrations[v:] {
		if _, err := tx.ExecContext(ctx, m); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(migrations))); err != nil {
		return err
	}
	return tx.Commit()
}

func version(ctx context.Context, q querier) (v int, err error) {
	err = q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v)
	return v, err
}
