package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
)

// localJSON is DIR/local.json: where a running local service is and how to use it. Tools and tests find it there.
type localJSON struct {
	BaseURL           string   `json:"base_url"`
	TLSBaseURL        string   `json:"tls_base_url"`
	CAFile            string   `json:"ca_file"`
	S3Endpoint        string   `json:"s3_endpoint"`
	S3Region          string   `json:"s3_region"`
	S3AccessKeyID     string   `json:"s3_access_key_id"`
	S3SecretAccessKey string   `json:"s3_secret_access_key"`
	APIKeys           apiKeys  `json:"api_keys"`
	Demo              demoJSON `json:"demo"`
	// The rest serves cmd/vvx: where the catalogue and the results are.
	ResultsBucket    string `json:"results_bucket"`
	ArtifactsBucket  string `json:"artifacts_bucket"`
	AccountID        string `json:"account_id"`
	RecordsFile      string `json:"records_file,omitempty"`      // the SQLite store
	DynamoDBEndpoint string `json:"dynamodb_endpoint,omitempty"` // instead of it
	TableName        string `json:"table_name,omitempty"`
	PID              int    `json:"pid"`
}

type demoJSON struct {
	Index     string   `json:"index"`
	Runs      []string `json:"runs"`
	Connector string   `json:"connector"`
}

// write puts the file in place whole, readable by its owner only: it holds keys.
func (l localJSON) write(dir string) error {
	raw, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, "local.json"), append(raw, '\n'), 0o600)
}

// announce prints what a person needs to make the documented request.
func (l localJSON) announce(w io.Writer, dir string, withDemo bool) {
	fmt.Fprintf(w, `
VideoVector Exports is ready.

  page     %s
  API      %s
  https    %s   (trust %s)
  key      %s
  details  %s
`, l.page(), l.BaseURL, l.TLSBaseURL, l.CAFile, l.APIKeys.Write, filepath.Join(dir, "local.json"))
	if withDemo {
		fmt.Fprintf(w, `
Try the documented example:

  curl -sS -X POST %s/exports/index/%s \
    -H 'X-API-Key: %s' \
    -H 'Idempotency-Key: export-archive-review' \
    -H 'Content-Type: application/json' \
    -d '{"prompt_run_ids":["run_123","run_124"],"destination_connector_id":"conn_export","destination_subpath":"exports/review-team"}'

and watch it end:

  curl -sS %s/exports -H 'X-API-Key: %s'
`, l.BaseURL, l.Demo.Index, l.APIKeys.Write, l.BaseURL, l.APIKeys.Write)
	}
	fmt.Fprint(w, "\nCtrl-C stops it; everything is kept and goes on at the next start.\n")
}
