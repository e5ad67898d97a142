package main

import (
	"bytes"
	"context"
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/fixture"
	"github.com/videovector/exports/internal/localgw"
)

// replay calls the function with the event and gives its reply as indented JSON; ok tells whether it ended well.
func replay(ctx context.Context, world *fixture.World, function string, event []byte) (text []byte, ok bool, err error) {
	r, err := world.Functions.Invoke(ctx, function, event)
	if err != nil {
		return nil, false, err
	}
	streamed := r.Stream != nil
	r = r.Buffer()
	ok = r.FunctionError == ""
	if streamed && ok {
		if r.Payload, err = joinStream(r); err != nil {
			return nil, false, err
		}
	}
	text, err = jsontext.AppendFormat(nil, r.Payload, jsontext.Multiline(true), jsontext.WithIndent("  "), jsontext.PreserveRawStrings(false))
	return append(text, '\n'), ok, err
}

// streamed is the reply of a function that streams, as the proxy integration has it when it is whole. The prelude's
// cookies are always null here: no function sets one.
type streamed struct {
	Status       int                 `json:"statusCode"`
	Headers      map[string]string   `json:"headers"`
	MultiHeaders map[string][]string `json:"multiValueHeaders"`
	Cookies      []string            `json:"cookies"`
	Body         string              `json:"body"`
}

// preludeEnd stands between the prelude of a streamed reply and its body.
var preludeEnd = make([]byte, 8)

// joinStream puts prelude and body together.
func joinStream(r localgw.Reply) ([]byte, error) {
	prelude, body, found := bytes.Cut(r.Payload, preludeEnd)
	if !found {
		return nil, errors.New("the streamed reply has no prelude")
	}
	var whole streamed
	if err := json.Unmarshal(prelude, &whole); err != nil {
		return nil, err
	}
	whole.Body = string(body)
	return json.Marshal(whole, json.Deterministic(true))
}
