"""Numbers and times of the tools against Python's own: decimal, fractions, float, statistics, datetime.

    sums.py sums SEED N        sums, averages and the rest of N random decimals, in groups
    sums.py doubles SEED N     N random bit patterns, as text in many forms, read and printed
    sums.py moments SEED N     the statistics of N groups
    sums.py deviations SEED N  variance and kin of N groups, far from 0 or of extreme magnitude
    sums.py keys SEED N        N long numbers in several spellings, as groups
    sums.py changes SEED N     sums and averages of N groups of rows that come and go
    sums.py exact SEED N       N expressions of + - * // over fields, some of them null
    sums.py times SEED N       N timestamps as text, some of them broken

Runs the tools on PATH, in the working directory. What it gives them comes now from a file, now from a
pipe in random pieces, to one thread or to many. Stops, with status 1, at the first result that differs.
"""
import json
import math
import operator
import os
import random
import re
import statistics
import struct
import sys
from datetime import datetime, timedelta
from decimal import Decimal, getcontext
from fractions import Fraction

from model import exact_decimal, plain, put_double, run, run_piped, same, stamp, write

LIMIT = 1 << 127


def fits(d):
    """Can 128 bits and 38 decimals hold it?"""
    sign, digits, exponent = d.normalize().as_tuple()
    n = int("".join(map(str, digits))) * 10 ** max(exponent, 0)
    return exponent >= -38 and n < LIMIT + sign


def tool(r, args, text, name):
    """The lines that a tool prints, silently otherwise."""
    if r.random() < .5:
        write(name, text)
        out, err = run(args + [name])
    else:
        out, err = run_piped(r, args, text.encode())
    same(args, "standard error", "", err)
    return out.splitlines()


def csvagg(r, columns, rows, specs, group="g"):
    """Results by group, each a list of texts."""
    text = "".join(",".join(row) + "\n" for row in [columns] + rows)
    names = [f"r{i}={spec}" for i, spec in enumerate(specs)]
    lines = tool(r, ["csvagg", "-j", r.choice("127"), "-g", group, "-a", ",".join(names)], text, "in.csv")[1:]
    return {line.split(",")[0]: line.split(",")[1:] for line in lines}


def kcount(r, columns, rows, specs, group="g"):
    """The same by way of JSON, every number as it is written."""
    text = "".join("{" + ",".join(f'"{c}":{v}' for c, v in zip(columns, row)) + "}\n" for row in rows)
    names = [f"r{i}={spec}" for i, spec in enumerate(specs)]
    results = {}
    for line in tool(r, ["kcount", "-j", r.choice("127"), "-g", "." + group, "-a", ",".join(names)], text, "in.ndjson"):
        fields = re.findall(r'"\w+":("(?:[^"\\]|\\.)*"|[^,]+?|\[[^]]*\])(?=,"|}$)', line)
        results[fields[0]] = fields[1:]
    return results


def expect(what, want, got):
    if want != got:
        sys.exit(f"{what}: wanted {want}, got {got}")


# --- Sums ---

def spread(low, high):
    return lambda r: r.choice("- ").strip() + str(r.randint(10 ** low, 10 ** high))


def fixed(whole, places):
    return lambda r: "%s%d.%0*d" % (r.choice(["", "-"]), r.randint(0, 10 ** whole), places, r.randint(0, 10 ** places - 1))


