// Package dynamolocal gives tests a DynamoDB Local, Amazon's own emulator. scripts/dynamodb.sh installs and runs it.
package dynamolocal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// missingPart is the exit status of the script when it lacks something of the machine.
const missingPart = 3

// Start gives the endpoint of a DynamoDB Local on a free loopback port. All tests of a test binary share one process,
// so each takes a table of its own; it ends with the binary, however that ends. Where Java or Maven is missing, the
// test is skipped and says so; with CI=true it fails instead.
func Start(t testing.TB) (endpoint string) {
	t.Helper()
	server, err := shared()
	var m missing
	switch {
	case errors.As(err, &m) && os.Getenv("CI") != "true":
		t.Skipf("no DynamoDB Local here: %v", m)
	case err != nil:
		t.Fatalf("DynamoDB Local: %v", err)
	}
	return server.endpoint
}

// Client is a client of the endpoint with credentials that DynamoDB Local accepts. Options may change it.
func Client(endpoint string, options ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, options...)
}

// missing names the part of the machine without which there is no DynamoDB Local.
type missing string

func (m missing) Error() string { return string(m) }

// server is the running process. Its input is a pipe that nobody writes to: the operating system closes it when the
// test binary ends, and with it the server. Here it is held open.
type server struct {
	endpoint string
	input    io.Closer
}

// shared starts the server at the first call, and keeps it.
var shared = sync.OnceValues(start)

func start() (*server, error) {
	ctx := context.Background() // it outlives the test that is first
	script, err := findScript()
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("bash"); err != nil {
		return nil, missing("bash is missing")
	}
	if out, err := exec.CommandContext(ctx, script, "install").CombinedOutput(); err != nil {
		return nil, failure(err, out)
	}
	return run(exec.CommandContext(ctx, script, "run", "0"))
}

// run starts the server and waits for its address.
func run(cmd *exec.Cmd) (*server, error) {
	cmd.Env = append(os.Environ(), "UNTIL_EOF=1")
	var log bytes.Buffer
	cmd.Stderr = &log
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "http://") {
			go io.Copy(io.Discard, out) //nolint:errcheck // it lasts as long as the server
			return &server{endpoint: lines.Text(), input: input}, nil
		}
	}
	return nil, failure(cmd.Wait(), log.Bytes())
}

func failure(err error, out []byte) error {
	text := strings.TrimSpace(string(out))
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == missingPart {
		return missing(text)
	}
	return fmt.Errorf("%w: %s", err, text)
}

// findScript looks for the module's root from the working directory of the test upwards.
func findScript() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "scripts", "dynamodb.sh"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}
