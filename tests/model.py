"""A slow and plain model of csvagg, and random inputs with which the tool is held to it; what windows.py
needs for kwindow.

    model.py csvagg SEED N      N random sets of tables
    model.py kcount SEED N      the same tables: csvagg must give what csvin and kcount give

Runs the tools on PATH, in the working directory, where the inputs stay: i.0.csv,
i.1.csv ... of table i. Stops, with status 1, at the first case that differs. A group here is the
list of its records; every aggregate is worked out anew from that list, in fractions, each time it is
printed.
"""
import csv
import difflib
import io
import json
import random
import shlex
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 100  # nothing here is rounded but by mean()

# --- Tools ---


def must_succeed(args, status, out, err):
    if status:
        sys.exit(f"status {status} of: {shlex.join(args)}\n{err.decode()}")
    return out.decode(), err.decode()


def run(args, stdin=b""):
    """Standard output and standard error of what must succeed."""
    done = subprocess.run(args, input=stdin, capture_output=True)
    return must_succeed(args, done.returncode, done.stdout, done.stderr)


def run_piped(r, args, data):
    """The same, the input written in pieces of random sizes."""
    least = len(data) // 1000 + 1
    sizes, data = [least, r.randint(least, 70000 + least), 1 << 20], memoryview(data)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=out, stderr=err, bufsize=0) as tool:
            while data:
                data = data[tool.stdin.write(data[:r.choice(sizes)]):]
        out.seek(0)
        err.seek(0)
        return must_succeed(args, tool.returncode, out.read(), err.read())


def same(args, what, want, got):
    if want == got:
        return
    print(f"{what} differs of: {shlex.join(args)}", file=sys.stderr)
    for line in difflib.unified_diff(want.splitlines(), got.splitlines(), "wanted", "got", n=1, lineterm=""):
        print(line, file=sys.stderr)
    sys.exit(1)


def write(name, text):
    with open(name, "w", encoding="utf-8", newline="") as f:
        f.write(text)


# --- Values: what JSON has, numbers as Decimal ---


read_json = json.JSONDecoder(parse_int=Decimal, parse_float=Decimal).decode


def stamp(us):
    return (datetime(1970, 1, 1) + timedelta(microseconds=us)).isoformat(timespec="milliseconds") + "Z"


def is_number(v):
    return isinstance(v, Decimal)


def order(v):
    """jq's order over null, booleans, numbers and strings."""
    rank = 0 if v is None else 1 if v is False else 2 if v is True else 3 if is_number(v) else 4
    return rank, v if is_number(v) else Decimal(0), v.encode() if isinstance(v, str) else b""


