"""Has DuckDB read table.csv and table.parquet, made in one pass with table.ndjson, and holds every cell of both against
the records.

  readers.py FOLDER

columns.json is a list of [name, type].
"""
import datetime
import json
import math
import re
import sys

import duckdb

FORMULA = re.compile(r"'*([\t\r\n]|[ \t\r\n]*[=+\-@＝＋－＠])")
RESTS = ("metadata_extra", "record_extra")
UTC = datetime.timezone.utc


def take(record, path):
    """The value at the path, taken out of the record."""
    at = record
    for step in path[:-1]:
        at = at.get(step) if isinstance(at, dict) else None
    return at.pop(path[-1], None) if isinstance(at, dict) else None


def rest(value):
    """What is left of an object when its members are taken, without what is left of them if that is nothing."""
    left = {}
    for name, v in (value or {}).items():
        if isinstance(v, dict):
            if not v:
                continue
            v = {name + "." + below: inner for below, inner in v.items()}
            left |= v
        elif v is not None:
            left[name] = v
    return left or None


def expect(columns, record):
    row = [take(record, name.split(".")) for name, _ in columns if name not in RESTS]
    metadata = record.pop("metadata", None)
    return row + [rest(metadata), {k: v for k, v in record.items()} or None]


def moment(text):
    t = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    return t.replace(microsecond=t.microsecond // 1000 * 1000)


def same_parquet(kind, got, want):
    if want is None or got is None:
        return got is None and want is None
    if kind == "timestamp":
        return got.replace(tzinfo=got.tzinfo or UTC).astimezone(UTC) == moment(want)
    if kind == "number":
        return isinstance(got, float) and got == float(want) and math.copysign(1, got) == math.copysign(1, want)
    if kind == "json":
        return json.loads(got) == want
    return type(got) is type(want) and got == want


def same_csv(kind, got, want):
    if want is None or got is None:
        return got is None and want is None
    if kind == "text":
        return got == ("'" + want if FORMULA.match(want) else want)
    if kind == "timestamp":
        return got == want
    return json.loads(got) == want


def check(what, rows, columns, records, same):
    if len(rows) != len(records):
        sys.exit(f"{what} has {len(rows)} rows of {len(records)} records")
    for n, (row, line) in enumerate(zip(rows, records)):
        want = expect(columns, json.loads(line))
        for (name, kind), got, value in zip(columns, row, want, strict=True):
            if not same(kind, got, value):
                sys.exit(f"{what}, row {n + 1}, {name} ({kind}): {got!r}, want {value!r}")
    return len(rows) * len(columns)


folder = sys.argv[1]
columns = json.load(open(folder + "/columns.json", encoding="utf-8"))
records = open(folder + "/table.ndjson", encoding="utf-8").read().splitlines()
db = duckdb.connect()
db.execute("SET TimeZone='UTC'")
parquet = db.execute("SELECT * FROM read_parquet(?)", [folder + "/table.parquet"]).fetchall()
csv = db.execute(
    """SELECT * FROM read_csv(?, header=true, all_varchar=true, nullstr='', allow_quoted_nulls=false, delim=',', quote='"',
       escape='"', auto_detect=false, new_line='\\r\\n', max_line_size=20000000, columns=?)""",
    [folder + "/table.csv", {name: "VARCHAR" for name, _ in columns}],
).fetchall()
cells = check("Parquet", parquet, columns, records, same_parquet) + check("CSV", csv, columns, records, same_csv)
print(f"{cells} cells of {len(records)} records")
