"""A slow and plain model of kwindow, and random streams with which the tool is held to it.

    windows.py kwindow SEED N       N random streams
    windows.py state SEED N         the same streams in pieces, each run going on from the last one's --state
    windows.py zones SEED N         local times of N random zones, most of them where clocks change, against Python's zoneinfo

Runs the tool on PATH, in the working directory, where the input of stream i stays: i.in. Stops, with status 1, at the
first case that differs. A window here is the list of its records; every aggregate is worked out anew from
that list, each time it is printed. What --emit changes prints is folded, too: the last row of each window and group is
that of --emit close or table, and that of one run is that of several.
"""
import json
import random
import zoneinfo
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from model import (ARGUMENTS, Aggregate, Bad, hold, order, plain, put, random_aggregates, random_number,
                   random_test, read_json, run, run_piped, same, stamp, write)

MS = 1000
S = 1000000

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


class Row:
    """What is shown of a window and a group."""

    def __init__(self, conf, window, records):
        self.conf, self.window, self.first = conf, window, records[0].arrival
        self.identity = [("window_start", self.time(window[0])), ("window_end", self.time(window[1]))]
        if conf["window_time"]:
            self.identity.append(("window_time", self.time(window[1] - MS)))
        self.identity += [(name, put(records[0].get(field))) for name, field in conf["groups"]]
        # First and last go by arrival, whatever the order of the others.
        arrived = sorted(records, key=lambda r: r.arrival)
        self.values = {a.title("."): a.result(arrived if a.function in ("first(E)", "last(E)") else records)
                       for a in conf["aggregates"]}

    def time(self, us):
        return put(stamp(us)) if self.conf["time_format"] == "rfc3339" else plain(Decimal(us) / MS)

    def text(self, fields):
        return "{" + ",".join(put(name) + ":" + text for name, text in fields) + "}"

    def shown(self):
        return self.text(self.identity + [(name, put(v)) for name, v in self.values.items()])

    def deleted(self):
        return self.text(self.identity + [("$delete", "true")])

    def rank(self):
        """By the value, nulls last."""
        by, sign = self.conf["by"]
        v = self.values[by]
        v = Decimal(v) if isinstance(v, float) else v
        assert v is None or isinstance(v, (bool, Decimal))
        return (v is None, 0 if v is None else sign * Decimal(v))


class Record(dict):
    arrival = 0


class Model:
    """What is common to all kinds of windows. These have add(record, t, key), which says whether it was in time, close(),
    and all_rows()."""

    def __init__(self, conf):
        self.conf = conf
        self.watermark = Watermark(conf["delay"], conf["partitions"])
        self.rows, self.late, self.count, self.nbad = [], [], 0, 0
        self.out = {}  # the rows that are shown, with changes: place of it -> Row
        self.due = {}  # and those that wait for their window to close, or for the end

    def is_closed(self, end):
        mark = self.watermark.now
        return self.conf["emit"] != "table" and mark is not None and end + self.conf["grace"] <= mark

    def holds(self, row):
        return not self.conf["having"] or self.conf["having"][1](row.values)

    def print_rows(self, rows):
        rows = [row for row in rows if self.holds(row)]
        if self.conf["top"]:
            rows = self.ranked(rows)
        self.rows += [row.shown() for row in rows]

    def ranked(self, rows):
        """Of each window the best."""
        n, best = self.conf["top"], []
        for window in dict.fromkeys(row.window for row in rows):
            of_window = sorted((row for row in rows if row.window == window), key=Row.rank)
            last = of_window[n - 1].rank() if len(of_window) >= n else None
            best += of_window[:n]
            best += [row for row in of_window[n:] if self.conf["ties"] and row.rank() == last]
        return best

    def take_back(self, place):
        self.due.pop(place, None)
        row = self.out.pop(place, None)
        if row:
            self.rows.append(row.deleted())

    def change(self, place, row):
        """The row at this place, whatever that is to the kind of window, is another now."""
        if self.conf["emit"] != "changes":
            return
        if self.conf["every"]:
            self.due[place] = row
        else:
            self.put_change(place, row)

    def put_due(self, is_due):
        for place, row in sorted(self.due.items(), key=lambda e: (e[1].window[1], e[1].first)):
            if is_due(row.window[1]):
                del self.due[place]
                self.put_change(place, row)

    def put_change(self, place, row):
        if self.holds(row):
            self.rows.append(row.shown())
            self.out[place] = row
        else:
            self.take_back(place)

    def take(self, line, text_record, t):
        """t: what the event time is, None when there is none."""
        conf = self.conf
        self.count += 1
        record = None if text_record is None else Record(text_record)
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
        record.arrival = self.count
        if passes:
            self.place(line, record, t)
        partition = (record.get("topic"), record.get("partition")) if conf["envelope"] else None
        self.watermark.observe(partition, t)
        self.close()

    def place(self, line, record, t):
        conf = self.conf
        if not self.add(record, t, tuple(put(record.get(field)) for _, field in conf["groups"])):
            self.late.append(line)
        elif conf["emit"] == "table" and conf["each"]:
            self.print_rows(self.all_rows())

    def end(self):
        conf = self.conf
        if conf["emit"] == "close" and not conf["keep_open"] or conf["emit"] == "table" and not conf["each"]:
            self.print_rows(self.all_rows())
        if not conf["keep_open"]:
            self.put_due(lambda end: True)

    def account(self, tool):
        if not self.nbad and not self.late:
            return ""
        used = self.count - self.nbad - len(self.late)
        return f"{tool}: {self.count} in, {used} used, {self.nbad} bad, {len(self.late)} late\n"


