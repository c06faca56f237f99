"""Slow and plain models of kjoin and kuniq, and random streams with which the tools are held to them.

    joins.py kjoin SEED N       N random streams of both sides, joined in a random way
    joins.py two SEED N         the same as two inputs, in order: the rows of the one stream, whatever their order
    joins.py state SEED N       both again in pieces, each run going on from the last one's --state
    joins.py kuniq SEED N       N random streams

As model.py and windows.py, whose helpers these are: held records are in lists that are searched from end to end.
"""
import random
import sys

from model import put, read_json, run, run_piped, same, stamp, write
from windows import KEYS, S, Watermark, duration, windows_of

BAD_LINES = ["{", '{"t":}', "nope", '{"t":1}{"t":2}', "[", '{"s":"l","t":null}', '{"s":"r","t":"soon"}']
PAIRS, ONCE, LEFT, RIGHT = "pairs", "once", "l", "r"
KINDS = {"inner": {PAIRS}, "left": {PAIRS, LEFT}, "right": {PAIRS, RIGHT}, "outer": {PAIRS, LEFT, RIGHT},
         "semi": {ONCE}, "anti": {LEFT}}
TABLE_KINDS = ["inner", "left", "semi", "anti"]


def other(side):
    return RIGHT if side == LEFT else LEFT


class Held:
    def __init__(self, side, key, t, seq, text):
        self.side, self.key, self.t, self.seq, self.text, self.met = side, key, t, seq, text, False


class Join:
    def __init__(self, conf):
        self.conf = conf
        self.gives = KINDS[conf["kind"]]
        self.held, self.rows, self.late = [], [], []
        self.watermarks = {side: Watermark(conf["delay"], 0) for side in (LEFT, RIGHT)}
        self.seq = self.count = self.nbad = 0
        self.wm = None

    def row(self, key, left, right):
        window, value = key
        start = f'"window_start":"{stamp(window[0])}","window_end":"{stamp(window[1])}",' if window else ""
        self.rows.append(f'{{{start}"key":{value},"left":{left or "null"},"right":{right or "null"}}}')

    def alone(self, r):
        if r.side in self.gives:
            self.row(r.key, r.text if r.side == LEFT else None, r.text if r.side == RIGHT else None)

    # How far the time of a partner may be behind and ahead of that of a record.
    def reach(self, side):
        before, after = self.conf["before"], self.conf["after"]
        return (before, after) if side == LEFT else (after, before)

    def over(self, r):
        how = self.conf["how"]
        if self.wm is None or how == "any" and self.conf["ttl"] is None:
            return False
        if how == "as-of":
            return self.wm > r.t
        return self.wm > r.t + (self.conf["ttl"] if how == "any" else self.reach(r.side)[1])

    def in_order(self, side, key=None):
        found = [r for r in self.held if r.side == side and key in (None, r.key)]
        return sorted(found, key=lambda r: (r.t, r.seq))

    def meet(self, r):
        behind, ahead = self.reach(r.side)
        for p in self.in_order(other(r.side), r.key):
            if self.conf["how"] == "within" and not r.t - behind <= p.t <= r.t + ahead:
                continue
            left, right = (r, p) if r.side == LEFT else (p, r)
            if PAIRS in self.gives or ONCE in self.gives and not left.met:
                self.row(r.key, left.text, right.text if PAIRS in self.gives else None)
            r.met = p.met = True

    def look_up(self, left):
        versions = [v for v in self.in_order(RIGHT, left.key) if v.t <= left.t]
        found = versions[-1].text if versions else None
        left.met = found is not None
        if not left.met:
            self.alone(left)
        elif PAIRS in self.gives or ONCE in self.gives:
            self.row(left.key, left.text, found if PAIRS in self.gives else None)

    def is_late(self, r):
        how = self.conf["how"]
        if how == "within":
            behind, ahead = self.reach(r.side)
            return self.wm is not None and self.wm > r.t + ahead + max(behind, 0)
        return how == "as-of" and self.over(r)

    def place(self, r, deletes):
        how = self.conf["how"]
        if how == "latest":
            if r.side == LEFT:
                self.look_up(r)
            else:
                self.held = [h for h in self.held if h.key != r.key] + ([] if deletes else [r])
        elif how == "as-of":
            r.text = None if deletes and r.side == RIGHT else r.text
            self.held.append(r)
        else:
            self.meet(r)
            if not self.over(r):
                self.held.append(r)
            elif not r.met:
                self.alone(r)

    def add(self, line, record, side, t, deletes):
        conf, text = self.conf, line.strip(" \t\r")
        windows = [None]
        if conf["window"]:
            size, step = conf["window"]
            windows = windows_of({"kind": "hop", "size": size, "step": step, "align": 0}, t)
            windows = [w for w in windows if self.wm is None or self.wm < w[1]]
        taken = False
        for w in windows:
            self.seq += 1
            at = w[1] - 1 if w else t if conf["timed"] else 0
            r = Held(side, (w, put(record.get("k"))), at, self.seq, text)
            if self.is_late(r):
                continue
            taken = True
            if record.get("k") is None and not conf["null_equal"]:
                self.alone(r)
            else:
                self.place(r, deletes)
        if not taken:
            self.late.append(line)

    def give_up(self, side, is_over):
        for r in self.in_order(side):
            if not is_over(r) or side == RIGHT and self.conf["how"] in ("latest", "as-of"):
                continue
            if self.conf["how"] == "as-of":
                self.look_up(r)
            elif not r.met:
                self.alone(r)
            self.held.remove(r)

    def take(self, line, record, side, t):
        self.count += 1
        if record is None:
            self.nbad += 1
            return
        holds = not self.conf["where"] or record.get("w") == 1
        if holds or side == RIGHT and self.conf["how"] in ("latest", "as-of"):
            self.add(line, record, side, t, not holds or record.get("$delete") is True)
        if not self.conf["timed"]:
            return
        self.watermarks[side].observe(None, t)
        marks = [w.now for w in self.watermarks.values()]
        self.wm = None if None in marks else min(marks)
        for s in LEFT, RIGHT:
            self.give_up(s, self.over)

    def end(self):
        for side in LEFT, RIGHT:
            self.give_up(side, lambda r: True)


