"""approx_pNN and approx_distinct of the tools against exact results, and against plain models of both.

    approx.py errors SEED N     N groups of random sizes and distributions

Stops, with status 1, at the first result that is farther off than it may be, or another than the model's: in all
digits, for they must not depend on the machine.
"""
import bisect
import json
import math
import os
import random
import re
import subprocess
import sys
from fractions import Fraction

from model import write

P = ["0", "0.5", "5", "25", "50", "90", "99", "99.9", "100"]
ONE_PERCENT = Fraction(1, 100)

NUMBERS = [
    lambda r: r.random(), lambda r: r.randint(-5, 5), lambda r: r.randint(0, 10 ** 6),
    lambda r: r.lognormvariate(3, 3), lambda r: -r.lognormvariate(3, 3), lambda r: r.gauss(0, 1),
    lambda r: r.uniform(-1, 1) * 1e308, lambda r: r.random() * 1e-320, lambda r: 5e-324,
    lambda r: 42.5, lambda r: 0, lambda r: r.choice([-1e300, 0, 1e300]), lambda r: 2 ** r.randint(0, 50),
    lambda r: (1 + r.choice(BOUNDS) / 65536) * r.choice([-4, -.5, .25, 1e3]),
    lambda r: math.ldexp(r.random(), r.randint(-900, 900)), lambda r: math.ldexp(r.uniform(-1, 1), r.randint(-60, 60)),
]

# --- Models ---

# Where buckets between 1 and 2 begin, in units of 2^-16: at the 35th roots of 2.
BOUNDS = [round((2 ** (i / 35) - 1) * 65536) for i in range(36)]
KEPT = 2047


def bucket(magnitude):
    """The value that is shown for a magnitude above 0."""
    if magnitude < 2 ** -1061:
        return magnitude
    fraction, exp = math.frexp(magnitude)
    i = bisect.bisect_right(BOUNDS, (Fraction(fraction) * 2 - 1) * 65536) - 1
    low, high = (65536.0 + b for b in BOUNDS[i:i + 2])
    return math.ldexp(2 * low * high / (low + high), exp - 17)


def sketch(values):
    """The sorted doubles as buckets show them. Magnitudes in too many are 0; the first and the last are known."""
    shown = [math.copysign(bucket(abs(v)), v) if v else 0.0 for v in values]
    reach = 0
    while len({v for v in shown if abs(v) > reach}) > KEPT:
        distances = sorted(abs(v) for v in {v for v in shown if abs(v) > reach})
        reach = distances[max(len(distances) - KEPT - 1, 0)]
    shown = [v if abs(v) > reach else 0.0 for v in shown]
    shown = [min(max(v, values[0]), values[-1]) for v in shown]
    return [values[0]] + shown[1:-1] + [values[-1]] if len(values) > 1 else values


def between(low, high, part):
    if part == 0 or low == high:
        return low
    if part == 0.5:
        return (low + high) / 2 if math.isfinite(low + high) else low / 2 + high / 2
    if math.isinf(high - low):
        return low * (1 - part) + high * part
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def percentile(shown, p):
    place = (len(shown) - 1) * Fraction(p) / 100
    k = math.floor(place)
    return between(shown[k], shown[min(k + 1, len(shown) - 1)], float(place - k))


MASK = 2 ** 64 - 1
A, B = 0x6a09e667f3bcc909, 0xbb67ae8584caa73b


def fold(a, b):
    return a * b & MASK ^ a * b >> 64


SECRET = fold(A, B)
STATE = fold(SECRET ^ A, B)


