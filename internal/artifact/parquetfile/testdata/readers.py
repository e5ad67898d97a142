"""Reads Parquet files with DuckDB and with pyarrow, and compares every value, type and statistic with the JSON beside.

Arguments: a folder of NAME.parquet and NAME.json. The JSON names the columns, their types, and every row's values as
JSON texts of their own, so that both sides parse them for themselves; of a time it gives milliseconds.
"""
import glob, json, os, struct, sys
import duckdb, pyarrow as pa, pyarrow.parquet as pq

ARROW = {
    "text": pa.string(), "json": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
    "timestamp": pa.timestamp("ms", tz="UTC"),
}
DUCK = {
    "text": "VARCHAR", "json": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
}


def expected(kind, raw):
    if raw is None:
        return None
    if kind == "json":
        return raw
    return json.loads(raw, parse_int=float if "number" in kind else int)


def same(got, want):
    """Whether both are the same to the last bit; 1 is not 1.0, and -0.0 not 0.0."""
    if isinstance(want, list):
        return isinstance(got, list) and len(got) == len(want) and all(same(g, w) for g, w in zip(got, want))
    if isinstance(want, float):
        return isinstance(got, float) and struct.pack("<d", got) == struct.pack("<d", want)
    return type(got) is type(want) and got == want


def compare(who, name, column, got, want):
    assert len(got) == len(want), f"{who}: {name}: {column} has {len(got)} rows, want {len(want)}"
    for i, (g, w) in enumerate(zip(got, want)):
        assert same(g, w), f"{who}: {name}: {column} of row {i} is {g!r}, want {w!r}"


def quoted(column):
    return '"' + column.replace('"', '""') + '"'


def read_arrow(path, name, columns, want):
    table = pq.read_table(path, page_checksum_verification=True)
    table.validate(full=True)
    assert table.column_names == [c["name"] for c in columns], f"pyarrow: {name}: columns {table.column_names}"
    for i, c in enumerate(columns):
        kind = c["type"]
        arrow = pa.list_(pa.field("element", ARROW[kind[8:]])) if kind.startswith("list of ") else ARROW[kind]
        assert table.schema.field(i).type == arrow, f"pyarrow: {name}: {c['name']} is {table.schema.field(i).type}"
        assert table.schema.field(i).nullable, f"pyarrow: {name}: {c['name']} can't be null"
        column = table.column(i)
        if kind == "timestamp":
            column = column.cast(pa.int64())
        compare("pyarrow", name, c["name"], column.to_pylist(), want[i])


def read_duck(db, path, name, columns, want):
    described = db.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
    for i, c in enumerate(columns):
        kind = c["type"]
        duck = DUCK[kind[8:]] + "[]" if kind.startswith("list of ") else DUCK[kind]
        assert described[i][:2] == (c["name"], duck), f"DuckDB: {name}: {described[i]}, want {c['name']} {duck}"
        column = f"epoch_ms({quoted(c['name'])})" if kind == "timestamp" else quoted(c["name"])
        got = [r[0] for r in db.execute(f"SELECT {column} FROM read_parquet(?)", [path]).fetchall()]
        compare("DuckDB", name, c["name"], got, want[i])


def leaves(kind, values):
    """The values of the column's leaf, and how many levels have none."""
    if not kind.startswith("list of "):
        some = [v for v in values if v is not None]
        return some, len(values) - len(some)
    some, nulls = [], 0
    for v in values:
        if not v:
            nulls += 1
            continue
        some += [e for e in v if e is not None]
        nulls += sum(e is None for e in v)
    return some, nulls


def bounds(kind, some, least, greatest, exact):
    """Whether these are the bounds; strings may be cut, and are compared by their bytes."""
    if kind in ("text", "json"):
        low, high = min(s.encode() for s in some), max(s.encode() for s in some)
        if exact:
            return least.encode() == low and greatest.encode() == high
        return least.encode() <= low and (greatest is None or high <= greatest.encode())
    return least == min(some) and greatest == max(some)