class Grid(Model):
    """--tumble, --hop, --cumulate"""

    def __init__(self, conf):
        super().__init__(conf)
        self.windows = {}  # (start, end) -> {key: [records]}; both dicts keep the order of arrival

    def rows_of(self, windows):
        return [Row(self.conf, window, records) for window in sorted(windows, key=lambda w: (w[1], w[0]))
                for records in self.windows[window].values()]

    def all_rows(self):
        return self.rows_of(self.windows)

    def add(self, record, t, key):
        open_ones = [w for w in windows_of(self.conf, t) if not self.is_closed(w[1])]
        for window in open_ones:
            records = self.windows.setdefault(window, {}).setdefault(key, [])
            records.append(record)
            self.change((window, key), Row(self.conf, window, records))
        return bool(open_ones)

    def close(self):
        over = [w for w in self.windows if self.is_closed(w[1])]
        if self.conf["emit"] == "close":
            self.print_rows(self.rows_of(over))
        self.put_due(self.is_closed)
        for w in over:
            del self.windows[w]


class Sessions(Model):
    """--session: lists of [start, end, records, key], in order of their first records"""

    def __init__(self, conf):
        super().__init__(conf)
        self.sessions = []

    def rows_of(self, sessions):
        return [Row(self.conf, (s[0], s[1]), s[2]) for s in sorted(sessions, key=lambda s: (s[1], s[2][0].arrival))]

    def all_rows(self):
        return self.rows_of(self.sessions)

    def add(self, record, t, key):
        gap, t = self.conf["size"], t // MS * MS
        near = [s for s in self.sessions if s[3] == key and s[0] <= t + gap and t <= s[1]]
        if not near and self.is_closed(t + gap):
            return False
        whole = [min([t] + [s[0] for s in near]), max([t + gap] + [s[1] for s in near]),
                 sum((s[2] for s in near), []) + [record], key]
        first = near[0] if near else whole
        for s in near[1:]:
            self.take_back(id(s))
            self.sessions.remove(s)
        if not near:
            self.sessions.append(first)
        elif whole[:2] != first[:2]:
            self.take_back(id(first))
        first[:] = whole
        self.change(id(first), self.rows_of([first])[0])
        return True

    def close(self):
        over = [s for s in self.sessions if self.is_closed(s[1])]
        if self.conf["emit"] == "close":
            self.print_rows(self.rows_of(over))
        self.put_due(self.is_closed)
        for s in over:
            self.out.pop(id(s), None)
            self.sessions.remove(s)


class Slide(Model):
    """--slide: a row for each record; they are final when no earlier one can come"""

    def __init__(self, conf):
        super().__init__(conf)
        self.records, self.waiting = [], []  # (t, arrival, key, record, came when its own row was out)

    def rows_of(self, entries):
        rows = []
        for t, _, key, _, _ in sorted(entries, key=lambda e: e[:2]):
            start = t - self.conf["size"]
            inside = sorted((e for e in self.records if e[2] == key and start <= e[0] <= t),
                            key=lambda e: (1, e[1]) if e[4] else (0, e[0], e[1]))
            rows.append(Row(self.conf, (start, t), [e[3] for e in inside]))
        return rows

    def all_rows(self):
        return self.rows_of(self.waiting)

    def add(self, record, t, key):
        t = t // MS * MS
        if self.is_closed(t + self.conf["size"] + MS):
            return False
        self.records.append((t, record.arrival, key, record, self.is_closed(t + MS)))
        if not self.is_closed(t + MS):
            self.waiting.append(self.records[-1])
        return True

    def close(self):
        over = [e for e in self.waiting if self.is_closed(e[0] + MS)]
        self.print_rows(self.rows_of(over))
        self.waiting = [e for e in self.waiting if not self.is_closed(e[0] + MS)]