def plain(d):
    """A decimal without exponent and trailing zeros."""
    text = format(d, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def put_double(x):
    """The shortest text that reads back the same, laid out as ECMAScript does."""
    d = Decimal(repr(x)).normalize()
    if d == 0 or -6 <= d.adjusted() < 21:
        return plain(d)
    digits = "".join(map(str, d.as_tuple().digits))
    return ("-" if x < 0 else "") + digits[0] + ("." + digits[1:] if digits[1:] else "") + "e%+d" % d.adjusted()


def put(v):
    """A value as kpipe prints it."""
    if is_number(v):
        return plain(v)
    if isinstance(v, float):
        return put_double(v)
    if isinstance(v, list):
        return "[" + ",".join(map(put, v)) + "]"
    if isinstance(v, dict):
        return "{" + ",".join(put(k) + ":" + put(v[k]) for k in sorted(v)) + "}"
    return json.dumps(v, ensure_ascii=False)


# --- Aggregates: name -> what it makes of the records of a group ---


class Bad(Exception):
    pass


def numbers(values):
    return [Fraction(v) for v in values if v is not None]


def total(values):
    exact = sum(numbers(values))
    return None if not numbers(values) else exact_decimal(exact)


def exact_decimal(f):
    """A fraction whose denominator has only twos and fives."""
    scale = 0
    while f.denominator != 1:
        f, scale = f * 10, scale + 1
    return Decimal(f.numerator).scaleb(-scale)


def mean(values):
    n = numbers(values)
    return float(sum(n) / len(n)) if n else None


def best(values, pick):
    there = [v for v in values if v is not None]
    return pick(there, key=order) if there else None


AGGREGATES = {
    "count": lambda values: Decimal(len(values)),
    "count(E)": lambda values: Decimal(sum(v is not None for v in values)),
    "sum(E)": total,
    "avg(E)": mean,
    "min(E)": lambda values: best(values, min),
    "max(E)": lambda values: best(values, max),
    "first(E)": lambda values: next((v for v in values if v is not None), None),
    "last(E)": lambda values: next((v for v in reversed(values) if v is not None), None),
    "distinct(E)": lambda values: Decimal(len({order(v) for v in values if v is not None})),
    "collect(E)": lambda values: [v for v in values if v is not None],
}
NEEDS_NUMBERS = {"sum(E)", "avg(E)"}


def exact(operate):
    """+ - * in an argument: null on either side is null."""
    def run(record):
        v, w = record.get("v"), record.get("w")
        return None if v is None or w is None else exact_decimal(operate(Fraction(v), Fraction(w)))
    return run


ARGUMENTS = {
    "PATHv": lambda record: record.get("v"),
    "PATHw": lambda record: record.get("w"),
    "PATHv * PATHw": exact(lambda v, w: v * w),
    "PATHv - 0.5 * PATHw": exact(lambda v, w: v - w / 2),
}


class Aggregate:
    """path: how a field is written, before its name."""

    def __init__(self, function, argument, name=None, where=None):
        self.function, self.argument, self.name, self.where = function, argument, name, where

    def value(self, record):
        return ARGUMENTS[self.argument](record)

    def spec(self, path):
        text = self.function.replace("E", self.argument.replace("PATH", path))
        if self.where:
            text += " where " + self.where[0]
        return (self.name + "=" if self.name else "") + text

    def title(self, path):
        return self.name or self.spec(path)

    def holds(self, record):
        return not self.where or self.where[1](record)

    def check(self, record):
        if self.function in NEEDS_NUMBERS and self.holds(record):
            v = self.value(record)
            if v is not None and not is_number(v):
                raise Bad("not a number")

    def result(self, records):
        return AGGREGATES[self.function]([self.value(r) for r in records if self.holds(r)])


# --- Random parts of both ---


TESTS = [
    ("PATHk != null", lambda record: record.get("k") is not None),
    ("PATHw > 1", lambda record: order(record.get("w")) > order(Decimal(1))),
    ('PATHw == 2 or PATHk == "a"', lambda record: record.get("w") == 2 or record.get("k") == "a"),
    ("false", lambda record: False),
]


def random_test(r, path):
    text, holds = r.choice(TESTS[:3] if r.random() < .95 else TESTS)
    return text.replace("PATH", path), holds


def random_aggregates(r, path, arguments):
    chosen = []
    for i in range(r.randint(1, 4)):
        function = r.choice(list(AGGREGATES))
        named = r.random() < .5 or "E" not in function
        where = random_test(r, path) if r.random() < .3 else None
        chosen.append(Aggregate(function, r.choice(arguments), f"a{i}" if named else None, where))
    titles = [a.title(path) for a in chosen]
    return [a for i, a in enumerate(chosen) if titles[i] not in titles[:i]]


def random_number(r):
    return r.choice([
        lambda: str(r.randint(-9, 9)), lambda: "%.2f" % r.uniform(-9, 9), lambda: "1e%d" % r.randint(-6, 12),
        lambda: str(r.randint(-10**17, 10**17)), lambda: "-0.0",
        lambda: "%d.%d" % (r.randint(0, 9), r.randint(0, 10**9)),
    ])()


# --- Random cases of csvagg ---


def cell_value(text):
    """As a cell means it."""
    if text == "":
        return None
    try:
        number = read_json(text)
    except ValueError:
        return text
    return number if is_number(number) and text.strip() == text else text


def put_cell(v):
    return "" if v is None else v if isinstance(v, str) else put(v)


def quoted(text, delimiter, alone=False):
    if any(c in text for c in delimiter + '"\r\n') or alone and text == "":
        return '"' + text.replace('"', '""') + '"'
    return text


def random_cell(r, column):
    if column == "k":
        return r.choice(["a", "b", "a,b", 'say "x"', "two\nlines", "two\r\nlines", "007", "7", "7.0", "", " a", "é", "\t;"])
    if column == "w":
        return r.choice(["0", "1", "2", "3", "2.0", ""])
    if column == "v":
        return r.choice(["", random_number(r), random_number(r), random_number(r)])
    return r.choice(["", "x", '"', "\n", "1"])


def random_csvagg(r):
    """Several files with the columns in other orders, of which `z` may be missing."""
    files = []
    for n in range(r.choice([1, 1, 2, 3])):
        columns = ["k", "v", "w"] + (["z"] if r.random() < .7 else [])
        r.shuffle(columns)
        rows = [[random_cell(r, c) for c in columns] for _ in range(r.choice([0, 1, 10, 60]))]
        files.append((columns, rows))
    return files


def written(r, columns, rows, delimiter):
    f = io.StringIO(newline="")
    out = csv.writer(f, delimiter=delimiter, lineterminator=r.choice(["\n", "\r\n"]),
                     quoting=r.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    out.writerows([columns] + rows)
    text = f.getvalue()
    if r.random() < .2:
        text = text[:-1].removesuffix("\r")
    return ("\ufeff" if r.random() < .2 else "") + text


def write_tables(r, i):
    """The tables, csvagg's arguments for how they are written, and their names."""
    files, delimiter = random_csvagg(r), r.choice(",;\t")
    for n, (columns, rows) in enumerate(files):
        write(f"{i}.{n}.csv", written(r, columns, rows, delimiter))
    return files, ["-d", delimiter], [f"{i}.{n}.csv" for n in range(len(files))]


def csvagg(r, i):
    files, form_args, names = write_tables(r, i)
    aggregates, where = random_aggregates(r, "", list(ARGUMENTS)), random_test(r, "") if r.random() < .3 else None
    keys = r.sample(["k", "w"], r.randint(0, 2))
    form = r.choice(["--csv", "--json"])
    groups = {} if keys else {(): []}
    for columns, rows in files:
        for row in rows:
            cells = dict(zip(columns, row))
            record = {c: cell_value(text) for c, text in cells.items()}
            if not where or where[1](record):
                groups.setdefault(tuple(cells[k] for k in keys), []).append(record)
    titles = keys + [a.title("") for a in aggregates]
    lines = []
    for key, records in groups.items():
        values = list(key) + [a.result(records) for a in aggregates]
        if form == "--json":
            # A key that is a number is shown as it was written.
            texts = [put(cell_value(k)) if not is_number(cell_value(k)) else k for k in key] + list(map(put, values[len(key):]))
            lines.append("{" + ",".join(put(t) + ":" + v for t, v in zip(titles, texts)) + "}")
        else:
            lines.append(",".join(quoted(put_cell(v), ",", len(values) == 1) for v in values))
    if form == "--csv":
        lines.insert(0, ",".join(quoted(t, ",") for t in titles))
    args = ["csvagg"] + form_args + [form]
    for k in keys:
        args += ["-g", k]
    args += ["-w", where[0]] if where else []
    args += ["-a", ", ".join(a.spec("") for a in aggregates)]
    for jobs in "1", "2", "7":
        run_args = args + ["-j", jobs] + names
        if jobs != "7":
            out, err = run(run_args)
        else:
            with open(names[0], "rb") as f:
                run_args[run_args.index(names[0])] = "-"
                out, err = run_piped(r, run_args, f.read())
        same(run_args, "standard output", "".join(line + "\n" for line in lines), out)
        same(run_args, "standard error", "", err)
    return len(lines)


def kcount(r, i):
    _, form_args, names = write_tables(r, i)
    args = ["csvagg", "--json"] + form_args + ["-g", "g=w + 0"]
    args += ["-a", "n=count, s=sum(v * w), m=avg(v), c=collect(k)"] + names
    rows, _ = run(["csvin"] + form_args + names)
    want, err = run(args)
    same(args, "standard error", "", err)
    args = ["kcount", "-g", "g=.w + 0", "-a", "n=count, s=sum(.v * .w), m=avg(.v), c=collect(.k)"]
    for jobs in "1", "2", "7":
        run_args = args + ["-j", jobs]
        out, err = run(run_args, rows.encode()) if jobs == "1" else run_piped(r, run_args, rows.encode())
        same(run_args, "standard output", want, out)
        same(run_args, "standard error", "", err)
    return want.count("\n")


def hold(cases):
    """The command line: which of the cases, with which seed, how many."""
    case, seed, n = cases[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3])
    rows = sum(case(random.Random(seed * 1000003 + i), i) for i in range(n))
    print(f"{n} cases, {rows} rows")


def main():
    hold({"csvagg": csvagg, "kcount": kcount})


if __name__ == "__main__":
    main()