def random_join(r, how):
    conf = {"how": how, "kind": r.choice(TABLE_KINDS if how in ("latest", "as-of") else list(KINDS)), "window": None,
            "null_equal": r.random() < .2, "where": r.random() < .2, "before": 0, "after": 0, "ttl": None, "delay": 0}
    conf["timed"] = how in ("within", "tumble", "as-of")
    args = ["kjoin", "-g", ".k", "--" + conf["kind"]]
    args += ["--null-equal"] if conf["null_equal"] else []
    args += ["-w", ".w == 1"] if conf["where"] else []
    if how == "within":
        bounds = [r.randint(-3, 12) * S, r.randint(3, 12) * S]
        r.shuffle(bounds)
        conf["before"], conf["after"] = bounds
        args += ["--before=" + duration(conf["before"]), "--after=" + duration(conf["after"])]
    elif how == "tumble":
        step = r.randint(1, 9)
        size = step if r.random() < .5 else step + r.randint(0, 9)
        conf["window"], conf["how"] = (size * S, step * S), "within"
        args += ["--tumble", f"{size}s"] if size == step else ["--hop", f"{size}s/{step}s"]
    elif how == "any" and r.random() < .5:
        conf["ttl"], conf["timed"] = r.randint(1, 20) * S, True
        args += ["--ttl", duration(conf["ttl"])]
    elif how == "as-of":
        args += ["--as-of"]
    if conf["timed"]:
        conf["delay"] = r.choice([0, r.randint(0, 10) * S])
        args += ["-T", ".t", "--time-unit", "s", "--delay", duration(conf["delay"])]
    return conf, args