# How the numbers of a group are written. The last ones pass 128 bits in a sum or a product.
WRITTEN = [
    fixed(3, 2), fixed(9, 2), fixed(2, 1),
    lambda r: fixed(r.randint(1, 9), r.randint(1, 9))(r),
    lambda r: str(r.randint(-9, 9)),
    lambda r: "%d.%de%d" % (r.randint(-9, 9), r.randint(0, 999), r.randint(-6, 6)),
    lambda r: r.choice(["0", "-0", "0.0", "-0.00e5", "1E+3", "25e-2"]),
    lambda r: str(2 ** 53 + r.randint(-9, 9)), lambda r: str(-2 ** 53 + r.randint(-9, 9)) + ".5",
    lambda r: str(2 ** 63 + r.randint(-9, 9)), lambda r: str(-2 ** 63 + r.randint(-9, 9)),
    lambda r: str(2 ** 64 + r.randint(-9, 9)), spread(15, 20),
    lambda r: "%de-18" % r.randint(-10 ** 18, 10 ** 18),
    lambda r: str(LIMIT // 40 + r.randint(-9, 9)), lambda r: str(-LIMIT // 40 + r.randint(-9, 9)),
    lambda r: "%de-38" % (LIMIT // 60 + r.randint(-9, 9)),
    lambda r: "1.%038d" % r.randint(0, 10 ** 37),
]
QUANTITIES = [lambda r: str(r.randint(0, 99)), lambda r: "1.5", lambda r: "%.3f" % r.uniform(-9, 9),
              lambda r: str(10 ** 17 + r.randint(0, 9)), lambda r: "%de-19" % r.randint(1, 10 ** 19)]


def quantile(values, p):
    """Type 7 of R."""
    ordered, place = sorted(values), (len(values) - 1) * p
    k = int(place)
    low, high = ordered[k], ordered[min(k + 1, len(values) - 1)]
    return low + (high - low) * (place - k)


SUM_SPECS = ["count", "sum(P)", "avg(P)", "min(P)", "max(P)", "sum(P*Q)", "avg(P*Q)", "sum(P - Q)", "sum(P + 0.5*Q)",
             "max(P*Q)", "median(P)", "p90(P)", "distinct(P)"]


def nearest(exact):
    """A double that is no decimal of 128 bits; past the greatest, that one."""
    try:
        return float(exact)
    except OverflowError:
        return sys.float_info.max * (1 if exact > 0 else -1)


def check_sum(what, values, got):
    """Exact where it fits, else the nearest double."""
    exact = sum(values)
    d = exact_decimal(exact)
    expect(what, plain(d) if fits(d) else put_double(nearest(exact)), got)


def exactly(values):
    """None when one does not fit 128 bits: it goes into a sum rounded."""
    return values if all(fits(exact_decimal(v)) for v in values) else None


def check_group(group, rows, got):
    price = [Fraction(Decimal(p)) for p, _ in rows]
    quantity = [Fraction(Decimal(q)) for _, q in rows]
    product = exactly([p * q for p, q in zip(price, quantity)])
    less = exactly([p - q for p, q in zip(price, quantity)])
    more = exactly([p + q / 2 for p, q in zip(price, quantity)])
    name = f"group {group}"
    expect(name + " count", str(len(rows)), got[0])
    check_sum(name + " sum", price, got[1])
    expect(name + " avg", put_double(float(sum(price) / len(price))), got[2])
    expect(name + " min", plain(exact_decimal(min(price))), got[3])
    expect(name + " max", plain(exact_decimal(max(price))), got[4])
    if product:
        check_sum(name + " sum of products", product, got[5])
        expect(name + " avg of products", put_double(float(sum(product) / len(product))), got[6])
        expect(name + " max of products", plain(exact_decimal(max(product))), got[9])
    if less:
        check_sum(name + " sum of differences", less, got[7])
    if more:
        check_sum(name + " sum of sums", more, got[8])
    for i, p in (10, Fraction(1, 2)), (11, Fraction(9, 10)):
        d = exact_decimal(quantile(price, p))
        if fits(d) and fits(exact_decimal(max(price) - min(price)) * 10):
            expect(f"{name} quantile {p}", plain(d), got[i])
    expect(name + " distinct", str(len(set(price))), got[12])


def sums(r, n):
    groups, rows = {}, []
    while len(rows) < n:
        group = str(len(groups))
        written, quantities = r.choice(WRITTEN), r.choice(QUANTITIES)
        mixed = r.random() < .3
        groups[group] = []
        for _ in range(r.choice([1, 2, 3, 10, 30, 100])):
            p, q = (r.choice(WRITTEN[:10]) if mixed else written)(r), quantities(r)
            groups[group].append((p, q))
            rows.append([group, p, q])
    if r.random() < .5:
        r.shuffle(rows)
    for run, p, q in (csvagg, "p", "q"), (kcount, ".p", ".q"):
        specs = [spec.replace("P", p).replace("Q", q) for spec in SUM_SPECS]
        got = run(r, ["g", "p", "q"], rows, specs)
        expect("groups", len(groups), len(got))
        for group, members in groups.items():
            check_group(group, members, got[group])
    return len(rows)


# --- Expressions ---

COLUMNS = ["a", "b", "c", "d"]


def small(r):
    """A number of which most often five multiplied fit."""
    return r.choice(["0", "-0", "1", "-1", "0.1", "0.5", "1e2", "25e-2", "1.50", str(r.randint(-99, 99)),
                     "%.3f" % r.uniform(-99, 99), str(r.randint(-10 ** 6, 10 ** 6)), "%.2f" % r.uniform(0, 999)])


def expression(r, depth):
    """A tree: a number as text, ("field", name), ("-", x) or (operator, x, y)."""
    if depth == 0 or r.random() < .1:
        return r.choice([("field", r.choice(COLUMNS)), ("field", r.choice(COLUMNS)), small(r).lstrip("-")])
    if r.random() < .1:
        return "-", expression(r, depth - 1)
    op = r.choice("++--***/")
    right = expression(r, depth - 1) if op != "/" else r.choice(["0", "1.5", ("field", r.choice(COLUMNS))])
    return op.replace("/", "//"), expression(r, depth - 1), right


def written(r, tree, mark):
    """As a program, in which a field's name stands behind the mark."""
    if isinstance(tree, str):
        return tree
    if tree[0] == "field":
        return mark + tree[1]
    if len(tree) == 2:
        return "(-" + written(r, tree[1], mark) + ")"
    blank = r.choice(["", " "]) if tree[0] != "//" else " "
    return "(" + written(r, tree[1], mark) + blank + tree[0] + blank + written(r, tree[2], mark) + ")"


OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def calculated(op, x, y):
    """Exactly where 128 bits hold it; else in doubles, those with an exponent being decimals again."""
    if isinstance(x, Decimal) and isinstance(y, Decimal):
        exactly = OPERATORS[op](x, y)
        if fits(exactly):
            return exactly
    d = OPERATORS[op](float(x), float(y))
    shortest = Decimal(repr(d))
    return shortest if (abs(d) >= 1e21 or 0 < abs(d) < 1e-6) and fits(shortest) else d


def value(tree, row):
    """A Decimal, or a float where that does not fit; None with a None on one side."""
    if isinstance(tree, str):
        return Decimal(tree)
    if tree[0] == "field":
        return row[tree[1]]
    sides = [value(side, row) for side in tree[1:]]
    if tree[0] == "//":
        return sides[0] if sides[0] is not None else sides[1]
    if None in sides:
        return None
    return calculated("-", Decimal(0), sides[0]) if len(sides) == 1 else calculated(tree[0], *sides)


def exact(r, n):
    """Of each row, which is a group of its own, the sum of some expressions."""
    done = 0
    while done < n:
        trees = [expression(r, r.randint(1, 4)) for _ in range(min(10, n - done))]
        rows = [[str(i)] + ["" if r.random() < .1 else small(r) for _ in COLUMNS] for i in range(50)]
        for run, mark, null in (csvagg, r.choice(["", "."]), ""), (kcount, ".", "null"):
            cells = rows if run is csvagg else [[cell or "null" for cell in row] for row in rows]
            got = run(r, ["g"] + COLUMNS, cells, [f"sum({written(r, tree, mark)})" for tree in trees])
            for row in rows:
                fields = {c: Decimal(cell) if cell else None for c, cell in zip(COLUMNS, row[1:])}
                for tree, result in zip(trees, got[row[0]]):
                    want = value(tree, fields)
                    if isinstance(want, float):
                        shortest = Decimal(repr(want))
                        text = plain(shortest) if fits(shortest) else put_double(want)
                    else:
                        text = null if want is None else plain(want)
                    expect(f"{written(r, tree, mark)} of {row[1:]}", text, result)
        done += len(trees)
    return n * 50


# --- Doubles ---

def random_double(r):
    while True:
        bits = r.getrandbits(64)
        if r.random() < .1:
            bits &= ~(0x7ff << 52)  # a subnormal
        elif r.random() < .1:
            bits = bits & ~((1 << 52) - 1) | (r.randint(-3, 3) & (1 << 52) - 1)  # near a power of two
        elif r.random() < .2:
            bits = bits & ~(0x7ff << 52) | r.randint(0x3ff - 120, 0x3ff + 120) << 52
        d, = struct.unpack("d", struct.pack("Q", bits))
        if math.isfinite(d):
            return d


def double_text(r, d):
    form = r.randint(0, 5)
    if form == 0:
        return "%.*e" % (r.randint(0, 30), d)
    if form == 1:
        return str(Decimal(d))  # every digit
    if form == 2 and abs(d) < sys.float_info.max:
        half = (Decimal(d) + Decimal(math.nextafter(d, math.inf))) / 2
        return str(half) if r.random() < .5 else str(half + half.copy_abs().scaleb(-80))
    return repr(d)


def doubles(r, n):
    getcontext().prec = 1200  # all the digits of a double and more
    rows = []
    while len(rows) < n:
        text = double_text(r, random_double(r))
        if math.isfinite(float(text)):
            rows.append([str(len(rows)), text.replace("E", r.choice("eE"))])
    got = csvagg(r, ["g", "x"], rows, ["avg(x)", "last(x)"])
    for group, text in rows:
        d = float(text)
        expect("double " + text, put_double(d), got[group][0])
        decimal = Decimal(text)
        want = plain(decimal) if fits(decimal) else put_double(d)
        expect("number " + text, want, got[group][1])
    return len(rows)


# --- Sums that are taken back ---


def any_number(r):
    return r.choice([
        lambda: str(r.randint(-10 ** 6, 10 ** 6)),
        lambda: f"{r.randint(-10 ** 20, 10 ** 20)}.{r.randint(0, 10 ** 15)}",
        lambda: str(r.randint(-10 ** 38, 10 ** 38)),
        lambda: double_text(r, random_double(r)),
        lambda: r.choice(["1e308", "-1e308", "5e-324", "1.7976931348623157e308", "1e39", "-1e39", "1e-39", "0"]),
    ])()


def counted(text):
    """What a number counts as in a sum."""
    d = Decimal(text)
    return Fraction(d if fits(d) else Decimal(repr(float(text))))


def changes(r, n):
    """Rows of n groups that come, are replaced and go: what is left counts, exactly."""
    getcontext().prec = 1200
    lines, tables = [], [{} for _ in range(n)]
    for _ in range(15 * n):
        group, row = r.randrange(n), r.randrange(6)
        text = any_number(r)
        if r.random() < .4 or not math.isfinite(float(text)):
            lines.append(f'{{"k":"{group}/{row}","$delete":true}}\n')
            tables[group].pop(row, None)
        else:
            lines.append(f'{{"k":"{group}/{row}","g":{group},"v":{text.replace("E", r.choice("eE"))}}}\n')
            tables[group][row] = text
    args = ["kcount", "--upsert", ".k", "-g", ".g", "-a", "s=sum(.v), a=avg(.v), n=count"]
    cut = r.randrange(len(lines))
    run(args + ["--state", "changes.state", "--reset"], "".join(lines[:cut]).encode())
    out, _ = run(args + ["--state", "changes.state"], "".join(lines[cut:]).encode())
    got = {row["g"]: row for row in map(json.JSONDecoder(parse_int=str, parse_float=str).decode, out.splitlines())}
    for group, table in enumerate(tables):
        row, values = got.get(str(group), {"n": "0"}), [counted(v) for v in table.values()]
        expect(f"group {group} count", str(len(table)), row["n"])
        if not table:
            continue
        check_sum(f"group {group} sum of {list(table.values())}", values, row["s"])
        expect(f"group {group} avg of {list(table.values())}", put_double(float(sum(values) / len(values))), row["a"])
    return len(lines)


# --- Statistics ---

MOMENT_SPECS = ["var(X)", "stddev(X)", "var_pop(X)", "stddev_pop(X)", "skewness(X)", "kurtosis(X)",
                "median(X)", "p0(X)", "p99.9(X)", "p100(X)", "mode(X)", "top(3; X)", "collect_set(X)"]


def near(what, want, got, close=1e-13, least=1.0):
    if want is None or got in ("", "null"):
        expect(what, want is None, got in ("", "null"))
    elif abs(float(got) - want) > close * max(least, abs(want)):
        sys.exit(f"{what}: wanted {want!r}, got {got}")


def central(values, k):
    mean = sum(values) / len(values)
    return sum((v - mean) ** k for v in values) / len(values)


def check_moments(group, values, got):
    exact = [Fraction(v) for v in values]
    many, varied = len(values) > 1, len(set(exact)) > 1
    variance = float(central(exact, 2))
    want = [statistics.variance(exact) if many else None, statistics.stdev(exact) if many else None,
            statistics.pvariance(exact), statistics.pstdev(exact),
            float(central(exact, 3)) / variance ** 1.5 if varied else None,
            float(central(exact, 4)) / variance ** 2 - 3 if varied else None]
    for spec, w, g in zip(MOMENT_SPECS, want, got):
        near(f"group {group} {spec}", None if w is None else float(w), g)
    for i, p in (6, Fraction(1, 2)), (7, Fraction(0)), (8, Fraction(999, 1000)), (9, Fraction(1)):
        expect(f"group {group} {MOMENT_SPECS[i]}", plain(exact_decimal(quantile(exact, p))), got[i])
    expect(f"group {group} mode", plain(exact_decimal(statistics.mode(exact))), got[10])
    best = sorted(exact, reverse=True)[:3]
    expect(f"group {group} top", "[" + ",".join(plain(exact_decimal(v)) for v in best) + "]", got[11])
    seen = [plain(exact_decimal(v)) for v in dict.fromkeys(exact)]
    expect(f"group {group} collect_set", "[" + ",".join(seen) + "]", got[12])


def moments(r, n):
    groups, rows = {}, []
    for i in range(n):
        group = str(i)
        center, places = r.choice([0, 0, 7, 10 ** 6, -10 ** 9]), r.randint(0, 6)
        width = r.choice([1, 30, 10 ** 4]) * 10 ** places
        groups[group] = [Decimal(r.randint(-width, width)).scaleb(-places) + center
                         for _ in range(r.choice([1, 2, 5, 31, 32, 33, 200]))]
        rows += [[group, format(v, "f")] for v in groups[group]]
    order = list(range(len(rows)))
    random.Random(n).shuffle(order)
    for group in groups:
        groups[group] = []
    for i in order:
        groups[rows[i][0]].append(Decimal(rows[i][1]))
    got = kcount(r, ["g", "x"], [rows[i] for i in order], [s.replace("X", ".x") for s in MOMENT_SPECS])
    for group, values in groups.items():
        check_moments(group, values, got[group])
    return len(rows)


CENTERS = [0, 10 ** 8, -10 ** 12, 10 ** 15, 10 ** 17, -10 ** 17 - 1, 1713712245123456701, 10 ** 17 + 3]


def deviating(r):
    """The texts of a group: decimals about a center, or doubles of any magnitude."""
    size, width = r.choice([1, 2, 3, 10, 100, 1000]), r.choice([1000, 10 ** 6])
    if r.random() < .5:
        places = r.randint(0, 3)
        center = Decimal(r.choice(CENTERS))
        values = [format(center + Decimal(r.randint(0, width)).scaleb(-places), "f") for _ in range(size)]
    else:
        center, exponent = r.choice([0, 10 * width]), r.randint(-330, 300)
        values = [f"{center + r.randint(-width, width)}e{exponent}" for _ in range(size)]
    if r.random() < .2:
        values[0] = "0"
    return values


def measured(text):
    """What a number counts as: what no decimal holds is its double."""
    d = Decimal(text)
    return Fraction(d) if fits(d) else Fraction(float(text))


def square_root(x):
    return float((Decimal(x.numerator) / x.denominator).sqrt())


def check_deviations(group, values, got):
    many, m2 = len(values) > 1, central(values, 2)
    sample = m2 * len(values) / (len(values) - 1) if many else None
    want = [nearest(sample) if many else None, square_root(sample) if many else None, nearest(m2), square_root(m2)]
    for spec, w, g in zip(MOMENT_SPECS, want, got):
        near(f"group {group} {spec}", w, g, 1e-9, 1e-313)
    root = (Decimal(m2.numerator) / m2.denominator).sqrt()
    third, fourth = central(values, 3), central(values, 4)
    shape = [float(third / Fraction(root) ** 3), float(fourth / m2 ** 2 - 3)] if m2 else [None, None]
    for spec, w, g in zip(MOMENT_SPECS[4:], shape, got[4:]):
        near(f"group {group} {spec}", w, g, 1e-9)


def deviations(r, n):
    groups = {str(i): deviating(r) for i in range(n)}
    lines = [f'{{"g":"{g}","x":{text}}}\n' for g, texts in groups.items() for text in texts]
    if r.random() < .5:
        r.shuffle(lines)
    write("in.ndjson", "".join(lines))
    os.environ["KPIPE_BLOCK"] = str(r.choice([100, 1000, 10 ** 5]))
    args = ["kcount", "-g", ".g", "-a", ",".join(f"r{i}={spec}" for i, spec in enumerate(MOMENT_SPECS[:6])).replace("X", ".x")]
    out, _ = run(args + ["-j", "1", "in.ndjson"])
    for jobs in "23":
        same(args, "-j " + jobs, out, run(args + ["-j", jobs, "in.ndjson"])[0])
    cut, state = r.randrange(len(lines)), ["--state", "deviations.state"]
    run(args + state + ["--reset"], "".join(lines[:cut]).encode())
    continued, _ = run(args + state, "".join(lines[cut:]).encode())
    for text in out, continued:
        rows = {row["g"]: [row[f"r{i}"] for i in range(6)] for row in map(json.JSONDecoder(parse_int=str, parse_float=str).decode, text.splitlines())}
        expect("groups", len(groups), len(rows))
        for group, texts in groups.items():
            check_deviations(group, [measured(text) for text in texts], ["null" if x is None else x for x in rows[group]])
    return len(lines)


# --- Long numbers as groups ---

def spelled(r, d):
    """A number's text, as it may be written."""
    form = r.randint(0, 2)
    if form == 0:
        return format(d, "f")
    if form == 1:
        digits = "".join(map(str, d.as_tuple().digits)) + "0" * r.randint(0, 3)
        exponent = d.adjusted() + 1 - r.randint(1, len(digits))
        point = d.adjusted() + 1 - exponent
        return ("-" if d < 0 else "") + digits[:point] + ("." + digits[point:] if digits[point:] else "") + f"e{exponent}"
    return str(d)


def keys(r, n):
    numbers = []
    while len(numbers) < n:
        digits = r.randint(1, 60)
        d = Decimal((r.randint(0, 1), [r.randint(1, 9)] + r.choices(range(10), k=digits - 1), r.randint(-70, 70)))
        numbers += [d, d + Decimal((0, (1,), d.as_tuple().exponent)), d]
    r.shuffle(numbers)
    texts = [spelled(r, d) for d in numbers]
    write("in.ndjson", "".join(f'{{"k":{text}}}\n' for text in texts))
    out, _ = run(["kcount", "-g", ".k", "in.ndjson"])
    want = {}
    for d in numbers:
        want[d] = want.get(d, 0) + 1
    rows = [re.fullmatch(r'{"k":(.*),"count":(\d+)}', line).groups() for line in out.splitlines()]
    expect("groups and their counts", list(want.items()), [(Decimal(k), int(count)) for k, count in rows])
    return len(numbers)


# --- Times ---

MS, S = 1000, 1000000
GRAMMAR = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
                     r"(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?")
ERA = 146097 * 86400 * S  # 400 years: datetime has no year 0
FIRST, LAST = -62167219200 * S, 253402300800 * S - 1


def time_of(text):
    """In microseconds since 1970; None when it is no time."""
    m = GRAMMAR.fullmatch(text)
    if not m:
        return None
    year, month, day, hour, minute, second = (int(g or 0) for g in m.groups()[:6])
    zone_hour, zone_minute = int(m[9] or 0), int(m[10] or 0)
    if second > 60 or zone_hour > 23 or zone_minute > 59:
        return None
    try:
        at = datetime(year % 400 + 400, month, day, hour, minute) - datetime(1970, 1, 1)
    except ValueError:
        return None
    us = at // timedelta(microseconds=1) + (year // 400 - 1) * ERA + second * S
    us += int(((m[7] or "") + "000000")[:6])
    return us - (-1 if m[8] == "-" else 1) * (zone_hour * 60 + zone_minute) * 60 * S


def time_text(r):
    year = r.choice([1, 4, 1582, 1899, 1900, 1969, 1970, 2000, 2024, 2038, 2100, 9998, r.randint(1, 9998)])
    text = "%04d-%02d-%02d" % ((year,) + r.choice([(2, 28), (2, 29), (3, 1), (12, 31), (1, 1), (r.randint(1, 12), r.randint(1, 31))]))
    if r.random() < .1:
        return text
    text += r.choice("Tt ") + "%02d:%02d" % (r.choice([0, 23, 24, r.randint(0, 23)]), r.choice([0, 59, 60, r.randint(0, 59)]))
    if r.random() < .9:
        text += ":%02d" % r.choice([0, 59, 60, 61, r.randint(0, 59)])
        if r.random() < .7:
            text += "." + "".join(r.choices("0123456789", k=r.choice([1, 2, 3, 5, 6, 7, 9, 12, 30])))
    zone = "%02d%s%02d" % (r.choice([0, 5, 14, 23, 24]), r.choice([":", ""]), r.choice([0, 30, 59, 60]))
    text += r.choice(["", "Z", "z", "+" + zone, "-" + zone, "+" + zone[:2], "-" + zone[:2]])
    if r.random() < .2:
        i = r.randint(0, len(text))
        text = text[:i] + r.choice(["", r.choice("0123456789-+:.TtZz ")]) + text[i + r.randint(0, 1):]
    return text


def stamp_of(us):
    return stamp(us) if us >= FIRST + 366 * 86400 * S else "0000" + stamp(us + ERA)[4:]


def times(r, n):
    texts = [time_text(r) for _ in range(n)]
    write("in.ndjson", "".join(json.dumps({"i": i, "t": text}) + "\n" for i, text in enumerate(texts)))
    write("bad", "")
    out, _ = run(["kwindow", "-T", ".t", "--tumble", "1ms", "--emit", "table", "-g", ".i", "--bad", "bad", "in.ndjson"])
    got = {}
    for line in out.splitlines():
        row = json.loads(line)
        got[row["i"]] = (row["window_start"], row["window_end"])
    with open("bad", encoding="utf-8") as f:
        refused = {int(json.loads(line)["line"]) - 1 for line in f}
    good = 0
    for i, text in enumerate(texts):
        us = time_of(text)
        start = us and us // MS * MS
        if us is None or start < FIRST or start + MS > LAST:
            expect(f"'{text}' refused", True, i in refused and i not in got)
            continue
        good += 1
        expect(f"'{text}'", (stamp_of(start), stamp_of(start + MS)), got.get(i))
    if not n / 4 < good < n:
        sys.exit(f"only {good} of {n} texts are times")
    return n


def main():
    what, seed, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rows = {"sums": sums, "doubles": doubles, "changes": changes, "exact": exact, "moments": moments, "deviations": deviations, "keys": keys,
            "times": times}[what](random.Random(seed), n)
    print(f"{n} cases, {rows} rows")


if __name__ == "__main__":
    main()
