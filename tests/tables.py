"""Random tables, good and damaged, through csvagg, and through Python's csv and decimals.

    tables.py csvagg SEED N     N random sets of tables, each by two of the engines
    tables.py engines SEED N    each by every engine, in blocks of a few bytes, from files that are compressed or not
    tables.py long SEED N       N long tables, most of whose rows are plain numbers, by each engine against libcsv

As tests/model.py, whose values and aggregates these are: what is more is what can be wrong with rows,
which then are counted and left out, and the order, number and form of the rows that come out.
"""
import gzip
import os
import random
import sys
from decimal import Decimal

from model import (AGGREGATES, ARGUMENTS, TESTS, Aggregate, Bad, cell_value, is_number, order, put, put_cell, quoted,
                   random_number, run, run_piped, same)

DELIMITERS = [(",", ["-d", ","]), (";", ["-d", ";"]), ("\t", ["-d", "\\t"]), ("|", ["--delimiter=|"])]
FORMS = {"--csv": ",", "--tsv": "\t", "--json": None}
KEYS = ["a", "b", "a,b", 'say "x"', "two\nlines", "cr\r\nlf", "007", "7", "7.0", "1e1", "", " a", "a ", "é", "e\u0301", "日本",
        "null", "\t;|", "'", "-0", "10", "9"]

# --- Tables ---


def cell(r, column, texts):
    if column in "kj":
        return r.choice(KEYS[:r.choice([3, len(KEYS)])])
    if column == "t":
        return "".join(r.choices(['a', '"', ',', '\n', ' ', 'ü'], k=r.randint(0, 5)))
    if texts and r.random() < .1:
        return r.choice(["x", "1,5", " 1", "01", "1.", ".5", "+1", "0x1", "1e", "NaN"])
    if column == "w":
        return r.choice(["0", "1", "2", "3", "2.0", ""])
    return "" if r.random() < .2 else random_number(r)


def written_cell(r, text, delimiter, everything):
    if everything or r.random() < .1:
        return '"' + text.replace('"', '""') + '"'
    return quoted(text, delimiter)


def damaged(r, cells, delimiter):
    """A row that is none, on a line of its own."""
    cells = ["x" for _ in cells]
    damage = r.randint(0, 4)
    if damage == 0:
        cells.append("y")
    elif damage == 1:
        cells.pop()
    elif damage == 2:
        cells[r.randrange(len(cells))] = '"a"b'
    elif damage == 3:
        cells[r.randrange(len(cells))] = 'a"b'
    else:
        cells[r.randrange(len(cells))] = "\udcff"  # a byte that is no UTF-8
    return delimiter.join(cells)


def make_file(r, damages, texts):
    """Its text, its good rows as cells by column and None for each other one, in order."""
    columns = ["k", "j", "v", "w"] + r.choice([[], ["t"], ["t", "z"]])
    r.shuffle(columns)
    delimiter, everything, end = damages["delimiter"], r.random() < .3, r.choice(["\n", "\r\n"])
    lines = [delimiter.join(written_cell(r, c, delimiter, everything) for c in columns)]
    rows = []
    for _ in range(r.choice([0, 1, 10, 10, 40, 150])):
        if r.random() < damages["blank"]:
            lines.append("")
        if r.random() < damages["bad"]:
            lines.append(damaged(r, columns, delimiter))
            rows.append(None)
        cells = [cell(r, c, texts) for c in columns]
        lines.append(delimiter.join(written_cell(r, c, delimiter, everything) for c in cells))
        rows.append(dict(zip(columns, cells)))
    text = end.join(lines) + (end if r.random() < .8 else "")
    return ("\ufeff" if r.random() < .2 else "") + text, rows


# --- What is asked ---


def is_text(v):
    return isinstance(v, str)


def random_spec(r):
    """Aggregates of different titles."""
    chosen = {}
    for i in range(r.randint(1, 5)):
        function = r.choice(list(AGGREGATES))
        where = r.choice(TESTS[1:2]) if r.random() < .2 else None
        where = where and (where[0].replace("PATH", ""), where[1])
        argument = r.choice(list(ARGUMENTS)) if "E" in function else "PATHv"
        a = Aggregate(function, argument, f"a{i}" if r.random() < .5 or "E" not in function else None, where)
        chosen.setdefault(a.title(""), a)
    return list(chosen.values())


