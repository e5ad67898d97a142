package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// maxItemsBytes bounds what an ItemReader reads.
const maxItemsBytes = 64 << 20

// part runs a flow inside a state, as an execution of its own that shares name and journal. item is $$.Map.Item, nil
// outside of a Map state.
func (x *execution) part(ctx context.Context, f *flow, input any, item map[string]any) (any, error) {
	p := &execution{
		engine: x.engine, name: x.name, started: x.started, input: x.input, at: f.StartAt, data: input, item: item, journal: x.journal, events: x.events,
	}
	if f.distributed() {
		p.events = new(int)
	}
	return p.follow(ctx, f, true)
}

// parallel runs every branch; the first failure ends them all.
func (x *execution) parallel(ctx context.Context, s *state, in any, object map[string]any) (any, error) {
	if s.Parameters != nil {
		var err error
		if in, err = s.Parameters.eval(in, object); err != nil {
			return nil, err
		}
	}
	never := func(int) bool { return false }
	outs, errs := spread(ctx, spreading{n: len(s.Branches), atATime: len(s.Branches), tolerates: never}, func(ctx context.Context, i int) (any, error) {
		return x.part(ctx, s.Branches[i], in, x.item)
	})
	return outs, first(errs)
}

// spreading is how parts run: n of them, at most so many at a time, until more have failed than is tolerated.
type spreading struct {
	n, atATime int
	tolerates  func(failed int) bool
}

// spread runs parts. When it is not to go on, what runs is ended and what has not begun doesn't begin: errs then holds
// context.Canceled for them.
func spread(ctx context.Context, s spreading, part func(ctx context.Context, i int) (any, error)) (outs []any, errs []error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outs, errs = make([]any, s.n), make([]error, s.n)
	slots := make(chan struct{}, max(s.atATime, 1))
	var running sync.WaitGroup
	var failed atomic.Int64
	for i := range s.n {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			if outs[i], errs[i] = part(ctx, i); errs[i] != nil && !s.tolerates(int(failed.Add(1))) {
				cancel()
			}
		})
	}
	running.Wait()
	return outs, errs
}

// first is the failure that ended the parts: one that is not just the echo of another's.
func first(errs []error) (any error) {
	for _, err := range errs {
		var f *Failure
		if errors.As(err, &f) {
			return f
		}
		if any == nil {
			any = err
		}
	}
	return any
}

