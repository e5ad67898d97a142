package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/videovector/exports/client"
)

// The examples run against a small server on this machine that speaks the API; leave WithBaseURL out to reach the
// platform.
func open() (*client.Client, func()) {
	api := newAPI()
	c, err := client.New(testKey, client.WithBaseURL(api.URL+"/api/v2"), client.WithMaxRetries(3))
	if err != nil {
		panic(err)
	}
	return c, api.Close
}

// Export an index, wait for the document, and put it into a file.
func Example() {
	c, stop := open()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()

	created, err := c.Exports.CreateIndexExport(ctx, "idx_archive", client.CreateIndexExportParams{
		PromptRunIDs:   []string{"run_123", "run_124"},
		IdempotencyKey: "archive-of-march", // the same key another time gives the same export
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	export, err := c.Exports.Wait(ctx, created.ID, client.WaitOptions{
		First:    time.Millisecond,
		Progress: func(e *client.Export) { fmt.Println(e.Status) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	path := filepath.Join(os.TempDir(), export.ID+".json")
	document, err := c.Exports.DownloadFile(ctx, export.ID, path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(path)
	fmt.Println(document.Bytes, "bytes, SHA-256 checked:", document.Verified)
	// Output:
	// pending
	// processing
	// completed
	// 88 bytes, SHA-256 checked: true
}

// A 404 is an *Error, as is every other answer that isn't the one asked for.
func ExampleError() {
	c, stop := open()
	defer stop()

	_, err := c.Exports.Retrieve(context.Background(), "exp_unknown")
	var e *client.Error
	if errors.As(err, &e) {
		fmt.Println(e.StatusCode, e.Code)
	}
	// Output: 404 export_not_found
}

// An export that failed is not an answer of the API's but the end of the export; it has a type of its own.
func ExampleExportsService_Wait() {
	c, stop := open()
	defer stop()
	ctx := context.Background()

	created, err := c.Exports.CreatePromptRunExport(ctx, "run_broken", client.CreatePromptRunExportParams{
		DestinationConnectorID: "conn_export",
		DestinationSubpath:     "exports/review-team",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Exports.Wait(ctx, created.ID, client.WaitOptions{First: time.Millisecond})
	var failed *client.ExportFailedError
	if errors.As(err, &failed) {
		fmt.Println(failed.Export.ErrorMessage)
	}
	// Output: The destination's bucket is gone.
}

// Pages are asked for as the loop gets to them.
func ExampleExportsService_List() {
	c, stop := open()
	defer stop()
	ctx := context.Background()

	for _, run := range []string{"run_1", "run_2", "run_3"} {
		if _, err := c.Exports.CreatePromptRunExport(ctx, run, client.CreatePromptRunExportParams{}); err != nil {
			fmt.Println(err)
			return
		}
	}
	for export, err := range c.Exports.List(ctx, client.ListExportsParams{PageSize: 2, Type: client.ExportPromptRun}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(export.TargetID)
	}
	// Output:
	// run_3
	// run_2
	// run_1
}

// A document can be read as it comes. What was read is only known to be whole when Download has returned.
func ExampleExportsService_Download() {
	c, stop := open()
	defer stop()
	ctx := context.Background()

	created, err := c.Exports.CreateIndexExport(ctx, "idx_archive", client.CreateIndexExportParams{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := c.Exports.Wait(ctx, created.ID, client.WaitOptions{First: time.Millisecond}); err != nil {
		fmt.Println(err)
		return
	}
	var text bytes.Buffer
	document, err := c.Exports.Download(ctx, created.ID, &text, client.WithProgress(func(done, total int64) {
		fmt.Printf("%d of %d bytes\n", done, total)
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(document.ExportID == created.ID, text.Len())
	// Output:
	// 88 of 88 bytes
	// true 88
}

// A connector is where exports are delivered to. Secrets are sent, never shown.
func ExampleConnectorsService_CreateS3() {
	c, stop := open()
	defer stop()
	ctx := context.Background()

	params := client.CreateS3Params{
		ConnectorParams:    client.ConnectorParams{Name: "Review team", Scopes: []string{client.ScopeExport}, ExportBasePath: "videovector"},
		Bucket:             "review-team-bucket",
		Region:             "eu-central-1",
		AWSAccessKeyID:     "AKIAIOSFODNN7EXAMPLE",
		AWSSecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	}
	connector, err := c.Connectors.CreateS3(ctx, params)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := c.Connectors.Test(ctx, connector.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(connector.Name, connector.Scopes, result.Success, params.AWSSecretAccessKey)
	// Output: Review team [export] true [secret]
}

// Every finished run of the index is exported from now on.
func ExampleAutomationsService_Save() {
	c, stop := open()
	defer stop()
	ctx := context.Background()

	_, err := c.Automations.Save(ctx, "idx_archive", client.Automation{Enabled: true, DestinationConnectorID: "conn_export"})
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := c.Automations.Pause(ctx, "idx_archive")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Enabled, a.Paused)
	// Output: true true
}

// A receiver verifies what comes before it believes it, answers at once, and does the work afterwards.
func ExampleVerifyWebhook() {
	const secret = "whsec_of_the_webhook"
	work := make(chan *client.Event, 1)
	receiver := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		event, err := client.VerifyWebhook(secret, r.Header, body)
		if err != nil {
			http.Error(w, "not signed", http.StatusForbidden)
			return
		}
		work <- event // remember event.ID: it may come again
	}

	body := `{"id":"evt_1_0001_ready","event":"export.ready","data":{"export_id":"exp_1","status":"completed"},"created_at":"2026-03-16T12:00:00Z","api_version":"2024-01"}`
	r := httptest.NewRequest("POST", "/hooks", strings.NewReader(body))
	r.Header.Set("X-Webhook-Signature", sign(secret, body)) // by the service
	answer := httptest.NewRecorder()
	receiver(answer, r)

	export, err := (<-work).Export()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Code, export.ID, export.Status)
	// Output: 200 exp_1 completed
}