def random_lines(r, disorder, bad):
    keys = r.sample(KEYS, r.randint(1, 4)) + ['"a"']
    lines = []
    for i in range(r.choice([0, 1, 5, 30, 120])):
        side, t = r.choice((LEFT, RIGHT)), 1000 + i // 3 + r.randint(-disorder, disorder)
        fields = [('"s"', f'"{side}"'), ('"t"', str(t)), ('"k"', r.choice(keys)), ('"w"', str(r.randint(0, 3) // 3 + 1))]
        fields += [('"i"', str(i))] + ([('"$delete"', "true")] if r.random() < .1 else [])
        fields = [(name, value) for name, value in fields if value is not None]
        r.shuffle(fields)
        blank = r.choice(["", "", " ", "\t"])
        line = "{" + ("," + blank).join(name + blank + ":" + blank + value for name, value in fields) + "}"
        lines.append((line + r.choice(["", "", " ", "\r"]), read_json(line), side, t * S))
        if bad and r.random() < .1:
            lines.append((r.choice(BAD_LINES[:5] if bad == "any time" else BAD_LINES), None, None, None))
    return lines


def text_of(lines):
    return "".join(line[0] + "\n" for line in lines)


def account(tool, count, nbad, nlate):
    if not nbad and not nlate:
        return ""
    return f"{tool}: {count} in, {count - nbad - nlate} used, {nbad} bad, {nlate} late\n"


def run_both(r, args, name, text):
    write(name, text)
    return run(args + [name]) if r.random() < .5 else run_piped(r, args, text.encode())


def kjoin(r, i):
    how = r.choice(["within", "within", "within", "tumble", "any", "latest", "as-of"])
    conf, args = random_join(r, how)
    args += ["--left-if", '.s == "l"', "--bad", "skip"] + (["--table-key", ".k"] if how == "latest" else [])
    late = conf["timed"]
    args += ["--late", f"{i}.late"] if late else []
    lines = random_lines(r, r.choice([0, 3, 20]), r.choice([None, "timed" if conf["timed"] else "any time"]))
    join = Join(conf)
    for line in lines:
        join.take(*line)
    join.end()
    write(f"{i}.late", "")
    out, err = run_both(r, args, f"{i}.in", text_of(lines))
    same(args, "standard output", "".join(row + "\n" for row in join.rows), out)
    same(args, "standard error", account("kjoin", join.count, join.nbad, len(join.late)), err)
    with open(f"{i}.late", encoding="utf-8", newline="") as f:
        same(args, "--late", "".join(line + "\n" for line in join.late), f.read())
    return len(join.rows)


def two(r, i):
    """Sides in order of time, so that whichever is read first nothing is late."""
    how = r.choice(["within", "within", "tumble", "any", "as-of"])
    conf, args = random_join(r, how)
    if conf["ttl"]:
        return 0
    lines = sorted(random_lines(r, 20, None), key=lambda line: line[3])
    join = Join(conf)
    for line in lines:
        join.take(*line)
    join.end()
    args += ["--with", f"{i}.r"]
    write(f"{i}.r", text_of([line for line in lines if line[2] == RIGHT]))
    out, err = run_both(r, args, f"{i}.l", text_of([line for line in lines if line[2] == LEFT]))
    same(args, "the set of rows", "".join(row + "\n" for row in sorted(join.rows)),
         "".join(row + "\n" for row in sorted(out.splitlines())))
    same(args, "standard error", "", err)
    return len(join.rows)


def pieces(r, n):
    cuts = sorted(r.randint(0, n) for _ in range(r.randint(1, 3)))
    return list(zip([0] + cuts, cuts + [n]))


def state(r, i):
    """One stream, cut anywhere: the same rows in the same order. Two that are in order, cut at the same times: the same rows."""
    both = r.random() < .4
    how = r.choice(["within", "within", "tumble", "any", "as-of"] + ["latest"] * (not both))
    conf, args = random_join(r, how)
    lines = random_lines(r, 20 if both else r.choice([0, 3, 20]), None)
    if both:
        if conf["ttl"]:
            return 0
        lines.sort(key=lambda line: line[3])
    join = Join(conf)
    for line in lines:
        join.take(*line)
    join.end()
    args += ["--with", f"{i}.r"] if both else ["--left-if", '.s == "l"']
    args += ["-q", "--state", f"{i}.state"] + (["--table-key", ".k"] if how == "latest" else [])
    got, cut = "", pieces(r, len(lines))
    for begin, end in cut:
        piece = lines[begin:end]
        if both:
            write(f"{i}.r", text_of([line for line in piece if line[2] == RIGHT]))
            piece = [line for line in piece if line[2] == LEFT]
        out, _ = run(args + (["--final"] if (begin, end) == cut[-1] else []), text_of(piece).encode())
        got += out
    want = join.rows
    if both:
        want, got = sorted(want), "".join(row + "\n" for row in sorted(got.splitlines()))
    same(args, "what the runs print", "".join(row + "\n" for row in want), got)
    return len(want)


def kuniq(r, i):
    within = r.choice([None, r.randint(0, 20) * S])
    delay = r.randint(0, 5) * S if within is not None and r.random() < .5 else 0
    groups = r.sample(["k", "w"], r.randint(1, 2))
    args = ["kuniq", "--bad", "skip"] + [word for name in groups for word in ("-g", "." + name)]
    if within is not None:
        args += ["--within", duration(within), "-T", ".t", "--time-unit", "s", "--delay", duration(delay),
                 "--late", f"{i}.late"]
    lines = random_lines(r, r.choice([0, 3, 20]), r.choice([None, "any time" if within is None else "timed"]))
    first, wm, rows, late, nbad = {}, Watermark(delay, 0), [], [], 0
    for line, record, _, t in lines:
        if record is None:
            nbad += 1
            continue
        key = tuple(put(record.get(name)) for name in groups)
        def gone(since):
            return within is not None and wm.now is not None and wm.now > since + within
        if gone(t):
            late.append(line)
        elif key not in first or gone(first[key]):
            first[key] = t
            rows.append(line)
        wm.observe(None, t)
    write(f"{i}.late", "")
    out, err = run_both(r, args, f"{i}.in", text_of(lines))
    same(args, "standard output", "".join(row + "\n" for row in rows), out)
    same(args, "standard error", account("kuniq", len(lines), nbad, len(late)), err)
    with open(f"{i}.late", encoding="utf-8", newline="") as f:
        same(args, "--late", "".join(line + "\n" for line in late), f.read())
    return len(rows)


def main():
    tool, seed, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    case = {"kjoin": kjoin, "two": two, "state": state, "kuniq": kuniq}[tool]
    rows = sum(case(random.Random(seed * 1000003 + i), i) for i in range(n))
    print(f"{n} cases, {rows} rows")


if __name__ == "__main__":
    main()
