"""What other stream processors give for small inputs, in folders of cases that are not part of the tree, and what kwindow and
kcount give for the same.

    upstream.py FOLDER      prints a table: suite, case, and "pass" or the difference

FOLDER/SUITE has inputs and expected rows. Each case has a command line here. Where upstream means something else than
kpipe does, the case is run with what is closest, and the table says what differs; that it does is checked, too. Status 1
when a case gives neither.
"""
import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import datetime, timezone

folder = sys.argv[1]
CASES = []


def case(suite, name, differs=None):
    """The function gives (rows, expected rows), both lists; or their Counters where the order is not defined."""
    def add(f):
        CASES.append((suite, name, differs, f))
        return f
    return add


def path(suite, name):
    return os.path.join(folder, suite, name)


def read(suite, name):
    with open(path(suite, name), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def tool(suite, name, *args):
    """The rows of a tool for an input."""
    done = subprocess.run([*args, path(suite, name)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{args}: status {done.returncode}\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def kwindow(suite, name, *args):
    """With times in milliseconds."""
    return tool(suite, name, "kwindow", "--time-format", "ms", *args)


def part(rows, *names):
    """Of each row these fields; what it does not have is null."""
    return [tuple(row.get(name) for name in names) for row in rows]


def folded(rows, *key):
    """The last row of each key that is not taken back."""
    last = {}
    for row in rows:
        identity = tuple(row[k] for k in key)
        last.pop(identity, None)
        if "$delete" not in row:
            last[identity] = row
    return list(last.values())


# --- Flink ---

BID = ["-T", ".bidtime", "--delay", "1s", "-a", "price=sum(.price)"]


def bids(args, expected, *fields):
    def ms(text):
        return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp() * 1000)
    rows = sum((kwindow("flink_docs_bid", "input.ndjson", *BID, *a) for a in args), [])
    want = [dict(row, window_start=ms(row["window_start"]), window_end=ms(row["window_end"]))
            for row in read("flink_docs_bid", expected)]
    fields = ("window_start", "window_end", "price") + fields
    return Counter(part(rows, *fields)), Counter(part(want, *fields))


@case("flink_docs_bid", "tumble_10m")
def _():
    return bids([["--tumble", "10m"]], "expected_tumble_10m.ndjson")


@case("flink_docs_bid", "hop_10m_by_5m")
def _():
    return bids([["--hop", "10m/5m"]], "expected_hop_10m_by_5m.ndjson")


@case("flink_docs_bid", "cumulate_10m_step_2m")
def _():
    return bids([["--cumulate", "10m/2m"]], "expected_cumulate_10m_step_2m.ndjson")


@case("flink_docs_bid", "tumble_10m_grouping_sets")
def _():
    # A grouping set is a kwindow of its own.
    return bids([["--tumble", "10m", "-g", ".supplier_id"], ["--tumble", "10m", "-g", "supplier_id=null"]],
                "expected_tumble_10m_grouping_sets.ndjson", "supplier_id")


TS = ["-T", ".ts", "--time-unit", "ms"]


@case("flink_session_lateness", "session_5ms")
def _():
    rows = kwindow("flink_session_lateness", "input_session.ndjson", *TS, "--session", "5ms", "--delay", "10ms", "-g", ".string",
                   "--window-time", "-a", "cnt=count, sum_int=sum(.int), uv_name=distinct(.name)")
    want = read("flink_session_lateness", "expected_session_5ms.ndjson")
    return [Counter(tuple(sorted(row.items())) for row in r) for r in (rows, want)]


@case("flink_session_lateness", "tumble_5ms_allowed_lateness_10ms")
def _():
    aggs = "uv_ts=distinct(.ts), cnt=count(.int), avg_int=avg(.int), min_int=min(.int), max_int=max(.int), sum_int=sum(.int)"
    rows = kwindow("flink_session_lateness", "input_lateness.ndjson", *TS, "--tumble", "5ms", "--grace", "10ms", "--emit", "changes",
                   "-g", ".string", "-a", aggs)
    for row in rows:
        row["avg_int"] = int(row["avg_int"])  # an integer there
    want = read("flink_session_lateness", "expected_tumble_5ms_allowed_lateness_10ms_final.ndjson")
    return [Counter(tuple(sorted(row.items())) for row in r) for r in (folded(rows, "string", "window_start"), want)]


# --- Kafka Streams: a stop does not flush ---

KAFKA = [*TS, "-g", ".key", "--keep-open"]
WINDOW = ("key", "window_start", "window_end", "count")


def kafka(name, expected, *args):
    return (part(kwindow("kstreams_suppress", name, *KAFKA, *args), *WINDOW), part(read("kstreams_suppress", expected), *WINDOW))


@case("kstreams_suppress", "time_update")
def _():
    return kafka("input_time.ndjson", "expected_time_update.ndjson", "--tumble", "2ms", "--grace", "1ms", "--emit", "changes")


@case("kstreams_suppress", "time_close")
def _():
    return kafka("input_time.ndjson", "expected_time_close.ndjson", "--tumble", "2ms", "--grace", "1ms")


@case("kstreams_suppress", "jump_update")
def _():
    return kafka("input_jump.ndjson", "expected_jump_update.ndjson", "--tumble", "2ms", "--grace", "2ms", "--emit", "changes")


@case("kstreams_suppress", "jump_close")
def _():
    return kafka("input_jump.ndjson", "expected_jump_close.ndjson", "--tumble", "2ms", "--grace", "2ms")


SLIDING = "--slide has one window per record, [t - SIZE, t]; upstream has [t + 1, t + 1 + SIZE], too, one of each bounds, and drops below 0"


@case("kstreams_suppress", "sliding_update", SLIDING + "; and it has final rows only")
def _():
    return kafka("input_sliding.ndjson", "expected_sliding_update_sorted.ndjson", "--slide", "5ms", "--grace", "15ms")


@case("kstreams_suppress", "sliding_close", SLIDING)
def _():
    return kafka("input_sliding.ndjson", "expected_sliding_close.ndjson", "--slide", "5ms", "--grace", "15ms")


@case("kstreams_suppress", "sliding_close, its windows that end with a record")
def _():
    rows, want = kafka("input_sliding.ndjson", "expected_sliding_close.ndjson", "--slide", "5ms", "--grace", "15ms")
    times = {row["ts"] for row in read("kstreams_suppress", "input_sliding.ndjson")}
    # What comes when its own window is closed counts in others that are open.
    last = {row[1:3]: row for row in want if row[2] in times}
    return {row[1:3]: row for row in rows if row[1:3] in last}, last


def sessions(expected, *args):
    """There a session ends with its last record, here a gap later; a gap of 5 ms has records 5 ms apart, here, too."""
    rows = kwindow("kstreams_suppress", "input_session.ndjson", *KAFKA, "--session", "5ms", *args)
    for row in rows:
        row["window_end"] -= 5
    return rows, read("kstreams_suppress", expected)


@case("kstreams_suppress", "session_update")
def _():
    # A row is taken back where its window changes; there also where only its count does, which folds to the same.
    rows, want = sessions("expected_session_update.ndjson", "--emit", "changes")
    want = [dict(row, **{"$delete": True}) if row["count"] is None else row for row in want]
    return [part(folded(r, "key", "window_start", "window_end"), *WINDOW) for r in (rows, want)]


@case("kstreams_suppress", "session_close")
def _():
    return [part(r, *WINDOW) for r in sessions("expected_session_close.ndjson")]


@case("kstreams_suppress", "table_count_by_value_raw")
def _():
    rows = tool("kstreams_suppress", "input_table.ndjson", "kcount", "--upsert", ".key", "-g", "key=.value", "--every", "0s")
    return part(rows, "key", "count"), part(read("kstreams_suppress", "expected_table_raw.ndjson"), "key", "count")


@case("kstreams_suppress", "table_rate_limit_2ms")
def _():
    rows = tool("kstreams_suppress", "input_table.ndjson", "kcount", "--upsert", ".key", "-g", "key=.value", *TS, "--suppress", "2ms",
                "--keep-open")
    return part(rows, "key", "count"), part(read("kstreams_suppress", "expected_table_rate_limit_2ms.ndjson"), "key", "count")


@case("kstreams_suppress", "hop_update")
def _():
    # There no window starts below 0: those rows are ours alone.
    fields = ("key", "window_start", "window_end", "sum", "count")
    rows = kwindow("kstreams_suppress", "input_hop.ndjson", *KAFKA, "--hop", "10ms/5ms", "--grace", "100ms", "--emit", "changes",
                   "-a", "sum=sum(.value), count")
    rows = [row for row in rows if row["window_start"] >= 0]
    return part(rows, *fields), part(read("kstreams_suppress", "expected_hop_update.ndjson"), *fields)


# --- Spark: batches; a stop does not flush ---

SPARK = ["-T", ".ts", "--time-unit", "s", "--tumble", "5s", "--delay", "10s", "--keep-open"]


def spark(name, *args):
    rows = tool("spark_watermark", f"input_{name}.ndjson", "kwindow", "--time-format", "s", *SPARK, *args)
    return (part(rows, "window_start", "count"),
            part(read("spark_watermark", f"expected_{name}.ndjson"), "window_start", "count"))


@case("spark_watermark", "append")
def _():
    return spark("append")


@case("spark_watermark", "append_metrics")
def _():
    return spark("append_metrics")


@case("spark_watermark", "append_recovery")
def _():
    return spark("append_recovery")


@case("spark_watermark", "update", "a row at each change, where Spark has the last of each batch")
def _():
    return spark("update", "--emit", "changes")


@case("spark_watermark", "update, the last row of each window")
def _():
    return [dict(r) for r in spark("update", "--emit", "changes")]


@case("spark_watermark", "complete", "a table at each change, where Spark has one for each batch")
def _():
    return spark("complete", "--emit", "table", "--every", "0s")


@case("spark_watermark", "complete, each batch on its own")
def _():
    """The table after each batch is that of all lines up to it."""
    rows = []
    lines = read("spark_watermark", "input_complete.ndjson")
    for batch in range(5):
        text = "".join(json.dumps(line) + "\n" for line in lines if line["batch"] <= batch)
        rows += tables(text)
    return rows, part(read("spark_watermark", "expected_complete.ndjson"), "window_start", "count")


def tables(text):
    done = subprocess.run(["kwindow", "--time-format", "s", *SPARK, "--emit", "table"], input=text, capture_output=True, text=True,
                          check=True)
    return part(map(json.loads, done.stdout.splitlines()), "window_start", "count")


def is_late(records, t):
    """Two inputs as two partitions, their delays taken off their times."""
    lines = records + [{"topic": "probe", "t": t}]
    text = "".join(json.dumps(dict(line, partition=0)) + "\n" for line in lines)
    done = subprocess.run(["kwindow", "-J", "-T", ".t", "--time-unit", "s", "--tumble", "1s", "--partitions", "2", "--stats"],
                          input=text, capture_output=True, text=True, check=True)
    before = subprocess.run(["kwindow", "-J", "-T", ".t", "--time-unit", "s", "--tumble", "1s", "--partitions", "2", "--stats"],
                            input=text[:text.rindex("\n", 0, -1) + 1], capture_output=True, text=True, check=True)
    late = [json.loads(d.stderr.splitlines()[0])["late"] for d in (done, before)]
    return late[0] > late[1]


def watermarks(steps, delays):
    """Each step's, by what is late: what would have been in a window that ends there, and nothing after it."""
    records, got = [], []
    for step in steps:
        want = step["expected_watermark_s"]
        for name, delay in delays.items():
            values = step[name] if isinstance(step[name], list) else [step[name]]
            records += [{"topic": name, "t": v - delay} for v in values if v is not None]
        got.append(want if is_late(records, want - 1) and not is_late(records, want) else None)
    return got, [step["expected_watermark_s"] for step in steps]


@case("spark_watermark", "two_stream_min_watermark", "there is no watermark before both inputs had a record, where Spark's begins as 0")
def _():
    return watermarks(read("spark_watermark", "two_stream_watermark.ndjson"), {"first": 10, "second": 5})


@case("spark_watermark", "two_stream_min_watermark, once both had a record")
def _():
    got, want = watermarks(read("spark_watermark", "two_stream_watermark.ndjson"), {"first": 10, "second": 5})
    return got[1:], want[1:]


@case("spark_watermark", "two_stream_policy: min")
def _():
    steps = [s for s in read("spark_watermark", "two_stream_policy.ndjson") if s["policy"] == "min"]
    return watermarks(steps, {"input1": 10, "input2": 15})


@case("spark_watermark", "two_stream_policy: max", "the least counts, always: no record of the slower input is late")
def _():
    steps = [s for s in read("spark_watermark", "two_stream_policy.ndjson") if s["policy"] == "max"]
    return watermarks(steps, {"input1": 10, "input2": 15})


# --- The Yahoo Streaming Benchmark ---


def ysb(expected, message, *args):
    with open(path("ysb_small", "ad_to_campaign.csv"), encoding="utf-8") as f:
        campaign = dict(line.rstrip("\n").split(",")[:2] for line in f)
    with gzip.open(path("ysb_small", "ad-events.ndjson.gz"), "rt") as f:
        text = f.read()
    done = subprocess.run(["kwindow", "--time-format", "ms", "-T", ".event_time", "--tumble", "10s", "-w", '.event_type == "view"',
                           "-g", ".ad_id", *args], input=text, capture_output=True, text=True, check=True)
    if done.stderr != message:
        sys.exit(f"{done.stderr}where it should be: {message}")
    got = Counter()
    for row in map(json.loads, done.stdout.splitlines()):
        got[campaign[row["ad_id"]], row["window_start"]] += row["count"]
    return got, Counter({(r["campaign_id"], r["window_start"]): r["count"] for r in read("ysb_small", expected)})


@case("ysb_small", "all_late_accepted")
def _():
    return ysb("expected_all_late_accepted.ndjson", "", "--emit", "table")


@case("ysb_small", "watermark_1s")
def _():
    return ysb("expected_watermark_1s.ndjson", "kwindow: 20000 in, 19996 used, 0 bad, 4 late\n", "--delay", "1s")


def main():
    failed = 0
    for suite, name, differs, run in CASES:
        got, want = run()
        verdict = "pass" if got == want else "differs: " + differs if differs else "FAIL"
        if got == want and differs:
            verdict = "FAIL: it does not differ any more"
        failed += verdict.startswith("FAIL")
        print(f"{suite}  {name}: {verdict}")
        if verdict == "FAIL":
            print(f"    wanted {want}\n    got    {got}")
    sys.exit(failed > 0)


main()
