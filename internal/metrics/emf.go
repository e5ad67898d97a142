package metrics

import (
	"context"
	"log/slog"
)

// The metadata of a line in the embedded metric format.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type metadata struct {
	Timestamp         int64 // ms since 1970
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct {
	Name string
	Unit string
}

// write puts the samples into one line. It asks no level: a log that is quiet counts all the same.
func (r *Recorder) write(ctx context.Context, attrs []slog.Attr, samples ...sample) {
	if r == nil {
		return
	}
	now := r.clock()
	line := slog.NewRecord(now, slog.LevelInfo, "metrics", 0)
	line.AddAttrs(attrs...)
	meta := metadata{Timestamp: now.UnixMilli()}
	var plain []definition // without dimensions: one directive for all of them
	for _, s := range samples {
		line.AddAttrs(slog.Float64(s.Name, s.value))
		if s.By == "" {
			plain = append(plain, definition{s.Name, s.Unit})
			continue
		}
		line.AddAttrs(slog.String(s.By, s.by))
		meta.CloudWatchMetrics = append(meta.CloudWatchMetrics, directive{r.namespace, s.dimensions(), []definition{{s.Name, s.Unit}}})
	}
	if plain != nil {
		meta.CloudWatchMetrics = append(meta.CloudWatchMetrics, directive{r.namespace, [][]string{{}}, plain})
	}
	line.AddAttrs(slog.Any("_aws", meta))
	_ = r.log.Handler().Handle(ctx, line) // a log that can't be written has nowhere to say so
}

// dimensions are the sets under which the metric is kept.
func (m Metric) dimensions() (sets [][]string) {
	if m.Total {
		sets = append(sets, []string{})
	}
	if m.By != "" {
		sets = append(sets, []string{m.By})
	}
	return sets
}