def hash_of(text, number):
    """Of a text of up to 14 bytes, or a number as it is printed, with the tag and the length of a key."""
    key = bytes([3 if number else 4, len(text)]) + text.encode()
    n = len(key)
    size = 8 if n >= 8 else 4
    a, b = int.from_bytes(key[:size], "little"), int.from_bytes(key[n - size:], "little")
    if n < 4:
        a, b = key[0] << 16 | key[n // 2] << 8 | key[-1], 0
    return fold(fold(a ^ SECRET, b ^ STATE) ^ A, n ^ B)


def distinct(texts, numbers):
    """HyperLogLog by O. Ertl's improved raw estimator, the series written as sums. numbers: texts may be some."""
    hashes = {hash_of(t, numbers and re.fullmatch(r"[0-9]+(\.[0-9]+)?", t)) for t in texts}
    if len(hashes) <= 512:
        return len(hashes)
    m, q = 4096, 52
    registers = [0] * m
    for h in hashes:
        rest = h & 2 ** q - 1
        registers[h >> q] = max(registers[h >> q], q + 1 - rest.bit_length())
    empty = registers.count(0) / m
    sigma = empty + math.fsum(empty ** 2 ** k * 2 ** (k - 1) for k in range(1, 30))
    z = m * sigma + math.fsum(registers.count(k) * 2 ** -k for k in range(1, q + 2))
    return round(m * m / (2 * math.log(2) * z))


# --- Groups ---


def bounds(values, p):
    """The least and the greatest that is near the percentile of sorted fractions, R's type 7."""
    place = (len(values) - 1) * Fraction(p) / 100
    k = math.floor(place)
    part = place - k
    low, high = values[k], values[min(k + 1, len(values) - 1)]
    want = low + (high - low) * part
    off = ONE_PERCENT * (abs(low) * (1 - part) + abs(high) * part)
    return want - off - Fraction(5e-324), want + off + Fraction(5e-324)


def tool(r, args, name):
    env = dict(os.environ, KPIPE_BLOCK=str(r.choice([100, 4096, 1 << 20])))
    done = subprocess.run(args + ["-j", r.choice("127"), name], capture_output=True, env=env, check=True)
    return done.stdout.decode()


def expect(what, want, got):
    if want != got:
        sys.exit(f"{what}: {got!r}, and by the model {want!r}")


def check_percentiles(what, numbers, got):
    doubles = sorted(float(x) for x in numbers if x is not None)
    if not doubles:
        expect(what, [None] * len(P), got)
        return
    values, shown = [Fraction(d) for d in doubles], sketch(doubles)
    # So far below the greatest are the ones that may be 0, of one sign or of both.
    sure = max(map(abs, values)) / (10 ** 17 if values[0] * values[-1] >= 0 else 10 ** 8)
    few = len({bucket(abs(d)) for d in doubles if d}) <= KEPT // 2
    for p, result in zip(P, got):
        expect(f"{what}, p{p}", percentile(shown, p), result)
        least, greatest = bounds(values, p)
        if not least <= Fraction(result) <= greatest and (few or min(abs(least), abs(greatest)) > sure):
            sys.exit(f"{what}, p{p}: {result}, not from {float(least)} to {float(greatest)}")


def check_distinct(what, names, numbers, got):
    n = len(set(names))
    expect(what, distinct(names, numbers), got)
    # Kept as they are up to 512; behind that the standard error is 1.6 %.
    if abs(got - n) > (0 if n <= 512 else 0.065 * n):
        sys.exit(f"{what}: {got}, not {n}")


def errors(r, n):
    groups, rows = [], []
    for g in range(n):
        draw, size = r.choice(NUMBERS), r.choice([1, 2, 3, 10, 100, 1000, 5000])
        kinds = r.choice([1, 5, size, size])
        numbers = [None if r.random() < .05 else draw(r) for _ in range(size)]
        names = [r.choice(["{}", "name {}", "{}.5"]).format(r.randrange(kinds)) for _ in range(size)]
        groups.append((numbers, names))
        rows += [(g, x, name) for x, name in zip(numbers, names)]
    r.shuffle(rows)
    write("in.csv", "g,x,name\n" + "".join(f"{g},{'' if x is None else repr(x)},{name}\n" for g, x, name in rows))
    write("in.ndjson", "".join(json.dumps({"g": g, "x": x, "name": name}) + "\n" for g, x, name in rows))
    specs = [f"r{i}=approx_p{p}(X)" for i, p in enumerate(P)] + ["n=approx_distinct(NAME)"]
    aggregates = ",".join(specs)
    tables = [
        tool(r, ["csvagg", "--json", "-g", "g", "-a", aggregates.replace("X", "x").replace("NAME", "name")], "in.csv"),
        tool(r, ["kcount", "-g", ".g", "-a", aggregates.replace("X", ".x").replace("NAME", ".name")], "in.ndjson"),
    ]
    for table, cells in zip(tables, (True, False)):
        results = {int(row["g"]): row for row in (json.loads(line, parse_int=float) for line in table.splitlines())}
        for g, (numbers, names) in enumerate(groups):
            check_percentiles(f"group {g}", numbers, [results[g][f"r{i}"] for i in range(len(P))])
            check_distinct(f"group {g}, different ones", names, cells, results[g]["n"])
    return len(rows)


def main():
    seed, n = int(sys.argv[2]), int(sys.argv[3])
    rows = {"errors": errors}[sys.argv[1]](random.Random(seed), n)
    print(f"{n} cases, {rows} rows")


main()