// mapItems runs the processor for every item.
func (x *execution) mapItems(ctx context.Context, s *state, in any, object map[string]any) (any, error) {
	items, err := x.items(ctx, s, in, object)
	if err != nil {
		return nil, err
	}
	atATime := s.MaxConcurrency
	if atATime == 0 {
		atATime = defaultItemsAtATime
	}
	tolerates := func(failed int) bool { return s.distributed() && s.tolerates(failed, len(items)) }
	outs, errs := spread(ctx, spreading{len(items), atATime, tolerates}, func(ctx context.Context, i int) (any, error) {
		input, item := items[i], map[string]any{"Index": json.Number(fmt.Sprint(i)), "Value": items[i]}
		if s.ItemSelector != nil {
			var err error
			if input, err = s.ItemSelector.eval(in, x.context(s, 0, item)); err != nil {
				return nil, err
			}
		}
		return x.part(ctx, s.ItemProcessor, input, item)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !s.distributed() {
		return outs, first(errs)
	}
	return x.distributed(ctx, s, in, object, outs, errs)
}

// items reads the items from storage, or takes them from the input.
func (x *execution) items(ctx context.Context, s *state, in any, object map[string]any) ([]any, error) {
	if s.ItemReader != nil {
		return x.readItems(ctx, s, in, object)
	}
	v := in
	if s.ItemsPath != nil {
		var err error
		if v, err = s.ItemsPath.need(in, object); err != nil {
			return nil, err
		}
	}
	items, ok := v.([]any)
	if !ok {
		return nil, &Failure{errRuntime, "A Map's items must be an array."}
	}
	return items, nil
}

func (x *execution) readItems(ctx context.Context, s *state, in any, object map[string]any) ([]any, error) {
	bucket, key, err := s.ItemReader.place(in, object, "Key")
	if err != nil {
		return nil, err
	}
	body, err := x.engine.cfg.Objects.Get(ctx, bucket, key)
	if err != nil {
		return nil, &Failure{errItemReader, "The items could not be read from storage."}
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, maxItemsBytes))
	if err != nil {
		return nil, &Failure{errItemReader, "The items could not be read from storage."}
	}
	v, err := decodeValue(raw)
	items, ok := v.([]any)
	if err != nil || !ok {
		return nil, &Failure{errItemReader, "The items' object must hold a JSON array."}
	}
	if n := s.ItemReader.ReaderConfig.MaxItems; n > 0 && n < len(items) {
		items = items[:n]
	}
	return items, nil
}

// place fills in where to read or write.
func (a *s3Access) place(in, object any, keyField string) (bucket, key string, err error) {
	v, err := a.Parameters.eval(in, object)
	if err != nil {
		return "", "", err
	}
	fields, _ := v.(map[string]any)
	bucket, ok := fields["Bucket"].(string)
	key, also := fields[keyField].(string)
	if !ok || !also {
		return "", "", &Failure{errRuntime, "Parameters need a Bucket and a " + keyField + "."}
	}
	return bucket, key, nil
}

// distributed ends a distributed map: more failures than tolerated fail it; the children's results go to storage, or
// become the output when there is no ResultWriter.
func (x *execution) distributed(ctx context.Context, s *state, in any, object map[string]any, outs []any, errs []error) (any, error) {
	failed := 0
	var good, bad []any
	for i := range outs {
		var f *Failure
		switch {
		case errs[i] == nil:
			good = append(good, map[string]any{"Output": string(encodeValue(outs[i])), "Status": "SUCCEEDED"})
		case errors.As(errs[i], &f):
			failed++
			bad = append(bad, map[string]any{"Error": f.Name, "Cause": f.Cause, "Status": "FAILED"})
		case !errors.Is(errs[i], context.Canceled): // that is one that the failures of others ended
			return nil, errs[i]
		}
	}
	var written any
	if s.ResultWriter != nil {
		var err error
		if written, err = x.writeResults(ctx, s, in, object, good, bad); err != nil {
			return nil, err
		}
	}
	if failed > 0 && !s.tolerates(failed, len(outs)) {
		return nil, &Failure{errTooManyFailures, "The specified tolerated failure threshold was exceeded"}
	}
	if written != nil {
		return written, nil
	}
	return outs, nil
}

func (s *state) tolerates(failed, total int) bool {
	return failed <= s.ToleratedFailureCount || float64(failed)*100 <= s.ToleratedFailurePercentage*float64(total)
}

// writeResults writes what Step Functions writes: a list per outcome, and a manifest that names them.
func (x *execution) writeResults(ctx context.Context, s *state, in any, object map[string]any, good, bad []any) (any, error) {
	bucket, prefix, err := s.ResultWriter.place(in, object, "Prefix")
	if err != nil {
		return nil, err
	}
	run := uuid()
	folder := prefix + "/" + run
	files := map[string]any{"SUCCEEDED": []any{}, "FAILED": []any{}, "PENDING": []any{}}
	for _, list := range []struct {
		status  string
		results []any
	}{{"SUCCEEDED", good}, {"FAILED", bad}} {
		if len(list.results) == 0 {
			continue
		}
		key, raw := folder+"/"+list.status+"_0.json", encodeValue(list.results)
		if err := x.engine.cfg.Objects.Put(ctx, bucket, key, raw); err != nil {
			return nil, &Failure{errResultWriter, "The results could not be written to storage."}
		}
		files[list.status] = []any{map[string]any{"Key": key, "Size": json.Number(fmt.Sprint(len(raw)))}}
	}
	arn := x.engine.cfg.ARN + "/" + s.name + ":" + run
	manifest := map[string]any{"DestinationBucket": bucket, "MapRunArn": arn, "ResultFiles": files}
	key := folder + "/manifest.json"
	if err := x.engine.cfg.Objects.Put(ctx, bucket, key, encodeValue(manifest)); err != nil {
		return nil, &Failure{errResultWriter, "The results could not be written to storage."}
	}
	return map[string]any{"MapRunArn": arn, "ResultWriterDetails": map[string]any{"Bucket": bucket, "Key": key}}, nil
}