KINDS = {"tumble": Grid, "hop": Grid, "cumulate": Grid, "session": Sessions, "slide": Slide}


# --- Random cases of kwindow ---


def duration(us):
    return f"{us // S}s" if us % S == 0 else f"{us // MS}ms"


def random_window(r):
    unit = r.choice([MS, S, 60 * S])
    step = r.randint(1, 8) * unit
    kind = r.choice(["tumble", "hop", "cumulate", "session", "session", "slide"])
    if kind in ("tumble", "session", "slide"):
        size = step
        text = duration(size)
    else:
        size = step * r.randint(1, 4) if kind == "cumulate" else step + r.randint(0, 20) * unit
        text = duration(size) + "/" + duration(step)
    align = 0 if kind in ("session", "slide") else r.choice([0, 0, r.randint(-30, 30) * unit])
    conf = {"kind": kind, "size": size, "step": step, "align": align}
    return conf, ["--" + kind, text] + (["--align=" + duration(align)] if align else [])


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


def random_rows(r, conf):
    """Which rows are shown, and how: arguments."""
    args = []
    conf.update(having=None, top=0, ties=False, window_time=False, time_format="rfc3339")
    if r.random() < .3:
        conf["aggregates"].append(Aggregate("count", "PATHv", "n"))
        conf["having"] = r.choice([(".n % 2 == 1", lambda v: v["n"] % 2 == 1), (".n > 1", lambda v: v["n"] > 1),
                                   (".n < 3", lambda v: v["n"] < 3)])
        args += ["--having", conf["having"][0]]
    ranking = [a.title(".") for a in conf["aggregates"] if a.function in ("count", "count(E)", "sum(E)", "avg(E)", "distinct(E)")]
    if conf["emit"] != "changes" and KINDS[conf["kind"]] == Grid and ranking and r.random() < .3:
        by, sign = r.choice(ranking), r.choice([1, -1])
        conf.update(top=r.randint(1, 3), by=(by, sign), ties=r.random() < .5)
        args += ["--top", str(conf["top"]), "--by", by + (":asc" if sign > 0 else r.choice(["", ":desc"]))]
        args += ["--ties"] if conf["ties"] else []
    if conf["kind"] != "slide" and r.random() < .2:
        conf["window_time"] = True
        args += ["--window-time"]
    if r.random() < .2:
        conf["time_format"] = "ms"
        args += ["--time-format", "ms"]
    return args


