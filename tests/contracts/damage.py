#!/usr/bin/env python3
"""Runs a tool on records of which a third is damaged at random, and accounts for every byte.

usage: damage.py TOOL SEED

What is asked of the tool: --bad skip and --bad FILE end well; what is counted agrees with what was put in, with the
account on standard error, and with what is in FILE; the input of each bad record is the damaged one's bytes; what comes
out is what the good records alone lead to; damaged records are bad by themselves, too; and all that is the same for
any number of threads, from a file and from a pipe. Damage whose outcome is beyond doubt (a record cut short, a whole
one left alone) is labelled so, and must come out so. Prints what does not hold; exit status 1 then.
"""
import base64
import json
import os
import random
import subprocess
import sys
import tempfile

COUNT = 2500
TOOL, SEED = sys.argv[1], int(sys.argv[2])
CSV = TOOL in ("csvagg", "csvin")
THREADS = TOOL in ("kmap", "kfilter", "kcount", "csvagg", "csvin")
LATE = TOOL in ("kwindow", "kjoin")
BATCH = TOOL in ("kcount", "csvagg")  # blocks of 4 MiB: only long records fill several
COMMANDS = {
    "kmap": ["kmap", "{id,s}"],
    "kfilter": ["kfilter", "true"],
    "kcount": ["kcount", "-g", ".g", "-a", "n=count, sum(.id), max(.s), first(.id), last(.id)"],
    "kwindow": ["kwindow", "--tumble", "1h", "-T", ".t", "-a", "n=count, sum(.id)"],
    "kuniq": ["kuniq", "-g", ".id", "-g", ".t", "-g", ".s"],
    "kjoin": ["kjoin", "-g", ".g", "-T", ".t", "--left-if", ".id % 2 == 0", "--within", "5m", "--outer"],
    "csvagg": ["csvagg", "-g", "g", "-a", "n=count, sum(id), max(s), first(id), last(id)"],
    "csvin": ["csvin"],
    "csvout": ["csvout", "--columns", "id,g,t,s"],
    "kout": ["kout", "--key-by", ".id", "-p", "0", "-t"],
}
HEADER = b"id,g,t,s\n" if CSV else b""
BLANK = b" \t\r\n"

rng = random.Random(SEED)
failures = 0


def check(holds, *what):
    global failures
    if not holds:
        failures += 1
        print(*what, file=sys.stderr)


# --- Records: (bytes without the end, label), a label being True (good), False (bad) or None (who knows) ---


def text():
    if BATCH and rng.random() < 0.005:
        return "x" * 600000
    return "".join(rng.choice("abc é€😀 ,;:{}[]") for _ in range(rng.randrange(120)))


