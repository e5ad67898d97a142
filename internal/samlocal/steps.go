package samlocal

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/internal/fixture"
	"github.com/videovector/exports/internal/localsfn"
)

// executions are those that were asked for. None of them runs.
type executions struct {
	log  *slog.Logger
	mu   sync.Mutex
	asks map[string]asl.Execution
}

// noted is a Step Functions that takes note.
func noted(log *slog.Logger) http.Handler {
	return localsfn.Handler(localsfn.Config{
		Executions: &executions{log: log, asks: map[string]asl.Execution{}}, StateMachineARN: fixture.StateMachineARN, NewID: rand.Text, Log: log,
	})
}

// Start implements localsfn.Executions.
func (e *executions) Start(ctx context.Context, name string, input json.RawMessage) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, there := e.asks[name]; there {
		return asl.ErrExecutionExists
	}
	e.asks[name] = asl.Execution{Name: name, Status: "RUNNING", Input: input, Started: time.Now()}
	e.log.InfoContext(ctx, "execution asked for; none runs here", "execution", name)
	return nil
}

// Describe implements localsfn.Executions.
func (e *executions) Describe(name string) (asl.Execution, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x, there := e.asks[name]
	if !there {
		return x, asl.ErrNoExecution
	}
	return x, nil
}
