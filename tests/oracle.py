"""What the examples are tested with: seeded inputs, and their results worked out here, without kpipe.

    oracle.py input NAME            the input of examples/NAME
    oracle.py result NAME < INPUT   what it must lead to, in the form the test brings results into
    oracle.py WHAT NAME             another result of it
"""
import csv
import json
import random
import re
import sys
from collections import OrderedDict
from datetime import datetime, timedelta, timezone
from decimal import Decimal


def emit(value):
    print(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def plain(d):
    """A decimal without exponent and trailing zeros."""
    text = format(d, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def utc(text):
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)


def stamp(seconds):
    t = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    return t.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (t.microsecond // 1000)


# --- ratings ---


def ratings_input(r):
    print("userId,movieId,rating,timestamp")
    for _ in range(10000):
        print("%d,%d,%s,%d" % (r.randint(1, 610), r.randint(1, 190000), r.randint(1, 10) / 2,
                               r.randint(828124615, 1537799250)))


def ratings_result(f):
    for row in csv.DictReader(f):
        emit({"user_id": int(row["userId"]), "movie_id": int(row["movieId"]), "rating": float(row["rating"]),
              "created_at": datetime.fromtimestamp(int(row["timestamp"]), timezone.utc).strftime("%Y-%m-%d %H:%M:%S")})


# --- people ---

TITLES = ["Software Engineer", "Data Scientist", "Product Manager", "Nurse", "Chief Financial Officer", "Writer",
          "Train Driver", "Baker"]


def people_input(r):
    for i in range(100):
        emit({"id": i, "name": "%s %s" % (r.choice(["Ada", "Émile", "Jürgen", "Mae"]), r.choice(["Li", "O'Hara", "Núñez"])),
              "title": r.choice(TITLES)})


def people_result(f):
    for line in f:
        person = json.loads(line)
        print(line.rstrip("\n") + "\t" + person["title"].lower().replace(" ", "-"))


# --- wordcount ---


def wordcount_input(r):
    words = "The quick, brown fox jumps over the lazy dog -- THE end; of it's naïve café".split()
    for _ in range(2000):
        print(" ".join(r.choice(words) for _ in range(r.randint(0, 12))))


def wordcount_result(f):
    counts = {}
    for line in f:
        for word in re.split(r"\W+", line.lower()):
            if word and word != "the":
                counts[word] = counts.get(word, 0) + 1
    for word, n in counts.items():
        print("%s\t%d" % (word, n))


# --- behaviors ---


def behaviors_input(r):
    for i in range(5000):
        t = datetime(2025, 4, 21, 14, 10, 45, 123000) + timedelta(milliseconds=i * 37)
        emit({"user_id": r.randint(1, 500), "item_id": r.randint(1, 2000), "category": r.choice("abcde") + "-goods",
              "behavior": r.choice(["view", "cart", "like", "buy"]), "ts": t.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]})


def behaviors_result(f):
    groups = {}
    for line in f:
        e = json.loads(line)
        key = (e["category"], e["behavior"])
        n, last = groups.get(key, (0, ""))
        groups[key] = (n + 1, max(last, e["ts"]))
    for (category, behavior), (n, last) in groups.items():
        value = {"category": category, "behavior": behavior, "behavior_count": n, "update_time": last}
        print(json.dumps([category, behavior], separators=(",", ":")) + "\t" + json.dumps(value, separators=(",", ":")))


# --- windows ---


def windows_input(r):
    start = utc("2025-04-21 14:08:35")
    times = [start + timedelta(seconds=10 * i) for i in range(30)]
    # Each comes at most 50 s after a later one did.
    order = sorted(range(30), key=lambda i: i + r.randint(0, 5))
    for n, i in enumerate(order):
        emit({"id": n, "message": "message %d" % n, "timestamp": times[i].strftime("%Y-%m-%d %H:%M:%S")})


def minute_row(start, n):
    emit({"window_start": stamp(start), "window_end": stamp(start + 60), "count": n})


def windows_result(f):
    counts = {}
    for line in f:
        start = int(utc(json.loads(line)["timestamp"]).timestamp()) // 60 * 60
        counts[start] = counts.get(start, 0) + 1
    for start in sorted(counts):
        minute_row(start, counts[start])


def windows_table(f):
    counts = {}
    for line in f:
        start = int(utc(json.loads(line)["timestamp"]).timestamp()) // 60 * 60
        counts[start] = counts.get(start, 0) + 1
        for s in sorted(counts):
            minute_row(s, counts[s])


# --- sales ---


def sales_input(r):
    for i in range(1000):
        print("%d,%s,%.2f,%d,2024-%02d-%02d" % (i, r.choice(["books", "toys", '"home, garden"', "food"]),
                                                r.randint(1, 100000) / 100, r.randint(1, 20), r.randint(1, 12), r.randint(1, 28)))


def sales_result(f):
    groups = OrderedDict()
    for _, category, price, quantity, _ in csv.reader(f):
        g = groups.setdefault(category, [Decimal(0), Decimal(0), 0, 0])
        g[0] += Decimal(price) * int(quantity)
        g[1] += Decimal(price)
        g[2] += int(quantity)
        g[3] += 1
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["category", "total_revenue", "avg_price", "total_quantity", "transaction_count"])
    for category, (revenue, prices, quantity, n) in groups.items():
        avg = float(prices / n)
        out.writerow([category, plain(revenue), plain(Decimal(repr(avg))), quantity, n])