def fields(i):
    # Mostly rising, so that some are late.
    minutes = i // 4 + rng.randrange(-40, 10)
    day, minutes = divmod(max(minutes, 0), 1440)
    t = "2024-05-%02dT%02d:%02d:00Z" % (day + 1, minutes // 60, minutes % 60)
    return {"id": i, "g": "k%d" % rng.randrange(7), "t": t, "s": text()}


def splice(record, piece, at=None):
    at = rng.randrange(1, len(record)) if at is None else at
    return record[:at] + piece + record[at:]


def flip(record):
    b = bytearray(record)
    for _ in range(rng.randrange(1, 4)):
        b[rng.randrange(len(b))] ^= 1 << rng.randrange(8)
    return bytes(b), None


def damage_json(i, f):
    r = json.dumps(f, ensure_ascii=rng.random() < 0.3).encode()
    number = rng.choice([b"1e400", b"-1e-400", b"9" * 50, b"0.%s1" % (b"0" * 60), b"1e5000", b"12345678901234567890"])
    depth = rng.choice([150, 199, 201, 300, 3000])
    kinds = [
        lambda: flip(r),
        lambda: (r[: rng.randrange(1, len(r))], False),
        lambda: (splice(r, b"\0"), False),
        lambda: (splice(r, rng.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xef\xbb\xbf"])), None),
        lambda: (splice(r, b'"'), None),
        lambda: (splice(r, b"\n"), None),
        lambda: (splice(r, rng.choice([b"\r", b"\t", b"\\", b"\x1b", b"\\u0000", b"\\ud800", b"[", b"}"])), None),
        lambda: (r + rng.choice([b"", b" ", b"\t"]) + r, False),
        lambda: (r[:-1] + b',"id":%d}' % (i + 1), True),
        lambda: (r.replace(b'"id": %d' % i, b'"id": ' + number), None),
        lambda: (r[:-1] + b',"s":' + b"[" * depth + b"]" * depth + b"}", None),
        lambda: (json.dumps({k: v for k, v in f.items() if k != rng.choice("igts")}).encode(), None),
        lambda: (json.dumps({**f, "id": rng.choice(["x", None, True, [], {}, "7" * 100])}).encode(), None),
        lambda: (json.dumps({**f, rng.choice("tgs"): rng.choice(["x", None, True, [], {}, 1e300])}).encode(), None),
        lambda: (rng.choice([b"", b"  \t", b"\r"]), None),
        lambda: (rng.choice([b"null", b"[]", b"7", b'"x"', b"nan", b"{}"]), None),
        lambda: (b" " + r + rng.choice([b" ", b"\r", b"\t\r"]), True),
    ]
    return rng.choice(kinds)()


def cell(s, quoted):
    s = str(s)
    return '"%s"' % s.replace('"', '""') if quoted or any(c in s for c in ',"\n\r') else s


def row(f, quoted=False):
    return ",".join(cell(v, quoted) for v in f.values()).encode()


def damage_csv(i, f):
    """Where rows end stays known: a newline is inside of quotes, and a quote that opens is closed in its row."""
    f = {**f, "s": f["s"].replace(",", ";")}
    r = row(f)
    kinds = [
        lambda: (r.replace(b",", b"", 1), False),
        lambda: (r + b",", False),
        lambda: (r + b",more", False),
        lambda: (b"%d" % i, False),
        lambda: (splice(r, rng.choice([b"\xff", b"\xc3(", b"\xed\xa0\x80"])), False),
        lambda: (splice(r, b"\0"), None),
        lambda: (splice(r, b"\r"), None),
        lambda: (r + b'x"', False),
        lambda: (b'"%d"x' % i + r[r.index(b",") :], False),
        lambda: (row({**f, "id": rng.choice(["x", "007", " 1", "1e5000", "9" * 50, "", "-0"])}), None),
        lambda: (row({**f, "s": 'a\n"b"\r\n\nc,'}), True),
        lambda: (row(f, True), True),
        lambda: (row({**f, "s": "multi\nline"}) + b",more", False),
        lambda: (r + b"\r", True),
        lambda: (b"", None),
    ]
    return rng.choice(kinds)()


def make_records():
    out = []
    for i in range(1, COUNT + 1):
        f = fields(i)
        if i > 1 and rng.random() < 0.33:
            out.append((damage_csv if CSV else damage_json)(i, f))
        elif CSV:
            out.append((row(f), True))
        else:
            out.append((json.dumps(f, ensure_ascii=False).encode(), True))
    if CSV:
        # It takes all that follows; so it is the last one.
        out.append((b'9,"open', False))
        return out
    # A newline in a record makes two of it.
    return [(line, label if line == r else None) for r, label in out for line in r.split(b"\n")]


def is_blank(record):
    return not record.strip(b"\r" if CSV else BLANK)


# --- Runs ---

topics = 0


def run(data, *options, pipe=False):
    """The tool on these bytes: its status, what it put out, what it said, and what went to --bad and --late."""
    global topics
    command = COMMANDS[TOOL] + list(options)
    if TOOL == "kout":
        topics += 1
        topic = "damage-%d-%d-%d" % (os.getpid(), SEED, topics)
        command.insert(len(COMMANDS[TOOL]), topic)
    for name in ("bad", "late"):
        if os.path.exists(name):
            os.remove(name)
    with open("in", "wb") as f:
        f.write(data)
    if pipe:
        p = subprocess.run(command, input=data, capture_output=True)
    else:
        p = subprocess.run(command + ["in"], stdin=subprocess.DEVNULL, capture_output=True)
    out = p.stdout
    if TOOL == "kout":
        out = subprocess.run(["kin", "-q", "-e", "-p", "0", topic], capture_output=True, check=True).stdout
    kept = [open(name, "rb").read() if os.path.exists(name) else b"" for name in ("bad", "late")]
    return (p.returncode, out, p.stderr.decode().splitlines(), *kept)


def join(records):
    return HEADER + b"".join(r + b"\n" for r in records)


def stats_of(err):
    return json.loads(next(line for line in err if line.startswith("{")))


def put_in(records):
    data = join(r for r, _ in records)
    late = ["--late", "late"] if LATE else []
    status, out, err, bad, late_bytes = run(data, "--bad", "bad", "--stats", *late)
    stats = stats_of(err)
    check(status == 0, "status", status, err[-3:])
    for name, n in (("in", sum(not is_blank(r) for r, _ in records)), ("bytes", len(data))):
        check(stats[name] == n, name, stats[name], "wanted", n)
    check(stats["in"] == stats["used"] + stats["bad"] + stats["late"], stats)
    check(stats["native"] <= stats["used"] + stats["late"], stats)
    account = "{}: {in} in, {used} used, {bad} bad, {late} late".format(TOOL, **stats)
    check(err[1:] == [account], "said", err, "wanted", account)
    return data, stats, out, bad, late_bytes, late


def check_bad(records, bad, stats):
    """Each entry is a record's own bytes, at its line. Returns which records are bad."""
    at, line = {}, 1 + HEADER.count(b"\n")
    for i, (r, _) in enumerate(records):
        at[line] = i
        line += r.count(b"\n") + 1
    entries = [json.loads(e) for e in bad.splitlines()]
    check(len(entries) == stats["bad"], "entries", len(entries), stats)
    found = []
    for e in entries:
        given = e["input"].encode() if "input" in e else base64.b64decode(e["input_base64"])
        i = at.get(e["line"])
        check(i is not None, "no record begins at", e["line"])
        if i is None:
            continue
        found.append(i)
        want = records[i][0]
        if CSV and want.endswith(b"\r"):
            want = want[:-1]
        check(given == want, "line", e["line"], "input", given[:200], "was", want[:200])
        check(e["source"] == "in" and e["error"], e)
    check(found == sorted(set(found)), "not in order, or twice")
    for i, (r, label) in enumerate(records):
        check(label is None or label == (i not in found), "record", r[:200], "label", label)
    return found, entries


def check_alone(records, found, out, late, stats):
    """The good ones give the same without the others; the bad ones are bad without the good ones."""
    is_bad = set(found)
    good = [r for i, (r, _) in enumerate(records) if i not in is_bad]
    status, alone, err, bad, late_alone = run(join(good), "--bad", "bad", *(["--late", "late"] if late else []))
    check(status == 0 and not bad, "good records alone:", status, err[-3:], bad[:300])
    check(alone == out, "good records alone lead to something else")
    if LATE:
        check(late_alone == late, "late ones alone")
        lines = late.split(b"\n")[:-1]
        check(len(lines) == stats["late"] and set(lines) <= set(good), "late", len(lines), stats)
    if TOOL in ("kfilter", "kout"):
        check(out == join(r for r in good if not is_blank(r)), "what passes is not what came")
    first = records[0][0]
    status, _, err, _, _ = run(join([first] + [records[i][0] for i in found]), "--bad", "skip", "--stats")
    s = stats_of(err)
    check(status == 0 and s["used"] == 1 and s["bad"] == len(found), "bad records alone:", s, "wanted", len(found))


def check_fail(records, found, entries, data):
    status, out, err, _, _ = run(data)
    want = "%s: in:%d: " % (TOOL, entries[0]["line"])
    check(status == 1 and len(err) == 1 and err[0].startswith(want), "--bad fail:", status, err, "wanted", want)
    if TOOL not in ("kcount", "csvagg", "kwindow", "kjoin"):
        _, before, _, _, _ = run(join(r for r, _ in records[: found[0]]))
        check(out == before, "--bad fail: what came before is not what is out")
    elif BATCH:
        check(out == b"", "--bad fail: there are finals")
    return status, out, err


def check_ways(data, out, bad, late_options, late, failed):
    ways = [(["-j", "1"], False), (["-j", "2"], True), (["-j", "7"], False)] if THREADS else [([], True)]
    for options, pipe in ways:
        status, o, err, b, l = run(data, "--bad", "bad", *late_options, *options, pipe=pipe)
        what = " ".join(options) + (" from a pipe" if pipe else "")
        check(status == 0 and len(err) == 1, what, status, err[-3:])
        check(o == out, what, "another output")
        check(l == late, what, "another --late")
        check(b.replace(b'"source":"stdin"', b'"source":"in"') == bad, what, "another --bad")
        if options and not pipe:
            check(run(data, *options)[:3] == failed, what, "fails in another way")


def main():
    records = make_records()
    data, stats, out, bad, late, late_options = put_in(records)
    found, entries = check_bad(records, bad, stats)
    check(len(found) > COUNT / 30, "only", len(found), "bad records: the damage is too small")
    check_alone(records, found, out, late, stats)
    failed = check_fail(records, found, entries, data)
    check_ways(data, out, bad, late_options, late, failed)
    return 1 if failures else 0


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    sys.exit(main())