def read_statistics(db, path, name, columns, want):
    """What pyarrow and DuckDB make of the statistics of each row group."""
    file = pq.ParquetFile(path)
    assert file.metadata.created_by.startswith("videovector-exports "), file.metadata.created_by
    assert file.metadata.num_rows == len(want[0]), f"{name}: {file.metadata.num_rows} rows"
    duck = {(r[0], r[1]): r[2:] for r in db.execute(
        "SELECT row_group_id, column_id, stats_null_count, stats_min_value, stats_max_value, num_values FROM parquet_metadata(?)", [path]).fetchall()}
    start = 0
    for g in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(g)
        end = start + group.num_rows
        for i, c in enumerate(columns):
            kind = c["type"].removeprefix("list of ")
            some, nulls = leaves(c["type"], want[i][start:end])
            where = f"{name}: {c['name']} in row group {g}"
            stats = group.column(i).statistics
            assert stats.null_count == nulls, f"pyarrow: {where}: {stats.null_count} nulls, want {nulls}"
            assert duck[g, i][0] == nulls, f"DuckDB: {where}: {duck[g, i][0]} nulls, want {nulls}"
            assert duck[g, i][3] == len(some) + nulls, f"DuckDB: {where}: {duck[g, i][3]} values"
            if not some:
                assert not stats.has_min_max, f"{where}: bounds of nothing"
                continue
            short = kind not in ("text", "json") or max(len(s.encode()) for s in some) <= 64
            least, greatest = (stats.min_raw, stats.max_raw) if kind == "timestamp" else (stats.min, stats.max) if stats.has_min_max else (None, None)
            if short:
                assert stats.has_min_max, f"{where}: no bounds"
            if stats.has_min_max:
                assert bounds(kind, some, least, greatest, short), f"pyarrow: {where}: {least!r} to {greatest!r}"
            if kind in ("text", "json") and short:
                assert bounds(kind, some, *duck[g, i][1:3], True), f"DuckDB: {where}: {duck[g, i][1:3]}"
            if kind in ("integer", "number"):
                assert bounds(kind, some, *map(type(some[0]), duck[g, i][1:3]), True), f"DuckDB: {where}: {duck[g, i][1:3]}"
        start = end


def ask(db, path, name, columns, want):
    """Questions that DuckDB answers with the help of the statistics."""
    for i, c in enumerate(columns):
        some = [v for v in want[i] if v is not None]
        n = db.execute(f"SELECT count(*) FROM read_parquet(?) WHERE {quoted(c['name'])} IS NULL", [path]).fetchone()[0]
        assert n == len(want[i]) - len(some), f"DuckDB: {name}: {c['name']}: {n} nulls"
        if c["type"] not in ("text", "json", "integer", "number"):
            continue
        for v in {min(some), max(some), *some[:5]} if some else ():
            n = db.execute(f"SELECT count(*) FROM read_parquet(?) WHERE {quoted(c['name'])} = ?", [path, v]).fetchone()[0]
            assert n == some.count(v), f"DuckDB: {name}: {c['name']}: {n} rows of {v!r}, want {some.count(v)}"
        if some:
            q = quoted(c["name"])
            got = db.execute(f"SELECT min({q}), max({q}) FROM read_parquet(?)", [path]).fetchone()
            key = (lambda v: v.encode()) if isinstance(some[0], str) else (lambda v: v)
            assert got == (min(some, key=key), max(some, key=key)), f"DuckDB: {name}: {c['name']}: {got}"


def main(folder):
    db = duckdb.connect()
    db.execute("SET threads=1")
    db.execute("SET enable_progress_bar=false")
    values = 0
    files = sorted(glob.glob(os.path.join(folder, "*.parquet")))
    for path in files:
        name = os.path.basename(path)
        with open(path.removesuffix("parquet") + "json", encoding="utf-8") as f:
            case = json.load(f)
        columns = case["columns"]
        want = [[expected(c["type"], row[i]) for row in case["rows"]] for i, c in enumerate(columns)]
        read_arrow(path, name, columns, want)
        read_duck(db, path, name, columns, want)
        read_statistics(db, path, name, columns, want)
        ask(db, path, name, columns, want)
        values += sum(len(w) for w in want)
    print(f"{values} values in {len(files)} files")


main(sys.argv[1])
