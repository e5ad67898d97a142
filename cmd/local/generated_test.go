package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	exports "github.com/videovector/exports"
	openapi "github.com/videovector/exports/api"
	"github.com/videovector/exports/internal/cfn"
	"github.com/videovector/exports/internal/emulator"
)

// generatedChecks are what schemathesis holds every reply to. Left out are two: API Gateway answers an unknown method
// with 404, not 405; and what the description can't say (a filter's value must be an id) refuses requests that fit it.
const generatedChecks = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance," +
	"response_schema_conformance,negative_data_rejection,missing_required_header,ignored_auth"

// TestGeneratedRequests sends requests made out of api/openapi.yaml, the same ones each time: no reply is a 5xx, and
// none is outside the description. Ids are made up in one run, and are those of real records in the other.
func TestGeneratedRequests(t *testing.T) {
	s := startService(t)
	download := s.create("/exports/prompt-run/run_123", "")
	s.await(download, 30*time.Second)
	ids := fmt.Sprintf("[parameters]\n\"path.export_id\" = %q\n\"path.index_id\" = \"idx_archive\"\n\"path.run_id\" = \"run_124\"\n\"path.connector_id\" = \"conn_export\"\n", download)
	for name, config := range map[string]string{"made-up ids": "", "real ids": ids} {
		t.Run(name, func(t *testing.T) { s.generate(t, config) })
	}
}

// generate runs schemathesis with the text as its configuration.
func (s *service) generate(t *testing.T, config string) {
	dir := t.TempDir()
	file := filepath.Join(dir, "schemathesis.toml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	plain, err := cfn.Included(exports.Template, openapi.Description, nil)
	if err != nil {
		t.Fatal(err)
	}
	description := filepath.Join(dir, "openapi.yaml")
	if err := os.WriteFile(description, plain, 0o600); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("../../scripts/schemathesis.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(script, "--config-file", file, "run", description,
		"--url", strings.TrimSuffix(s.local.BaseURL, "/v2"), "--header", "X-API-Key: "+s.local.APIKeys.Admin,
		"--checks", generatedChecks, "--seed", "1", "--max-examples", "50", "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-shrink")
	cmd.Dir = dir
	out, err := emulator.Output(t, "schemathesis", cmd)
	if err != nil || !strings.Contains(string(out), "Test cases:") {
		t.Errorf("%v\n%s", err, out)
	}
}
