#!/usr/bin/env python3
"""Runs a shell command on a terminal of its own; prints what it wrote there, and ends with its status.

usage: terminal.py COMMAND
"""
import os
import pty
import sys

pid, fd = pty.fork()
if pid == 0:
    os.execvp("bash", ["bash", "-c", sys.argv[1]])
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:  # Linux says so that the other side is closed
        break
    if not data:
        break
    os.write(1, data)
status = os.waitpid(pid, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
