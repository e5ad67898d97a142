"""One task of a benchmark, as DuckDB or Polars do it best, on one thread.

  peers.py TASK COLUMNS OUT FILE...   makes OUT out of NDJSON files and prints the number of rows
  peers.py rows COLUMNS OUT FILE      prints a Parquet file's rows into OUT, one JSON object per line

COLUMNS is a JSON file: the table's columns in order, each {"name": "metadata.weather.sky", "type": "text"}. The forms
here are the fastest of those tried that give the right content: explicit types, nested ones as structs (json_transform
takes 8 % more), lists as JSON text where a file has no lists.
"""

import json
import os
import sys

os.environ["POLARS_MAX_THREADS"] = "1"  # read when Polars is imported
MAX_RECORD = 16 << 20  # as ours

DUCKDB = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP", "text_list": "VARCHAR[]"}


def nest(columns):
    """The columns as a tree by the dots in their names; its leaves are types."""
    tree = {}
    for c in columns:
        *path, leaf = c["name"].split(".")
        at = tree
        for step in path:
            at = at.setdefault(step, {})
        at[leaf] = c["type"]
    return tree


# ---------------------------------------------------------------- DuckDB


def duckdb_type(t, types):
    if isinstance(t, dict):
        return "STRUCT(" + ", ".join(f'"{n}" {duckdb_type(sub, types)}' for n, sub in t.items()) + ")"
    return types[t]


def duckdb_source(columns, files, types):
    cols = {n: duckdb_type(t, types) for n, t in nest(columns).items()}
    return f"read_json({files!r}, format='newline_delimited', maximum_object_size={MAX_RECORD}, columns={cols!r})"


def duckdb_leaves(columns):
    return ", ".join(".".join(f'"{step}"' for step in c["name"].split(".")) + f' AS "{c["name"]}"' for c in columns)


def duckdb_json(columns, files, out):
    """A JSON array of typed columns. Metadata stays JSON, which is the cheapest column that checks it."""
    cols = [c for c in columns if "." not in c["name"]] + [{"name": "metadata", "type": "json"}]
    source = duckdb_source(cols, files, DUCKDB | {"json": "JSON"})
    return f"COPY (SELECT * FROM {source}) TO '{out}' (FORMAT json, ARRAY true)"


def duckdb_ndjson(columns, files, out):
    """Lines that are JSON, as they stand. Their delimiter is one that JSON can't hold."""
    lines = (
        f"read_csv({files!r}, columns={{'line': 'VARCHAR'}}, header=false, auto_detect=false, delim='\\x01', quote='', escape='',"
        f" max_line_size={MAX_RECORD}, strict_mode=false)"
    )
    return f"COPY (SELECT line FROM {lines} WHERE json_valid(line)) TO '{out}' (FORMAT csv, HEADER false, DELIMITER '\\x01', QUOTE '', ESCAPE '')"


def duckdb_csv(columns, files, out):
    source = duckdb_source(columns, files, DUCKDB | {"text_list": "JSON"})
    return f"COPY (SELECT {duckdb_leaves(columns)} FROM {source}) TO '{out}' (FORMAT csv, HEADER)"


def duckdb_parquet(codec):
    def query(columns, files, out):
        source = duckdb_source(columns, files, DUCKDB)
        return f"COPY (SELECT {duckdb_leaves(columns)} FROM {source}) TO '{out}' (FORMAT parquet, COMPRESSION {codec})"

    return query


def duckdb_rows(columns, files, out):
    return f"COPY (SELECT * FROM read_parquet({files!r})) TO '{out}' (FORMAT json)"


def run_duckdb(query):
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    return connection.execute(query).fetchone()[0]


# ---------------------------------------------------------------- Polars


def polars_type(pl, t):
    if isinstance(t, dict):
        return pl.Struct({n: polars_type(pl, sub) for n, sub in t.items()})
    return {
        "text": pl.String, "integer": pl.Int64, "number": pl.Float64, "boolean": pl.Boolean,
        "timestamp": pl.String, "text_list": pl.List(pl.String),
    }[t]  # fmt: skip


def polars_json_text(pl, e):
    """A list of texts as JSON text; Polars writes no list into a CSV file."""
    escaped = pl.element().str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    return "[" + e.list.eval('"' + escaped + '"').list.join(",") + "]"


def polars_table(columns, files, csv):
    import polars as pl

    schema = {n: polars_type(pl, t) for n, t in nest(columns).items()}
    cells = []
    for c in columns:
        first, *path = c["name"].split(".")
        e = pl.col(first)
        for step in path:
            e = e.struct.field(step)
        if c["type"] == "text_list" and csv:
            e = polars_json_text(pl, e)
        if c["type"] == "timestamp" and not csv:
            e = e.str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms")
        cells.append(e.alias(c["name"]))
    return pl.scan_ndjson(files, schema=schema).select(cells)


def run_polars(task, columns, files, out):
    table = polars_table(columns, files, task == "polars-csv")
    if task == "polars-csv":
        table.sink_csv(out)
    else:
        table.sink_parquet(out, compression="zstd", compression_level=3)


TASKS = {
    "duckdb-json": duckdb_json,
    "duckdb-ndjson": duckdb_ndjson,
    "duckdb-csv": duckdb_csv,
    "duckdb-parquet-zstd": duckdb_parquet("zstd"),
    "duckdb-parquet-snappy": duckdb_parquet("snappy"),
    "rows": duckdb_rows,
}


def main():
    task, columns, out, *files = sys.argv[1:]
    with open(columns) as f:
        columns = json.load(f)
    if task in TASKS:
        print(run_duckdb(TASKS[task](columns, files, out)))
        return
    run_polars(task, columns, files, out)


main()
