package main

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// column is one of the table that peers are told to make: the columns that ours has for the corpus, but for the two
// that hold what has no column of its own.
type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// fixed are the columns of the platform's two types of results, and theirs.
var fixed = []column{
	{"result_type", "text"}, {"result_id", "text"}, {"segment_id", "text"}, {"video_id", "text"}, {"run_id", "text"}, {"prompt_id", "text"},
	{"prompt_run_id", "text"}, {"video_name", "text"}, {"source_index_id", "text"}, {"executed_at", "timestamp"}, {"start_time", "number"},
	{"end_time", "number"}, {"status", "text"}, {"successful_segment_count", "integer"}, {"failed_segment_count", "integer"},
	{"field_extraction_succeeded", "boolean"}, {"transcription_succeeded", "boolean"}, {"image_embedding_succeeded", "boolean"},
	{"selected", "boolean"}, {"schema_used", "text"}, {"metadata_text", "text"}, {"processing_warning", "text"}, {"field_extraction_error", "text"},
	{"transcription_error", "text"}, {"image_embedding_error", "text"}, {"error_message", "text"}, {"embedding_status", "text"},
	{"embedding_error", "text"}, {"parts_total", "integer"}, {"parts_completed", "integer"}, {"parts_failed", "integer"},
	{"source_fingerprint", "text"}, {"segment_uri", "text"}, {"thumbnail_uri", "text"}, {"gif_uri", "text"},
}

// tableOf are the columns of results whose metadata follows the schema.
func tableOf(schema []byte) ([]column, error) {
	metadata, err := below("metadata", schema)
	return append(fixed[:len(fixed):len(fixed)], metadata...), err
}

// below are the columns of a schema's properties, in declared order.
func below(prefix string, schema []byte) ([]column, error) {
	var object struct {
		Properties jsontext.Value `json:"properties"`
	}
	if err := json.Unmarshal(schema, &object); err != nil {
		return nil, err
	}
	dec := jsontext.NewDecoder(bytes.NewReader(object.Properties))
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	var all []column
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		dotted := prefix + "." + name.String()
		property, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		columns, err := columnsOf(dotted, property)
		if err != nil {
			return nil, err
		}
		all = append(all, columns...)
	}
	return all, nil
}

// columnsOf are the columns of a property: several for an object.
func columnsOf(name string, property jsontext.Value) ([]column, error) {
	var p struct {
		Type jsontext.Value `json:"type"`
	}
	if err := json.Unmarshal(property, &p); err != nil {
		return nil, err
	}
	switch {
	case strings.Contains(string(p.Type), "object"):
		return below(name, property)
	case strings.Contains(string(p.Type), "array"):
		return []column{{name, "text_list"}}, nil
	}
	for _, t := range []string{"integer", "number", "boolean"} {
		if strings.Contains(string(p.Type), t) {
			return []column{{name, t}}, nil
		}
	}
	return []column{{name, "text"}}, nil
}
