#!/usr/bin/env python3
"""What tests/nexmark.bats asks of sqlite and of the events themselves.

    nexmark.py load EVENTS DB           events of bench/gen-nexmark as tables: person, auction, bid, and side
    nexmark.py same QUERY.sql DB ROWS   are these the rows that the query gives, in any order, and are there some?
    nexmark.py check EVENTS RATE        are the events what bench/gen-nexmark says they are?
    nexmark.py mix EVENTS SECONDS RATE  the events out of order by less than SECONDS
"""
import collections
import datetime
import difflib
import itertools
import json
import math
import random
import sqlite3
import sys

KINDS = ("person", "auction", "bid")
FIRST = datetime.datetime(2025, 4, 21, 18, 30)


def events(path):
    with open(path) as file:
        for line in file:
            event = json.loads(line)
            yield KINDS[event["event_type"]], event


def moment(text):
    assert len(text) == len("2025-04-21 18:30:00.000"), text
    return datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f")


def millis(text):
    return (moment(text) - datetime.datetime(1970, 1, 1)) // datetime.timedelta(milliseconds=1)


def load(path, name):
    db = sqlite3.connect(name)
    made = set()
    for kind, event in events(path):
        row = event[kind]
        row["ms"] = millis(row["dateTime"])
        if "expires" in row:
            row["expires_ms"] = millis(row["expires"])
        if kind not in made:
            db.execute(f"create table {kind} ({', '.join(row)})")
            made.add(kind)
        db.execute(f"insert into {kind} values ({', '.join('?' * len(row))})", list(row.values()))
    db.execute("create table side (key, value)")
    db.executemany("insert into side values (?, ?)", ((n, f"v{n}") for n in range(0, 10000, 3)))
    db.commit()


def rfc3339(ms):
    at = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms)
    return at.isoformat(timespec="milliseconds") + "Z"


def lines(rows):
    """Members and lines sorted; a number that is whole has no point."""
    def plain(value):
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return sorted(json.dumps({k: plain(v) for k, v in row.items()}, sort_keys=True) for row in rows)


def same(query, name, got):
    db = sqlite3.connect(name)
    db.row_factory = sqlite3.Row
    db.create_function("rfc3339", 1, rfc3339, deterministic=True)
    with open(query) as sql, open(got) as rows:
        want = lines(dict(row) for row in db.execute(sql.read()))
        have = lines(map(json.loads, rows))
    if not want:
        sys.exit("sqlite has no rows: nothing is compared")
    if want != have:
        difference = difflib.unified_diff(want, have, "sqlite", got, n=0, lineterm="")
        sys.exit("\n".join(itertools.islice(difference, 20)))


def mix(path, seconds, rate):
    """Events come less than so many seconds late."""
    draw = random.Random(1)
    with open(path) as file:
        late = sorted((n + draw.random() * (int(seconds) * int(rate) - 1), line) for n, line in enumerate(file))
    sys.stdout.writelines(line for _, line in late)


# --- The generator ---

MEMBERS = {
    "person": "id name emailAddress creditCard city state dateTime extra",
    "auction": "id itemName description initialBid reserve dateTime expires seller category extra",
    "bid": "auction bidder price channel url dateTime extra",
}


def near(what, got, expected, n):
    """Is a share of n draws within five standard deviations?"""
    bound = 5 * math.sqrt(expected * (1 - expected) / n)
    assert abs(got / n - expected) <= bound, f"{what}: {got} of {n}, about {expected} is expected"


def recent(what, number, last, there):
    """One of the last that are there, or of the ten that come next."""
    assert max(last - there + 1, 0) <= number - 1000 <= last + 10, f"{what} {number}, the last is {last + 1000}"


