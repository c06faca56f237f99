"""Runs a command with all that it starts, and says what they took together.

usage: tree.py FILE COMMAND...

Writes wall seconds, CPU seconds and the peak of the resident memory in KiB to FILE, with tabs between. The
processes of its session are looked at 50 times a second: memory that pages share counts once for each, and
what a process did after the last look is missing, unless it was waited for.
"""
import os
import resource
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE") // 1024
UTIME, STIME, SESSION, RSS = 11, 12, 3, 21  # in /proc/PID/stat, counted from the state


def look(session):
    """{pid: (ticks, resident KiB)} of the session."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[SESSION]) == session:
            found[pid] = int(fields[UTIME]) + int(fields[STIME]), int(fields[RSS]) * PAGE
    return found


def main():
    out, *command = sys.argv[1:]
    start = time.monotonic()
    process = subprocess.Popen(command, start_new_session=True)
    ticks, peak = {}, 0
    while process.poll() is None:
        seen = look(process.pid)
        ticks.update((pid, used) for pid, (used, _) in seen.items())
        peak = max(peak, sum(resident for _, resident in seen.values()))
        time.sleep(0.02)
    wall = time.monotonic() - start
    waited = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = max(sum(ticks.values()) / TICK, waited.ru_utime + waited.ru_stime)
    with open(out, "w", encoding="ascii") as file:
        print(f"{wall:.3f}\t{cpu:.3f}\t{max(peak, waited.ru_maxrss)}", file=file)
    sys.exit(process.returncode)


main()
