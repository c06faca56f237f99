"""How CSV is read must not matter: to the engine that splits it, the vectors it uses, the number of threads, the
size of blocks, or whether it comes from a file, a pipe, or compressed.

    splits.py good SEED N       N random tables, which Python's csv module reads: each cell is found
    splits.py broken SEED N     N tables that were damaged then: the same rows, messages and status in each way
    splits.py edges SEED N      one table of all that is hard, in blocks of 1 to N bytes, so that they meet at each of its
                                bytes: what Python's csv module finds, line by line, and which rows are bad

Runs the tools on PATH, in the working directory. Stops, with status 1, at the first difference.
"""
import bz2
import csv
import gzip
import io
import json
import lzma
import os
import random
import subprocess
import sys

ENGINES = "auto", "scan", "libcsv"
PACKERS = {"": None, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
PIECES = ("a", "b", "7", "-1.5", " ", "\t", "''", "\u00e9", "\u20ac", "\U0001f600", "\x00", "\x7f")
SPECIAL = (",", '"', '""', "\n", "\r\n", "\r", "a\nb", ",\n,", "\n\n")
DAMAGE = (b'"', b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xc3", b"\xe2\x82", b'x"', b'",', b'"x')


def random_cell(r, wild):
    """Text of 0 to some 100 bytes; the wilder, the more of it that needs quotes."""
    n = r.choice((0, 1, 1, 2, 3, 5, 60)) if r.random() < .97 else r.randrange(200)
    return "".join(r.choice(SPECIAL if r.random() < wild else PIECES) for _ in range(r.randrange(n + 1)))


def put_cell(r, text, always):
    if always or any(c in text for c in ',"\r\n') or r.random() < .05:
        return '"' + text.replace('"', '""') + '"'
    return text


def random_table(r):
    """(bytes, columns, rows)"""
    width = r.choice((1, 2, 3, 5, 40))
    wild = r.choice((0, 0, .02, .3))
    always = r.random() < .2
    end = r.choice(("\n", "\r\n"))
    names = ["c%d" % i for i in range(width)]
    rows = [[random_cell(r, wild) for _ in names] for _ in range(r.randrange(60) // width + r.randrange(8))]
    lines = [",".join(put_cell(r, cell, always) for cell in row) for row in [names] + rows]
    text = end.join(lines) + ("" if lines[-1] and r.random() < .2 else end)
    # Python reads a blank line as no cell.
    assert [row or [""] for row in csv.reader(io.StringIO(text, newline=""), strict=True)] == [names] + rows
    return (b"\xef\xbb\xbf" if r.random() < .2 else b"") + text.encode(), names, rows


class Way:
    """One way to read."""

    def __init__(self, r=None):
        self.engine = r.choice(ENGINES) if r else "libcsv"
        self.jobs = r.choice((1, 2, 7)) if r else 1
        self.block = r.choice((1, 7, 63, 64, 65, 200, 0)) if r else 0
        self.simd = r.random() < .7 if r else True
        self.pipe = r.random() < .5 if r else False
        self.packed = r.choice(sorted(PACKERS)) if r and r.random() < .4 else ""

    def __str__(self):
        return str(vars(self))

    def run(self, args, data):
        """(status, output, messages, bad records) of a tool; the input is called `in` everywhere."""
        if self.packed:
            data = PACKERS[self.packed](data)
        with open("in", "wb") as file:
            file.write(data)
        if os.path.exists("bad"):
            os.remove("bad")
        env = dict(os.environ)
        if self.block:
            env["KPIPE_BLOCK"] = str(self.block)
        if not self.simd:
            env["KPIPE_SIMD"] = "none"
        done = subprocess.run(args + ["--engine", self.engine, "-j", str(self.jobs)] + ([] if self.pipe else ["in"]),
                              input=data if self.pipe else b"", capture_output=True, env=env, check=False)
        bad = open("bad", "rb").read() if os.path.exists("bad") else b""
        return (done.returncode, done.stdout, done.stderr.replace(b": stdin:", b": in:"),
                bad.replace(b'"source":"stdin"', b'"source":"in"'))


def fail(data, way, got, want):
    print("table: %r\nway: %s\ngot:  %r\nwant: %r" % (data, way, got, want))
    sys.exit(1)


def good(r, cases):
    total = 0
    for _ in range(cases):
        data, names, rows = random_table(r)
        want = [dict(zip(names, row)) for row in rows]
        for way in (Way(), Way(r), Way(r)):
            status, out, err, _ = way.run(["csvin", "--types", "text"], data)
            got = [json.loads(line) for line in out.decode().split("\n")[:-1]]
            if status or err or got != want:
                fail(data, way, (status, got, err), want)
        total += len(rows)
    return total


def damage(r, data):
    """A few bytes put in or taken out, mostly behind the header."""
    data = bytearray(data)
    for _ in range(r.choice((1, 1, 2, 5))):
        at = r.randrange(data.find(b"\n") + 1 if r.random() < .9 else 0, len(data) + 1)
        if r.random() < .7:
            data[at:at] = r.choice(DAMAGE)
        else:
            del data[at:at + r.randrange(1, 4)]
    return bytes(data)


COMMANDS = (
    ["csvin"],
    ["csvin", "--bad", "skip"],
    ["csvin", "--bad", "bad"],
    ["csvin", "-N", "--bad", "bad"],
    ["csvagg", "-g", "c0", "-a", "count, collect(c0)", "--bad", "bad"],
    ["csvagg", "-N", "-a", "count, last(c1), collect(c1)", "--bad", "bad"],
    ["csvagg", "-H", "c0,c1", "-a", "count, collect(c1)", "--bad", "skip"],
    ["csvagg", "-g", "c0", "-a", "count"],
)


def broken(r, cases):
    total = 0
    for _ in range(cases):
        data = damage(r, random_table(r)[0])
        args = r.choice(COMMANDS)
        want = Way().run(args, data)
        for way in (Way(r), Way(r)):
            got = way.run(args, data)
            if got != want:
                fail(data, "%s %s" % (args, way), got, want)
        total += data.count(b"\n")
    return total


# Quotes, doubled or not, newlines in them, CR LF and LF, blank lines, empty cells, rows that are too short or too long.
HARD = ('k,"v\n1"\r\n\r\na,1\n"b ""x"", \r\n\n",2\r\n,\n\n"",""\r\nshort\r\n\u00e9,"3\n",4\n"one\n\nmore"\n'
        '\u65e5\u672c,"\U0001f600"\n007," 1 "\n"a"," """\r\n""","\r\n\r\n\n1.50,",\n,"\na,')


def hard_rows():
    """(names, good rows, bad rows), these as (line, cells)."""
    reader = csv.reader(io.StringIO(HARD, newline=""), strict=True)
    names, good_rows, bad_rows, line = next(reader), [], [], reader.line_num + 1
    for row in reader:
        if len(row) == len(names):
            good_rows.append(row)
        elif row:
            bad_rows.append((line, len(row)))
        line = reader.line_num + 1
    return names, good_rows, bad_rows


def edges(r, cases):
    names, rows, bad = hard_rows()
    keys = list(dict.fromkeys(row[0] for row in rows))
    want = {
        "csvin": [dict(zip(names, row)) for row in rows],
        "csvagg": [{"k": float(k) if k == "1.50" else k or None,
                    "n": sum(row[0] == k for row in rows)} for k in keys],
    }
    want_bad = [(line, "%d cell%s where the header has 2" % (n, "" if n == 1 else "s")) for line, n in bad]
    account = ": %d in, %d used, %d bad, 0 late\n" % (len(rows) + len(bad), len(rows), len(bad))
    for block in range(1, cases + 1):
        for args in (["csvin", "--types", "text", "--bad", "bad"], ["csvagg", "--json", "-g", "k", "-a", "n=count", "--bad", "bad"]):
            for engine in ENGINES:
                way = Way(r)
                way.block, way.engine = block, engine
                data = ("\ufeff" + HARD).encode()
                status, out, err, bad_out = way.run(args, data)
                got = [json.loads(line) for line in out.decode().split("\n")[:-1]]
                got_bad = [(b["line"], b["error"]) for b in map(json.loads, bad_out.decode().split("\n")[:-1])]
                if (status, got, got_bad, err.decode()) != (0, want[args[0]], want_bad, args[0] + account):
                    fail(data, "%s %s" % (args, way), (status, got, got_bad, err), (want[args[0]], want_bad, account))
    return cases * 6 * (len(rows) + len(bad))


def main():
    what, seed, cases = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rows = {"good": good, "broken": broken, "edges": edges}[what](random.Random(seed), cases)
    print("%d cases, %d rows" % (cases, rows))


main()
