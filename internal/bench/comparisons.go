package main

import (
	"fmt"
	"path/filepath"
)

// comparisons are the rows that set two sides against each other, with what they should reach.
func comparisons() []comparison {
	duckJSON := python("DuckDB", "duckdb-json", "duck.json", "types of columns; metadata is JSON")
	duckLines := python("DuckDB", "duckdb-ndjson", "duck.ndjson", "json_valid of every line")
	duckCSV := python("DuckDB", "duckdb-csv", "duck.csv", "types of columns")
	return []comparison{
		against("JSON document, DuckDB array of typed columns", one("json"), duckJSON, target{floor: 3, goal: 4}),
		against("NDJSON, DuckDB lines and json_valid", one("ndjson"), duckLines, target{floor: 1.8, goal: 2.3}),
		against("CSV, DuckDB", one("csv"), duckCSV, target{floor: 1.6, goal: 2.2}),
		sized(against("Parquet zstd, DuckDB", one("parquet"), python("DuckDB", "duckdb-parquet-zstd", "duck.parquet", "types of columns"), target{floor: 1, goal: 1.3})),
		sized(against("Parquet snappy, DuckDB", one("parquet", "--parquet-codec", "snappy"),
			python("DuckDB", "duckdb-parquet-snappy", "duck.snappy", "types of columns"), target{floor: 1.15, goal: 1.5})),
		against("CSV, Polars", one("csv"), python("Polars", "polars-csv", "polars.csv", "types of columns"), target{floor: 3.5, goal: 5}),
		sized(against("Parquet zstd, Polars", one("parquet"), python("Polars", "polars-parquet", "polars.parquet", "types of columns"), target{floor: 3, goal: 4})),
		against("JSON, jq -c .", one("json"), tool("jq", "jq.ndjson", "JSON; writes lines, no document", "-c", "."), target{floor: 15, goal: 20}),
		{
			name: "share of read, digest, write", a: []side{one("json")}, b: []side{bare("bare")}, of: cpuSeconds,
			value: share, unit: "%", target: target{floor: 50, goal: 65},
		},
		{
			name: "four formats in one pass, saved", a: []side{ours(1, "all", format("json,ndjson,csv,parquet")...)},
			b:  []side{one("json"), one("ndjson"), one("csv"), one("parquet")},
			of: cpuSeconds, value: saved, unit: "%", target: target{floor: 25, goal: 33},
		},
		sized(comparison{
			name: "NDJSON gzip, part of gzip -1", a: []side{ours(1, "ours.ndjson.gz", format("ndjson", "--compression", "gzip")...)},
			b:  []side{tool("gzip", "gzip.gz", "nothing", "-1", "-c")},
			of: cpuSeconds, value: part, unit: "×", target: target{floor: 0.55, goal: 0.45, atMost: true},
		}),
		second("json"), second("csv"), second("parquet"),
	}
}

// one packs one format by one thread.
func one(name string, more ...string) side {
	return ours(1, "ours."+name, format(name, more...)...)
}

func against(name string, own, peer side, t target) comparison {
	return comparison{name: name, a: []side{own}, b: []side{peer}, of: cpuSeconds, value: times, unit: "×", target: t}
}

// second asks what another processor gains.
func second(name string) comparison {
	two := ours(2, "ours."+name, format(name)...)
	two.name += ", two threads"
	return comparison{
		name: "second processor by the clock, " + name, a: []side{two}, b: []side{one(name)}, of: wallSeconds,
		value: times, unit: "×", target: target{floor: 1.4, goal: 1.6},
	}
}

// sized remarks on the sizes of the two outputs.
func sized(c comparison) comparison {
	c.compare = func(a, b side, w workplace) string {
		own, peer := outputSize(filepath.Join(w.outputs, a.out)), outputSize(filepath.Join(w.outputs, b.out))
		return fmt.Sprintf("size %.3f of the peer's", float64(own)/float64(peer))
	}
	return c
}
