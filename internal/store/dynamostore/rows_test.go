package dynamostore

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/videovector/exports/internal/fault"
)

// FuzzRows: an item of any shape is refused as broken or as too new, or it is a row, which is written so that it is read as
// the same.
func FuzzRows(f *testing.F) {
	for _, text := range []string{
		`{"sk":"EXP#e","export_id":"e","status":"completed","generation":2,"due_at":1777636800000,"created_at":"2026-05-01T12:00:00.5+02:00","version":1,"artifact":{"counts":{"results":3},"files":[{"name":"n"}]}}`,
		`{"sk":"EXP#e","version":99}`, `{"sk":"EXP#e","version":"1"}`, `{"sk":"EXP#e","generation":1.5}`, `{"sk":"EXP#e","due_at":99999999999999999999}`, `{"sk":"EXP#e","artifact":[],"link":null,"run_ids":["a",null]}`,
		`{"sk":"RUN#r","run_id":"r","schema":"{","rows":-1,"executed_at":"yesterday"}`, `{"sk":"IDEM#POST#k","export_id":"e","reply":"binary:{}"}`, `{"sk":"HOOK#h","events":["a"],"failure_count":1}`, `{"sk":7}`, `{}`,
		`{"sk":"CONN#c","secret":"binary:s","provider":"s3"}`, `{"sk":"AUTO#i","due_at":-1,"window":{}}`,
		`{"sk":"CONN#c","created_at":"0000-01-01T00:00:00+23:59","updated_at":"9999-12-31T23:59:59-23:59"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		dec := json.NewDecoder(strings.NewReader(string(text)))
		dec.UseNumber()
		var v map[string]any
		if dec.Decode(&v) != nil || v == nil {
			return
		}
		settled[exportRow](t, v)
		settled[runRow](t, v)
		settled[partRow](t, v)
		settled[idempotencyRow](t, v)
		settled[noteRow](t, v)
		settled[apiKeyRow](t, v)
		settled[keyPointerRow](t, v)
		settled[admissionRow](t, v)
		settled[deliveryRow](t, v)
		settled[connectorRow](t, v)
		settled[webhookRow](t, v)
		settled[automationRow](t, v)
		settled[endingRow](t, v)
		settled[indexRow](t, v)
		run, err := decodeRun(itemOf(v))
		if schema, ok := v["schema"].(string); err == nil && ok && !strings.HasPrefix(schema, "binary:") && string(run.Schema) != schema {
			t.Errorf("the schema of %s is %q", text, run.Schema)
		}
	})
}

// settled fails if a row that is made of v is another one once it was written.
func settled[T any](t *testing.T, v map[string]any) {
	row, err := decode[T](itemOf(v))
	if err != nil {
		if k := fault.KindOf(err); k != fault.Internal && k != fault.Unavailable {
			t.Errorf("%v fails as %T with %v", v, row, err)
		}
		return
	}
	k := key{"pk", textOf(itemOf(v)["sk"])}
	written, err := encode(k, row)
	if err != nil {
		t.Fatalf("%v is %+v, which can't be written: %v", v, row, err)
	}
	kept, _ := encode(k, row)
	same, err := decode[T](written)
	if err != nil {
		t.Fatalf("%v is written as %v: %v", v, kept, err)
	}
	if again, err := encode(k, same); err != nil || !reflect.DeepEqual(again, kept) {
		t.Errorf("%v is written as %v and then as %v, %v", v, kept, again, err)
	}
}

// itemOf is v as DynamoDB has it; a string that begins with "binary:" stands for bytes.
func itemOf(v map[string]any) item { return attribute(v).(*types.AttributeValueMemberM).Value }

func attribute(v any) types.AttributeValue {
	switch v := v.(type) {
	case string:
		if b, ok := strings.CutPrefix(v, "binary:"); ok {
			return &types.AttributeValueMemberB{Value: []byte(b)}
		}
		return text(v)
	case json.Number:
		return &types.AttributeValueMemberN{Value: v.String()}
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}
	case []any:
		l := &types.AttributeValueMemberL{}
		for _, e := range v {
			l.Value = append(l.Value, attribute(e))
		}
		return l
	case map[string]any:
		m := &types.AttributeValueMemberM{Value: item{}}
		for name, e := range v {
			m.Value[name] = attribute(e)
		}
		return m
	}
	return &types.AttributeValueMemberNULL{Value: true}
}
