"""Slow and plain models of kwindow and csvagg, and random inputs with which the tools are held to them.

    model.py kwindow SEED N     N random streams
    model.py csvagg SEED N      N random sets of tables
    model.py kcount SEED N      the same tables: csvagg must give what csvin and kcount give

Runs the tools on PATH, in the working directory, where the inputs stay: i.in of stream i, i.0.csv,
i.1.csv ... of table i. Stops, with status 1, at the first case that differs. A window here is the
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

MS = 1000
S = 1000000
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


# --- Windows ---


def windows_of(conf, t):
    """The windows of time t, by their definition, in order of their ends."""
    size, step, align = conf["size"], conf["step"], conf["align"]
    if conf["kind"] == "cumulate":
        start = (t - align) // size * size + align
        return [(start, end) for end in range(start + step, start + size + 1, step) if t < end]
    if conf["kind"] == "tumble":
        step = size
    start = (t - align) // step * step + align
    found = []
    while start + size > t:
        found.append((start, start + size))
        start -= step
    return sorted(found, key=lambda w: w[1])


class Watermark:
    """No partition is ever idle here: files make nobody wait."""

    def __init__(self, delay, expected):
        self.delay, self.expected, self.greatest, self.now = delay, expected, {}, None

    def observe(self, partition, t):
        self.greatest[partition] = max(t, self.greatest.get(partition, t))
        if len(self.greatest) < self.expected:
            return
        mark = min(self.greatest.values()) - self.delay
        self.now = mark if self.now is None else max(self.now, mark)


def stamp(us):
    return (datetime(1970, 1, 1) + timedelta(microseconds=us)).isoformat(timespec="milliseconds") + "Z"


class Model:
    def __init__(self, conf):
        self.conf = conf
        self.watermark = Watermark(conf["delay"], conf["partitions"])
        self.windows = {}  # (start, end) -> {key: [records]}; both dicts keep the order of arrival
        self.rows, self.late, self.count, self.nbad = [], [], 0, 0

    def closed(self, window):
        mark = self.watermark.now
        return self.conf["emit"] != "table" and mark is not None and window[1] + self.conf["grace"] <= mark

    def row(self, window, key):
        conf, records = self.conf, self.windows[window][key]
        fields = [("window_start", put(stamp(window[0]))), ("window_end", put(stamp(window[1])))]
        fields += [(name, put(records[0].get(field))) for name, field in conf["groups"]]
        fields += [(a.title("."), put(a.result(records))) for a in conf["aggregates"]]
        self.rows.append("{" + ",".join(put(name) + ":" + text for name, text in fields) + "}")

    def print_windows(self, windows):
        for window in sorted(windows, key=lambda w: (w[1], w[0])):
            for key in self.windows[window]:
                self.row(window, key)

    def take(self, line, text_record, t):
        """t: what the event time is, None when there is none."""
        conf = self.conf
        self.count += 1
        record = text_record
        passes = record is not None and (not conf["where"] or conf["where"][1](record))
        try:
            if record is None or t is None:
                raise Bad
            if passes:
                for a in conf["aggregates"]:
                    a.check(record)
        except Bad:
            self.nbad += 1
            return
        if passes:
            self.add(line, record, t)
        partition = (record.get("topic"), record.get("partition")) if conf["envelope"] else None
        self.watermark.observe(partition, t)
        over = [w for w in self.windows if self.closed(w)]
        if conf["emit"] == "close":
            self.print_windows(over)
        for w in over:
            del self.windows[w]

    def add(self, line, record, t):
        conf = self.conf
        open_ones = [w for w in windows_of(conf, t) if not self.closed(w)]
        key = tuple(put(record.get(field)) for _, field in conf["groups"])
        for window in open_ones:
            self.windows.setdefault(window, {}).setdefault(key, []).append(record)
            if conf["emit"] == "changes":
                self.row(window, key)
        if not open_ones:
            self.late.append(line)
        elif conf["emit"] == "table" and conf["each"]:
            self.print_windows(self.windows)

    def end(self):
        conf = self.conf
        if conf["emit"] == "close" and not conf["keep_open"] or conf["emit"] == "table" and not conf["each"]:
            self.print_windows(self.windows)

    def account(self, tool):
        if not self.nbad and not self.late:
            return ""
        used = self.count - self.nbad - len(self.late)
        return f"{tool}: {self.count} in, {used} used, {self.nbad} bad, {len(self.late)} late\n"


# --- Random cases of kwindow ---


def duration(us):
    return f"{us // S}s" if us % S == 0 else f"{us // MS}ms"


def random_window(r):
    unit = r.choice([MS, S, 60 * S])
    step = r.randint(1, 8) * unit
    kind = r.choice(["tumble", "hop", "cumulate"])
    if kind == "tumble":
        size = step
        text = duration(size)
    else:
        size = step * r.randint(1, 4) if kind == "cumulate" else step + r.randint(0, 20) * unit
        text = duration(size) + "/" + duration(step)
    align = r.choice([0, 0, r.randint(-30, 30) * unit])
    conf = {"kind": kind, "size": size, "step": step, "align": align}
    return conf, ["--" + kind, text, "--align=" + duration(align)]


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


def random_time_form(r):
    """How a case writes its times: (arguments, number of a time in us -> text of it)."""
    def with_unit(per):
        return lambda t: plain(Decimal(t) / per)
    args, number = r.choice([
        (["--time-unit", "s"], with_unit(S)), (["--time-unit", "ms"], with_unit(MS)),
        (["--time-unit", "us"], with_unit(1)), (["--time-unit", "ns"], lambda t: str(t * 1000)),
    ])
    def text(t):
        zone = r.choice(["", "Z", "+02:00", "-0930"])
        shift = {"+02:00": 7200, "-0930": -34200}.get(zone, 0) * S
        local = (datetime(1970, 1, 1) + timedelta(microseconds=t + shift)).isoformat(r.choice("T "), "microseconds")
        return '"' + local + zone + '"'
    forms = [number, lambda t: '"' + number(t) + '"', text]
    weights = r.choice([(1, 0, 0), (0, 0, 1), (0, 1, 0), (1, 1, 1)])
    return args, lambda t: r.choices(forms, weights)[0](t)


KEYS = ['"a"', '"b"', '"a"', "1", "1.0", '"1"', "null", "true", '"é\\n\\""', "[1,2.50]", '{"y":1,"x":[]}', None]
BAD_LINES = ["{", '{"t":}', "nope", '{"t":1}{"t":2}', "[", '{"t":null,"k":"a"}', '{"k":"a"}', '{"t":"soon"}', '{"t":[1]}']


def random_kwindow(r):
    conf, args = random_window(r)
    form_args, time_text = random_time_form(r)
    span = conf["size"] * r.randint(1, 8)
    bad, texts = r.random() < .3, r.random() < .1
    fine = r.choice([1, MS, conf["step"]])
    conf.update(delay=r.choice([0, 0, r.randint(0, span // MS // 2) * MS]),
                grace=r.choice([0, 0, r.randint(0, span // MS // 4) * MS]),
                emit=r.choice(["close", "close", "changes", "table"]), keep_open=r.random() < .2, each=r.random() < .3,
                envelope=r.random() < .3, partitions=0, where=random_test(r, ".") if r.random() < .3 else None,
                groups=r.sample([("k", "k"), ("w", "w"), ("other", "k")], r.randint(0, 2)),
                aggregates=random_aggregates(r, ".", list(ARGUMENTS)[:2 if texts else 4]))
    args += form_args + ["--delay", duration(conf["delay"]), "--grace", duration(conf["grace"]), "--emit", conf["emit"]]
    args += ["-T", ".t"] if not conf["envelope"] or r.random() < .5 else ["-T", ".t", "-J"]
    conf["envelope"] = "-J" in args
    if conf["envelope"] and r.random() < .3:
        conf["partitions"] = r.randint(1, 4)
        args += ["--partitions", str(conf["partitions"])]
    args += ["--keep-open"] if conf["keep_open"] else []
    args += ["--every", "0s"] if conf["each"] and conf["emit"] == "table" else []
    args += ["-w", conf["where"][0]] if conf["where"] else []
    for name, field in conf["groups"]:
        args += ["-g", "." + field if name == field else f"{name}=.{field}"]
    args += ["-a", ", ".join(a.spec(".") for a in conf["aggregates"])]
    base = r.choice([0, 1713712245 * S, -86400 * S])
    lines = []
    for i in range(r.choice([0, 1, 5, 30, 120])):
        t = base + i * span // 60 + r.randint(-span // fine // 2, span // fine // 2) * fine
        fields = [('"t"', time_text(t)), ('"k"', r.choice(KEYS))]
        if r.random() < .9:
            fields.append(('"v"', r.choice(['"x"', "null"]) if texts and r.random() < .1 else random_number(r)))
        if r.random() < .9:
            fields.append(('"w"', r.choice(["0", "1", "2", "3", "null", "2.0"])))
        if conf["envelope"]:
            fields += [('"topic"', r.choice(['"p"', '"q"'])), ('"partition"', str(r.randint(0, 1)))]
        fields = [(name, value) for name, value in fields if value is not None]
        r.shuffle(fields)
        blank = r.choice(["", "", " ", "\t"])
        line = "{" + ("," + blank).join(name + blank + ":" + blank + value for name, value in fields) + "}"
        lines.append((line + r.choice(["", "", " ", "\r"]), read_json(line), t))
        if bad and r.random() < .1:
            lines.append((r.choice(BAD_LINES), None, None))
        if r.random() < .02:
            lines.append(("", None, None))
    return conf, args, lines


def kwindow(r, i):
    conf, args, lines = random_kwindow(r)
    model = Model(conf)
    for line, record, t in lines:
        if line.strip():
            model.take(line, record, t)
    model.end()
    text = "\n".join(line for line, _, _ in lines)
    write(f"{i}.in", text + ("\n" if text and r.random() < .8 else ""))
    write(f"{i}.late", "")
    args = ["kwindow"] + args + ["--bad", "skip", "--late", f"{i}.late"]
    if r.random() < .5:
        out, err = run(args + [f"{i}.in"])
    else:
        with open(f"{i}.in", "rb") as f:
            out, err = run_piped(r, args, f.read())
    same(args, "standard output", "".join(row + "\n" for row in model.rows), out)
    same(args, "standard error", model.account("kwindow"), err)
    with open(f"{i}.late", encoding="utf-8", newline="") as f:
        same(args, "--late", "".join(line + "\n" for line in model.late), f.read())
    return len(model.rows)


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


def main():
    tool, seed, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    case = {"kwindow": kwindow, "csvagg": csvagg, "kcount": kcount}[tool]
    rows = sum(case(random.Random(seed * 1000003 + i), i) for i in range(n))
    print(f"{n} cases, {rows} rows")


if __name__ == "__main__":
    main()