def check_argument(a, record):
    """Bad where + - * meets a text; with a null on one side it does not look at the other."""
    if a.argument.startswith("PATHv ") and a.holds(record):
        v, w = record["v"], record["w"]
        if is_text(w) and ("0.5" in a.argument or v is not None) or is_text(v) and w is not None:
            raise Bad("not a number")


def is_good(aggregates, record):
    try:
        for a in aggregates:
            check_argument(a, record)
            a.check(record)
    except Bad:
        return False
    return True


# --- Rows ---


def sort_key(v):
    """numbers by value, then texts by bytes, then lists, item by item, numbers in them as doubles; null is kept apart."""
    if isinstance(v, list):
        return 5, [order(Decimal(float(item)) if is_number(item) else item) for item in v]
    return order(Decimal(v) if isinstance(v, float) else v)


def sort(rows, columns):
    """columns: (index, descending), the most important first."""
    for i, descending in reversed(columns):
        there = [row for row in rows if row[1][i] is not None]
        there.sort(key=lambda row: sort_key(row[1][i]), reverse=descending)
        rows = there + [row for row in rows if row[1][i] is None]
    return rows


def lines_of(form, titles, rows):
    """rows: what is shown of the keys, and all values by what they mean."""
    if form == "--json":
        return ["{" + ",".join(put(t) + ":" + v for t, v in zip(titles, texts)) + "}\n" for texts, _ in rows]
    delimiter, lines = FORMS[form], []
    for texts in [titles] + [texts for texts, _ in rows]:
        lines.append(delimiter.join(quoted(t, delimiter, len(titles) == 1) for t in texts) + "\n")
    return lines


def row_of(form, key, values):
    meanings = [cell_value(k) for k in key] + values
    if form == "--json":
        shown = [k if is_number(cell_value(k)) else put(cell_value(k)) for k in key] + list(map(put, values))
    else:
        shown = list(key) + list(map(put_cell, values))
    return shown, meanings


def groups_of(files, keys, where, aggregates):
    """Records by key, and how many rows are bad."""
    groups, bad = {} if keys else {(): []}, 0
    for row in (row for _, rows in files for row in rows):
        record = row and {c: cell_value(text) for c, text in row.items()}
        if record and where and not where[1](record):
            continue
        if record and is_good(aggregates, record):
            groups.setdefault(tuple(row[k] for k in keys), []).append(record)
        else:
            bad += 1
    return groups, bad


def random_csvagg(r, i):
    """Arguments, files, and what is to come: standard output, standard error, how many rows."""
    (delimiter, args), texts = r.choice(DELIMITERS), r.random() < .4
    damages = {"delimiter": delimiter, "bad": r.choice([0, 0, .1]), "blank": r.choice([0, .1])}
    files = [make_file(r, damages, texts) for _ in range(r.choice([1, 1, 1, 2, 3]))]
    names = [f"{i}.{n}.csv" for n in range(len(files))]
    for name, (text, _) in zip(names, files):
        with open(name, "wb") as f:
            f.write(text.encode("utf-8", "surrogateescape"))
    aggregates, keys, form = random_spec(r), r.sample(["k", "j", "w"], r.randint(0, 3)), r.choice(list(FORMS))
    where = (r.choice(TESTS)[0].replace("PATH", ""), None) if r.random() < .3 else None
    where = where and (where[0], next(test for text, test in TESTS if text.replace("PATH", "") == where[0]))
    groups, bad = groups_of(files, keys, where, aggregates)
    rows = [row_of(form, key, [a.result(records) for a in aggregates]) for key, records in groups.items()]
    titles = keys + [a.title("") for a in aggregates]

    sorts = [(r.randrange(len(titles)), r.random() < .5) for _ in range(r.choice([0, 0, 1, 2]))]
    rows = sort(rows, sorts)
    for column, descending in sorts:
        args = args + ["--sort", titles[column] + (":desc" if descending else r.choice(["", ":asc"]))]
    if r.random() < .2:
        limit = r.randint(0, 5)
        rows, args = rows[:limit], args + ["--limit", str(limit)]
    for k in keys:
        args = args + ["-g", k]
    args = ["csvagg", "--bad", "skip", form] + args + ["-a", ", ".join(a.spec("") for a in aggregates)]
    args += ["-w", where[0]] if where else []

    want, count = "".join(lines_of(form, titles, rows)), sum(len(rows) for _, rows in files)
    account = f"csvagg: {count} in, {count - bad} used, {bad} bad, 0 late\n" if bad else ""
    return args, names, want, account, len(rows)