# --- stocks ---


def stocks_input(r):
    for i in range(3000):
        t = 1745244000000 + i * 20 - r.randint(0, 1500)
        emit({"ticker": r.choice(["AAPL", "MSFT", "NVDA"]), "price": r.randint(10000, 50000) / 100, "size": r.randint(1, 500),
              "time": t})


def stocks_result(f):
    groups = {}
    for line in f:
        e = json.loads(line, parse_float=Decimal, parse_int=Decimal)
        second = int(e["time"]) // 1000
        for start in range(second - 4, second + 1):
            groups.setdefault((start, e["ticker"]), []).append(e["price"])
    for (start, ticker), prices in sorted(groups.items()):
        avg = float(sum(prices) / len(prices))
        print('{"window_start":"%s","window_end":"%s","ticker":"%s","min_price":%s,"trades":%d,"avg_price":%s}' % (
            stamp(start), stamp(start + 5), ticker, plain(min(prices)), len(prices), plain(Decimal(repr(avg)))))


# --- interleave: a backlog in 4 partitions, as envelopes for kout -J --keep-partition ---


def interleave_input(r):
    for partition in range(4):
        for i in range(40000):
            t = 1745244000000 + i * 90 + r.randint(0, 80)
            emit({"topic": "t", "partition": partition, "timestamp": t, "value": {"t": t, "p": partition}})


# --- demo: the events that the script makes ---


def demo_events():
    x = 0
    categories = ["books", "games", "music", "tools", "toys"]
    behaviors = ["view", "cart", "like", "buy"]
    for i in range(800):
        x = (x * 7141 + 54773) % 259200
        yield {"user": x % 50, "category": categories[x // 100 % 5], "behavior": behaviors[x // 7 % 4],
               "minute": 10 + i // 240}


def demo_live(_):
    counts = {}
    for e in demo_events():
        key = (e["category"], e["behavior"])
        counts[key] = counts.get(key, 0) + 1
    for key in sorted(counts):
        print(*key, counts[key])


def demo_windows(_):
    start = int(utc("2025-04-21 14:00:00").timestamp())
    groups = {}
    for e in demo_events():
        groups.setdefault((e["minute"], e["behavior"]), []).append(e["user"])
    for (minute, behavior), users in groups.items():
        emit({"window_start": stamp(start + 60 * minute), "window_end": stamp(start + 60 * minute + 60),
              "behavior": behavior, "events": len(users), "users": len(set(users))})


def demo_table(_):
    print("category,events,users,bought")
    groups = {}
    for e in demo_events():
        groups.setdefault(e["category"], []).append(e)
    for category, events in groups.items():
        print("%s,%d,%d,%d" % (category, len(events), len({e["user"] for e in events}),
                               sum(e["behavior"] == "buy" for e in events)))


def main():
    what, name = sys.argv[1:]
    if what == "input":
        globals()[name + "_input"](random.Random("kpipe " + name))
    elif what == "result":
        globals()[name + "_result"](sys.stdin)
    else:
        globals()[name + "_" + what](sys.stdin)


main()
