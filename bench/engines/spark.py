"""A job of bench/engines/run for Spark: DataFrames through PySpark, so that no record passes through Python.

usage: spark.py JOB file|topic INPUT [JAR...]      with KPIPE_BROKERS for a topic

Prints the rows as CSV, in no order.
"""
import csv
import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

EVENTS = "ts BIGINT, event STRING, category STRING"
SALES = "id BIGINT, category STRING, price DOUBLE, quantity BIGINT, day STRING"


def read(spark, job, kind, data):
    if kind == "topic":
        records = (spark.read.format("kafka").option("kafka.bootstrap.servers", os.environ["KPIPE_BROKERS"])
                   .option("subscribe", data).option("startingOffsets", "earliest")
                   .option("endingOffsets", "latest").load())
        return records.select(f.from_json(f.col("value").cast("string"), EVENTS).alias("v")).select("v.*")
    if job == "sales":
        return spark.read.csv(data, schema=SALES, header=True)
    return spark.read.json(data, schema=EVENTS)


def behaviors(t):
    return t.groupBy("category", "event").count()


def windows(t):
    window = f.window(f.timestamp_millis("ts"), "1 minute").alias("w")
    return (t.groupBy(window, "category").count()
            .select(f.date_format("w.start", "yyyy-MM-dd HH:mm:ss"), "category", "count"))


def sales(t):
    return t.groupBy("category").agg(f.sum(t.price * t.quantity), f.avg("price"), f.sum("quantity"), f.count("*"))


JOBS = {"behaviors": behaviors, "windows": windows, "sales": sales}


def main():
    job, kind, data, *jars = sys.argv[1:]
    cores = os.cpu_count()
    builder = (SparkSession.builder.master(f"local[{cores}]").config("spark.ui.enabled", "false")
               .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", str(cores)))
    if jars:
        builder = builder.config("spark.jars", ",".join(jars))
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    rows = JOBS[job](read(spark, job, kind, data)).collect()
    csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
    spark.stop()


main()