# --- Ways to run ---


def differ(args, want, account, result):
    out, err = result
    same(args, "standard output", want, out)
    same(args, "standard error", account, err)


def csvagg(r, i):
    args, names, want, account, rows = random_csvagg(r, i)
    for jobs, engine in zip(r.sample("127", 2), r.sample(["auto", "scan", "libcsv"], 2)):
        run_args = args + ["--engine", engine, "-j", jobs] + names
        if jobs != "7":
            differ(run_args, want, account, run(run_args))
        else:
            with open(names[0], "rb") as f:
                run_args[run_args.index(names[0])] = "-"
                differ(run_args, want, account, run_piped(r, run_args, f.read()))
    return rows


def engines(r, i):
    args, names, want, account, rows = random_csvagg(r, i)
    for name in names:
        with open(name, "rb") as f, gzip.open(name + ".gz", "wb") as packed:
            packed.write(f.read())
    for engine in "auto", "scan", "libcsv":
        os.environ["KPIPE_BLOCK"] = str(r.choice([1, 7, 64, 65, 200, 1 << 20]))
        os.environ["KPIPE_SIMD"] = r.choice(["", "none"])
        ending = r.choice(["", ".gz"])
        run_args = args + ["--engine", engine, "-j", r.choice("127")] + [name + ending for name in names]
        differ(run_args, want, account, run(run_args))
        with open(names[-1] + ending, "rb") as f:
            run_args[-1] = "-"
            differ(run_args, want, account, run_piped(r, run_args, f.read()))
    return rows


# --- Long tables ---

ODD_NUMBERS = ["1e3", "-0", "0.00", "123456789012345678901", "-.5", "abc", "007", "1.", "+4", "1e400", "99999999999.25",
               '"12"', '"1""2"', "-12345678", "12345678", "1234567.5", "", "-", "--1", "1.2.3", " 1"]
ODD_KEYS = ["", '"a,b"', '"x""y"', "ü", '"two\nlines"', "a" * 40, "b" * 16, "b" * 17, '""', "-"]
ODD_ROWS = ["x,1", "", '"q"z,1,2,3', "x,1,2,3,4", ",,,", "\udcff,1,2,3", "\r"]


def long_row(r):
    if r.randrange(100) == 0:
        return r.choice(ODD_ROWS)
    key = f"k{r.randrange(30)}" if r.randrange(20) else r.choice(ODD_KEYS)
    numbers = [random_number(r) if r.randrange(30) else r.choice(ODD_NUMBERS) for _ in range(3)]
    return ",".join([key] + numbers)


def long(r, i):
    rows = r.randint(500, 5000)
    end = r.choice(["\n", "\r\n"])
    text = "k,a,b,c" + end + "".join(long_row(r) + (end if r.randrange(50) else "\r\n") for _ in range(rows))
    with open("long", "wb") as f:
        f.write(text.encode("utf-8", "surrogateescape"))
    keys = r.choice([["-g", "k"], [], ["-g", "k", "-g", "c"]])
    args = ["csvagg", "--bad", "skip"] + keys + ["-a", "count, sum(a*b), min(a), max(b), avg(c), sum(a-b*2), n=count(c), "
                                                 "median(a), first(b), mode(a)"]
    want = run(args + ["--engine", "libcsv", "-j1", "long"])
    for engine in "auto", "scan":
        os.environ["KPIPE_BLOCK"] = str(r.choice([200, 5000, 1 << 20]))
        os.environ["KPIPE_SIMD"] = r.choice(["", "none"])
        run_args = args + ["--engine", engine, "-j", r.choice("127"), "long"]
        differ(run_args, want[0], want[1], run(run_args))
    return rows


def main():
    seed, n = int(sys.argv[2]), int(sys.argv[3])
    case = {"csvagg": csvagg, "engines": engines, "long": long}[sys.argv[1]]
    rows = sum(case(random.Random(seed * 1000003 + i), i) for i in range(n))
    print(f"{n} cases, {rows} rows")


if __name__ == "__main__":
    main()