def check(path, rate):
    rate = int(rate)
    seen = collections.Counter()
    tally = collections.defaultdict(collections.Counter)
    urls = {}
    sizes = collections.Counter()
    last = {"person": -1, "auction": -1}
    for n, (kind, event) in enumerate(events(path)):
        row = event[kind]
        place = n % 50
        assert kind == ("person" if place == 0 else "auction" if place < 4 else "bid"), (n, kind)
        assert list(event) == ["event_type", *KINDS] and sum(event[k] is not None for k in KINDS) == 1, event
        assert " ".join(row) == MEMBERS[kind], row
        assert moment(row["dateTime"]) == FIRST + datetime.timedelta(milliseconds=n * 1000 // rate), (n, row["dateTime"])
        assert row["extra"].isalpha() and row["extra"].islower()
        seen[kind] += 1
        if kind in last:
            last[kind] += 1
            assert row["id"] == 1000 + last[kind], row
        count = tally[kind]
        if kind == "person":
            count[row["state"]] += 1
            sizes[kind] += 8 + sum(len(row[k]) for k in ("name", "emailAddress", "creditCard", "city", "state", "extra"))
        elif kind == "auction":
            recent("seller", row["seller"], last["person"], 1000)
            count["hot"] += row["seller"] == 1000 + last["person"] // 100 * 100
            count[row["category"]] += 1
            assert 100 <= row["initialBid"] < row["reserve"]
            open_for = (moment(row["expires"]) - moment(row["dateTime"])) / datetime.timedelta(milliseconds=1)
            assert 1 <= open_for <= 2 * (5000 * 1000 // 3 // rate) + 1000, open_for
            count["open"] += open_for
            sizes[kind] += 48 + sum(len(row[k]) for k in ("itemName", "description", "extra"))
        else:
            hot_auction, hot_bidder = 1000 + last["auction"] // 100 * 100, 1001 + last["person"] // 100 * 100
            recent("auction", row["auction"], last["auction"], 101)
            recent("bidder", row["bidder"], last["person"], 1000)
            count["auction"] += row["auction"] == hot_auction
            count["bidder"] += row["bidder"] == hot_bidder
            assert 100 <= row["price"] <= 100000000
            count["price", len(str(row["price"]))] += 1
            hot = not row["channel"].startswith("channel-")
            count["hot channel"] += hot
            count[row["channel"]] += 1
            count["id"] += "&channel_id=" in row["url"]
            assert urls.setdefault(row["channel"], row["url"]) == row["url"], "a channel has two URLs"
            assert not hot or row["url"].endswith("item.htm?query=1")
            sizes[kind] += 32 + len(row["extra"])
    bids, auctions, persons = seen["bid"], seen["auction"], seen["person"]
    count = tally["bid"]
    # The hot one may be drawn among the recent ones, too: seldom when many of them are there.
    assert count["auction"] / bids > 0.49 and count["bidder"] / bids > 0.74 and tally["auction"]["hot"] / auctions > 0.7
    near("hot auction", count["auction"], 0.5 + 0.5 / 111, bids)
    near("hot channel", count["hot channel"], 0.5, bids)
    for channel in ("Google", "Facebook", "Baidu", "Apple"):
        near(channel, count[channel], 0.125, bids)
    assert not set(urls) - {"Google", "Facebook", "Baidu", "Apple"} - {f"channel-{n}" for n in range(10000)}
    near("cold URLs with an id", sum("channel_id" in url for url in urls.values()), 0.9, len(urls))
    for digits in range(3, 9):
        near(f"prices of {digits} digits", count["price", digits], 1 / 6, bids)
    for category in range(10, 15):
        near(f"category {category}", tally["auction"][category], 0.2, auctions)
    for state in ("AZ", "CA", "ID", "OR", "WA", "WY"):
        near(state, tally["person"][state], 1 / 6, persons)
    mean = tally["auction"]["open"] / auctions / (5000 * 1000 / 3 / rate)
    assert abs(mean - 1) < 3 / math.sqrt(auctions), f"auctions are open {mean} times as long as is due"
    for kind, size in (("person", 200), ("auction", 500), ("bid", 100)):
        mean = sizes[kind] / seen[kind]
        assert abs(mean - size) < 1 + size * 0.6 / math.sqrt(seen[kind]), f"a {kind} has {mean} bytes"


if __name__ == "__main__":
    {"load": load, "same": same, "check": check, "mix": mix}[sys.argv[1]](*sys.argv[2:])
