"""Has DuckDB read table.csv, and holds every cell against records.ndjson, of which it is made.

  readers.py FOLDER

columns.json is a list of [name, type, path]: where the column's value stands in a record, [] for the two of the rest.
"""
import json
import re
import sys

import duckdb

FORMULA = re.compile(r"'*([\t\r\n]|[ \t\r\n]*[=+\-@＝＋－＠])")


class Number(str):
    """A number as it stands."""


def load(text):
    return json.loads(text, parse_int=Number, parse_float=Number)


def fits(kind, v):
    """Whether a value, not null, is of the column's type. The records hold no number beyond a double."""
    number = isinstance(v, Number)
    if kind.startswith("list of "):
        return isinstance(v, list) and all(x is None or fits(kind.removeprefix("list of "), x) for x in v)
    return {
        "text": isinstance(v, str) and not number,
        "integer": number and re.fullmatch(r"-?\d+", v) is not None and -(2**63) <= int(v) < 2**63,
        "number": number,
        "boolean": isinstance(v, bool),
        "timestamp": isinstance(v, str) and not number and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", v) is not None,
        "json": True,
    }[kind]


def cell(kind, text):
    """The value that a cell, not null, stands for."""
    if kind == "text":
        return text[1:] if text.startswith("'") and FORMULA.match(text[1:]) else text
    if kind in ("number", "integer"):
        return Number(text)
    return text if kind == "timestamp" else load(text)


def expect(columns, record):
    """The row that a record must be, and its number of guarded cells. It takes out of the record what has its cell."""
    row, guarded = [], 0
    for _, kind, path in columns[:-2]:
        at = record
        for step in path[:-1]:
            at = at.get(step) if isinstance(at, dict) else None
        v = at.get(path[-1]) if isinstance(at, dict) else None
        if v is not None and not fits(kind, v):
            v = None
        elif isinstance(at, dict):
            at.pop(path[-1], None)
        guarded += kind == "text" and v is not None and FORMULA.match(v) is not None
        row.append(v)
    metadata, extra = record.get("metadata"), {}
    if isinstance(metadata, dict):
        del record["metadata"]
        for name, v in metadata.items():
            if name == "scene" and v is None:
                continue
            if name == "scene" and isinstance(v, dict):
                extra |= {"scene." + below: left for below, left in v.items()}
            else:
                extra['["a.b"]' if name == "a.b" else name] = v
    elif metadata is None:
        record.pop("metadata", None)
    return row + [extra or None, record or None], guarded


folder = sys.argv[1]
columns = json.load(open(folder + "/columns.json", encoding="utf-8"))
table = duckdb.connect().execute(
    """SELECT * FROM read_csv(?, header=true, all_varchar=true, nullstr='', allow_quoted_nulls=false, delim=',', quote='"',
       escape='"', auto_detect=false, new_line='\\r\\n', max_line_size=20000000, columns=?)""",
    [folder + "/table.csv", {name: "VARCHAR" for name, _, _ in columns}],
)
rows, cells, guards = table.fetchall(), 0, 0
with open(folder + "/records.ndjson", encoding="utf-8", newline="\n") as source:
    records = source.read().split("\n")[:-1]
assert len(rows) == len(records), f"{len(rows)} rows of {len(records)} records"
for n, (row, line) in enumerate(zip(rows, records), 1):
    want, guarded = expect(columns, load(line))
    guards += guarded
    for (name, kind, _), text, value in zip(columns, row, want):
        got = None if text is None else cell(kind, text)
        assert got == value and type(got) is type(value), f"record {n}: {name} is {text!r}, want {value!r}\n{line}"
        cells += 1
print(f"{cells} cells in {len(rows)} rows, {guards} guarded")