def random_kwindow(r):
    conf, args = random_window(r)
    form_args, time_text = random_time_form(r)
    span = conf["size"] * r.randint(1, 8)
    bad, texts = r.random() < .3, r.random() < .1
    fine = r.choice([1, MS, conf["step"]])
    conf.update(delay=r.choice([0, 0, r.randint(0, span // MS // 2) * MS]),
                grace=r.choice([0, 0, r.randint(0, span // MS // 4) * MS]),
                emit=r.choice(["close", "close", "changes", "table"] if conf["kind"] != "slide" else ["close"]), keep_open=r.random() < .2, each=r.random() < .3,
                envelope=r.random() < .3, partitions=0, where=random_test(r, ".") if r.random() < .3 else None,
                groups=r.sample([("k", "k"), ("w", "w"), ("other", "k")], r.randint(0, 2)),
                aggregates=random_aggregates(r, ".", list(ARGUMENTS)[:2 if texts else 4]))
    conf["every"] = conf["emit"] == "changes" and r.random() < .4
    args += form_args + ["--delay", duration(conf["delay"]), "--grace", duration(conf["grace"]), "--emit", conf["emit"]]
    args += ["-T", ".t"] if not conf["envelope"] or r.random() < .5 else ["-T", ".t", "-J"]
    conf["envelope"] = "-J" in args
    args += random_rows(r, conf)
    if conf["envelope"] and r.random() < .3:
        conf["partitions"] = r.randint(1, 4)
        args += ["--partitions", str(conf["partitions"])]
    args += ["--keep-open"] if conf["keep_open"] else []
    args += ["--every", "0s"] if conf["each"] and conf["emit"] == "table" else []
    args += ["--every", "1h"] if conf["every"] else []
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
    model = KINDS[conf["kind"]](conf)
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
    if conf["kind"] != "slide" and not conf["top"] and not conf["keep_open"] and conf["emit"] != "changes":
        fold(r, conf, args, f"{i}.in")
    return len(model.rows)


def fold(r, conf, args, name):
    """The last of the rows of --emit changes are those of --emit close; of --emit table when nothing was late."""
    args = args[:-2]  # without --late
    emit = args.index("--emit")
    final = args[:] + [name]
    changes = args[:emit] + ["--emit", "changes"] + args[emit + 2:] + r.choice([[], ["--every", "0s"], ["--every", "1h"]]) + [name]
    if conf["emit"] == "table":
        delay = args.index("--delay")
        changes[delay + 1] = "300000h"
        if "--every" in args:
            at = final.index("--every")
            del final[at:at + 2], changes[at:at + 2]
    want, _ = run(final)
    out, _ = run(changes)
    same(changes, "what is folded", "".join(sorted(want.splitlines(True))), folded(conf, out))


def folded(conf, out):
    rows = {}
    for line in out.splitlines():
        row = json.loads(line)
        names = ["window_start", "window_end"] + [name for name, _ in conf["groups"]]
        identity = json.dumps([row[n] for n in names])
        rows.pop(identity, None)
        if "$delete" not in row:
            rows[identity] = line
    return "".join(sorted(row + "\n" for row in rows.values()))


# --- A stream in several runs ---


def state(r, i):
    conf, args, lines = random_kwindow(r)
    every_function = ["median(.v)", "p90(.w)", "var(.w)", "mode(.k)", "collect_set(.k)", "top(2; .v)", "approx_distinct(.v)",
                      "max_by(.k; .w)", "approx_p50(.w)", "skewness(.w)"]
    args[args.index("-a") + 1] += ", " + ", ".join(r.sample(every_function, 4))
    args = ["kwindow", "--bad", "skip", "-q"] + args
    lines = [line + "\n" for line, _, _ in lines]
    if conf["every"]:
        # Each run prints at other times, and may leave what it did not.
        args = [a for a in args if a not in ("--every", "1h", "--keep-open")]
    want, _ = run(args, "".join(lines).encode())
    cuts = sorted(r.randint(0, len(lines)) for _ in range(r.randint(1, 3)))
    got, folder = "", f"{i}.state"
    for n, (begin, end) in enumerate(zip([0] + cuts, cuts + [len(lines)])):
        last = n == len(cuts) and "--keep-open" not in args
        more = ["--final"] if last else []
        if conf["every"]:
            more += r.choice([[], ["--every", "0s"], ["--every", "1h"]] + [["--every", "1h", "--keep-open"]] * (3 * (not last)))
        out, _ = run(args + ["--state", folder] + more, "".join(lines[begin:end]).encode())
        if conf["emit"] == "table" and not conf["each"]:
            got = out  # all rows, each time
        else:
            got += out
    if conf["every"]:
        want, got = folded(conf, want), folded(conf, got)
    same(args, "what the runs print", want, got)
    return len(lines)


# --- Time zones ---


def zones(r, i):
    zone = r.choice(sorted(zoneinfo.available_timezones() - {"localtime", "Factory"}))
    epoch, times = datetime(1970, 1, 1, tzinfo=timezone.utc), []
    for _ in range(300):
        t = datetime(r.choice([1, 1890, 1970, 1970, 2037]) + r.randint(0, 150), r.choice([3, 4, 10, 11]), r.randint(1, 28),
                     r.randint(0, 4), r.randint(0, 59))
        if r.random() < .2:
            t = datetime(1, 1, 3) + timedelta(seconds=r.randint(0, 9990 * 365 * 86400))
        times.append(((t.replace(tzinfo=zoneinfo.ZoneInfo(zone)) - epoch) // timedelta(seconds=1), t.isoformat()))
    times.sort()
    args = ["kwindow", "--tz", zone, "--session", "1ms", "-T", ".", "-g", "t=.", "--delay", "1h", "--time-format", "s", "--emit", "changes"]
    out, err = run(args, "".join(json.dumps(text) + "\n" for _, text in times).encode())
    starts = {row["t"]: row["window_start"] for row in map(json.loads, out.splitlines()) if "$delete" not in row}
    got = [(starts.get(text), text) for _, text in times]
    same(args, "UTC", "".join(f"{t}\n" for t in times), "".join(f"{t}\n" for t in got))
    same(args, "standard error", "", err)
    return len(times)


if __name__ == "__main__":
    hold({"kwindow": kwindow, "state": state, "zones": zones})


