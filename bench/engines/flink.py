"""A job of bench/engines/run for Flink: SQL through PyFlink, so that no record passes through Python.

usage: flink.py JOB file|topic INPUT [JAR...]      with KPIPE_BROKERS for a topic

Prints the rows as CSV, in no order.
"""
import csv
import os
import sys

from pyflink.table import EnvironmentSettings, TableEnvironment

EVENTS = "`ts` BIGINT, `event` STRING, `category` STRING"
TABLES = {
    "behaviors": (EVENTS, "json"),
    "windows": (EVENTS + ", `at` AS TO_TIMESTAMP_LTZ(`ts`, 3), WATERMARK FOR `at` AS `at` - INTERVAL '10' SECOND",
                "json"),
    "sales": ("`id` BIGINT, `category` STRING, `price` DOUBLE, `quantity` BIGINT, `day` STRING", "csv"),
}
QUERIES = {
    "behaviors": "SELECT `category`, `event`, COUNT(*) FROM t GROUP BY `category`, `event`",
    "windows": """
        SELECT DATE_FORMAT(`window_start`, 'yyyy-MM-dd HH:mm:ss'), `category`, COUNT(*)
        FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(`at`), INTERVAL '1' MINUTE))
        GROUP BY `window_start`, `window_end`, `category`""",
    "sales": """
        SELECT `category`, SUM(`price` * `quantity`), AVG(`price`), SUM(`quantity`), COUNT(*)
        FROM t GROUP BY `category`""",
}


def source(kind, data, data_format):
    """The WITH clause: a table that ends."""
    if kind == "file":
        options = {"connector": "filesystem", "path": data, "format": data_format}
    else:
        options = {
            "connector": "kafka", "topic": data, "format": data_format,
            "properties.bootstrap.servers": os.environ["KPIPE_BROKERS"],
            "scan.startup.mode": "earliest-offset", "scan.bounded.mode": "latest-offset",
        }
    return ", ".join(f"'{name}' = '{value}'" for name, value in options.items())


def main():
    job, kind, data, *jars = sys.argv[1:]
    # Both end. As a stream a count would give a row for each record.
    tables = TableEnvironment.create(EnvironmentSettings.in_batch_mode())
    tables.get_config().set("parallelism.default", str(os.cpu_count()))
    tables.get_config().set("table.local-time-zone", "UTC")
    if jars:
        tables.get_config().set("pipeline.jars", ";".join(f"file://{os.path.abspath(jar)}" for jar in jars))
    columns, data_format = TABLES[job]
    tables.execute_sql(f"CREATE TABLE t ({columns}) WITH ({source(kind, data, data_format)})")
    csv.writer(sys.stdout, lineterminator="\n").writerows(tables.execute_sql(QUERIES[job]).collect())


main()
