#!/usr/bin/env python3
"""Whole runs of echolab beside other programs, on captures that make_capture makes.

    against_peers.py ECHOLAB MAKE_CAPTURE [PART]

Prints CPU time (of all threads), wall time and peak memory of each run, and the ratios. Peers that are not installed are
left out, and so is the session where packets may not be captured. PART makes one in so many packets, for a quick look.

All output goes to /dev/null: a file and a pipe cost other times. TZ=UTC, since without it tcpdump asks for the time zone
at every packet, and -S, since its relative numbers take ten times as long.
"""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 3
ENVIRONMENT = {**os.environ, "TZ": "UTC"}
FIELDS = [
    "frame.number", "frame.time_epoch", "tcp.stream", "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "tcp.flags",
    "tcp.seq", "tcp.ack", "tcp.len", "tcp.window_size", "tcp.analysis.flags",
]


class Run:
    """A command's medians: CPU and wall time in seconds, and its peak memory in MB."""

    def __init__(self, command):
        samples = [self.sample(command) for _ in range(RUNS)]
        self.cpu, self.wall, self.memory = (statistics.median(values) for values in zip(*samples))

    @staticmethod
    def sample(command):
        start = time.monotonic()
        process = subprocess.Popen(
            command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, command))}: exit status {process.returncode}")
        return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def show(name, run, note=""):
    print(f"  {name:44} {run.cpu:8.2f} s CPU {run.wall:8.2f} s wall {run.memory:8.0f} MB  {note}", flush=True)


def row(title, own, peers):
    """One of echolab's runs beside its peers."""
    print(title)
    run = Run(own)
    show("echolab " + " ".join(map(str, own[1:-1])), run)
    for command in peers:
        if not shutil.which(command[0]):
            print(f"  {command[0]} is not installed")
            continue
        peer = Run(command)
        ratio = f"{run.cpu / peer.cpu:.2f} x its time" if run.cpu > peer.cpu else f"{peer.cpu / run.cpu:.1f} x faster"
        show(" ".join(map(str, command[:4])), peer, f"echolab: {ratio}")
    return run


def main():
    echolab, make_capture = (pathlib.Path(path).absolute() for path in sys.argv[1:3])
    part = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    analyze = [echolab, "analyze", "--utc"]
    with tempfile.TemporaryDirectory() as work:

        def capture(kind, part):
            path = pathlib.Path(work, f"{kind}-{part}.pcap")
            subprocess.run([make_capture, kind, path, str(part)], check=True)
            return path

        many, long, udp = (capture(kind, part) for kind in ("many", "long", "udp"))
        summary = [*analyze, "--summary"]
        one = row("summary, many", [*summary, many], [
            ["tcpdump", "--count", "-r", many],
            ["tshark", "-q", "-z", "conv,tcp", "-r", many],
            ["tcptrace", "-n", many],
        ])
        row("summary, long", [*summary, long], [["tcpdump", "--count", "-r", long]])
        row("summary, udp", [*summary, udp], [["tcpdump", "--count", "-r", udp]])
        row("lines, many", [*analyze, "--format", "lines", many], [["tcpdump", "-nn", "-S", "-r", many]])
        for path in (long, udp):
            path.unlink()

        tenth = capture("many", 10 * part)
        fields = [word for field in FIELDS for word in ("-e", field)]
        row("JSON Lines, a tenth of many", [*analyze, "--format", "jsonl", tenth], [
            ["tshark", "-T", "fields", *fields, "-r", tenth],
        ])
        row("CSV, a tenth of many", [*analyze, "--format", "csv", tenth], [])

        opened = row("summary, all open at once", [*summary, capture("open", part)], [])
        print(f"  {opened.cpu / one.cpu:.1f} x the CPU time of many")

    print("session of one echo on the loopback interface")
    session = [echolab, "session", "--port", "0"]
    if subprocess.run(session, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
        show("echolab session --port 0", Run(session))
    else:
        print("  packets may not be captured here: run it as root")


if __name__ == "__main__":
    main()
