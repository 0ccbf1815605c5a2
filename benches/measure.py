#!/usr/bin/env python3
"""Measures what a person waits for, on the simulated account, in a real pty.

    cargo build --release --locked
    python3 benches/measure.py target/release/sekisho [--peer PATH_TO_TAWS] [--steady SECONDS]
    python3 benches/measure.py target/release/sekisho --large [--steady SECONDS]

Only Python's standard library is needed. The simulated account runs in another process, so that memory, CPU and
calls are the console's own. Figures are printed as a table of Markdown; what they mean is in docs/performance.md.
"""

import argparse
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
import urllib.request

ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?<>=]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78])")
FRAME = b"\x1b[?2026h"
TICKS = os.sysconf("SC_CLK_TCK")


class Account:
    """The simulated account, served by the same binary on loopback."""

    def __init__(self, binary, scenario):
        self.process = subprocess.Popen(
            [binary, "demo", "--scenario", scenario, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.environment = {}
        for line in self.process.stdout:
            name, _, value = line.strip().partition("=")
            self.environment[name] = value
            if name == "AWS_REGION":
                break
        self.endpoint = self.environment["AWS_ENDPOINT_URL"]

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.endpoint + path, data=data, method=method)
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def calls(self):
        return self.ask("GET", "/_simulator/calls")

    def reset(self):
        self.ask("DELETE", "/_simulator/calls")

    def delay(self, by):
        self.ask("POST", "/_simulator/faults", {"action": "*", "kind": "delay", "by": by})

    def clear(self):
        self.ask("DELETE", "/_simulator/faults")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=5)


class Screen:
    """A program in a pty; what it writes is kept, and can be waited for."""

    def __init__(self, command, environment, columns=200, rows=60):
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.raw = b""

    def read(self, seconds):
        """Reads what comes within so many seconds; returns whether anything did."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            chunk = os.read(self.fd, 65536)
        except OSError:
            return False
        self.raw += chunk
        # A terminal answers when it is asked where the cursor is; a peer may wait for that.
        for _ in range(chunk.count(b"\x1b[6n")):
            os.write(self.fd, b"\x1b[1;1R")
        return bool(chunk)

    def wait_for(self, what, seconds=20.0):
        """Returns the seconds from the start until the text was written."""
        while time.monotonic() - self.started < seconds:
            if what.search(ESCAPES.sub(b"", self.raw)):
                return time.monotonic() - self.started
            self.read(0.002)
        return None

    def settle(self, quiet=1.0, limit=20.0):
        end = time.monotonic() + limit
        last = time.monotonic()
        while time.monotonic() < end and time.monotonic() - last < quiet:
            if self.read(0.05):
                last = time.monotonic()

    def drain(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(min(0.5, max(0.0, end - time.monotonic())))

    def key(self, key):
        """Presses a key; returns the seconds until the program wrote something, or None after 5."""
        while self.read(0):
            pass
        pressed = time.monotonic()
        os.write(self.fd, key)
        return time.monotonic() - pressed if self.read(5.0) else None

    def resident(self):
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as status:
            line = next(line for line in status if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def cpu(self):
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            self.read(0.05)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


def environment(account, home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        **account,
        "HOME": home,
        "XDG_CONFIG_HOME": f"{home}/.config",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def milliseconds(seconds):
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms"


class Table:
    def __init__(self):
        print("| what | measured | target |\n| --- | ---: | ---: |")

    def row(self, what, measured, target=""):
        print(f"| {what} | {measured} | {target} |", flush=True)


def first_frame(table, command, account, home, runs=10):
    """From exec to the first frame, while the network takes connections and never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        endpoint = {**account.environment, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        times = []
        for _ in range(runs):
            screen = Screen(command, environment(endpoint, home))
            times.append(screen.wait_for(re.compile(rb"Overview|Services|Loading|taws|EC2")))
            screen.end()
    times = [seconds for seconds in times if seconds is not None]
    worst = max(times) if times else None
    table.row(f"first frame, network silent (worst of {runs})", milliseconds(worst), "100 ms")


def first_data(table, command, account, home, runs=5):
    times = []
    calls = []
    for _ in range(runs):
        account.reset()
        screen = Screen(command, environment(account.environment, home))
        times.append(screen.wait_for(re.compile("✓ 60".encode())))
        screen.settle(quiet=2.0)
        calls.append(account.calls()["total"])
        screen.end()
    median = statistics.median(seconds for seconds in times if seconds is not None)
    table.row(f"60 services on the screen (median of {runs})", milliseconds(median), "500 ms")
    table.row("calls of the first load, metrics of the screen included (most)", max(calls), "16")


def key_latency(table, command, account, home, name, presses, open_list, target):
    """How long a key takes while every call takes 1.5 s."""
    screen = Screen(command, environment(account.environment, home))
    screen.settle(quiet=2.0)
    for key in open_list:
        screen.key(key)
        screen.settle(quiet=1.0)
    account.delay("1.5s")
    times = []
    for index in range(presses):
        # `r` makes sure that calls are under way all the time.
        if index % 20 == 0:
            screen.key(b"r")
        times.append(screen.key(b"j" if index % 2 == 0 else b"k"))
        screen.drain(0.04)
    account.clear()
    screen.end()
    answered = [seconds for seconds in times if seconds is not None]
    lost = len(times) - len(answered)
    p99 = percentile(answered, 0.99) if answered else None
    note = f", {lost} unanswered" if lost else ""
    table.row(f"{name}: a key while every call takes 1.5 s, p99 of {presses}{note}", milliseconds(p99), target)


def steady(table, command, account, home, seconds):
    """Calls, frames, CPU and memory while nobody touches the list of services (40 rows visible)."""
    screen = Screen(command, environment(account.environment, home), columns=160, rows=46)
    screen.settle(quiet=2.0)
    screen.key(b"2")
    screen.settle(quiet=3.0)
    account.reset()
    screen.raw = b""
    cpu = screen.cpu()
    began = time.monotonic()
    screen.drain(seconds)
    took = time.monotonic() - began
    calls = account.calls()
    metrics = calls["actions"].get("cloudwatch:GetMetricData", 0)
    others = calls["total"] - metrics
    table.row(f"calls per 30 s without metrics, over {took:.0f} s", f"{others * 30 / took:.1f}", "8")
    table.row("calls of metrics per 30 s", f"{metrics * 30 / took:.1f}")
    table.row("frames a second, idle", f"{screen.raw.count(FRAME) / took:.2f}", "1")
    table.row("share of a core, idle", f"{(screen.cpu() - cpu) / took * 100:.2f} %", "0.5 %")
    table.row("resident memory", f"{screen.resident():.1f} MB", "30 MB")
    screen.end()


def fleet_configuration(account, home):
    """Thirty-two environments on thirty accounts, as the scenario `fleet` divides them; returns the account's variables."""
    accounts = [(f"sys{n:02}-prd", f"1000000000{n:02}") for n in range(1, 30)]
    accounts += [(f"sys30-{kind}", "200000000030") for kind in ("prd", "stg", "dev")]
    lines = []
    for name, number in accounts:
        pattern = f'["{name}*"]'
        lines += [
            "[[environment]]",
            f'name = "{name}"',
            f'kind = "{name[-3:]}"',
            f'role_arn = "arn:aws:iam::{number}:role/SekishoResponder"',
            'source_profile = "base"',
            f'account = "{number}"',
            'regions = ["ap-northeast-1"]',
            f"clusters = {pattern}\nalarms = {pattern}\nweb_acls = {pattern}",
        ]
    os.makedirs(f"{home}/.config/sekisho", exist_ok=True)
    with open(f"{home}/.config/sekisho/config.toml", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    variables = dict(account.environment)
    with open(f"{home}/credentials", "w", encoding="utf-8") as file:
        key, secret = variables.pop("AWS_ACCESS_KEY_ID"), variables.pop("AWS_SECRET_ACCESS_KEY")
        file.write(f"[base]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    return {**variables, "AWS_SHARED_CREDENTIALS_FILE": f"{home}/credentials", "AWS_CONFIG_FILE": "/dev/null"}


def fleet(table, binary, seconds):
    """Thirty accounts of ten services each: first rows, and calls in the steady state."""
    account = Account(binary, "fleet")
    try:
        with tempfile.TemporaryDirectory() as home:
            variables = fleet_configuration(account, home)
            account.delay("100ms")
            screen = Screen([binary], environment(variables, home))
            first = screen.wait_for(re.compile("✓ 10".encode()))
            table.row("30 accounts, 100 ms latency: first rows", milliseconds(first), "1 s")
            account.clear()
            screen.settle(quiet=3.0, limit=60.0)
            # The first load is over, and with it the minute that the header still counts.
            screen.drain(75.0)
            account.reset()
            cpu = screen.cpu()
            screen.drain(seconds)
            counted = account.calls()
            table.row("calls per 30 s in the steady state", f"{counted['total'] * 30 / seconds:.1f}", "52")
            table.row("metrics per 30 s", f"{counted['metrics'] * 30 / seconds:.1f}")
            table.row("share of a core", f"{(screen.cpu() - cpu) / seconds * 100:.2f} %")
            table.row("resident memory", f"{screen.resident():.1f} MB", "120 MB")
            screen.end()
    finally:
        account.stop()


def backlog(table, binary):
    """Twenty thousand findings, all of which are asked for."""
    account = Account(binary, "backlog")
    try:
        with tempfile.TemporaryDirectory() as home:
            screen = Screen([binary], environment(account.environment, home))
            screen.wait_for(re.compile(rb"Overview"))
            os.write(screen.fd, b"5")
            first = screen.wait_for(re.compile(rb"CRITICAL +NEW"))
            table.row("20,000 findings: first rows", milliseconds(first), "1 s")
            screen.key(b"a")
            # A filter looks among all there are: at half the quota that takes two minutes.
            screen.key(b"/")
            screen.key(b"s")
            began = time.monotonic()
            while time.monotonic() - began < 240:
                screen.drain(5.0)
                told = re.findall(rb"([\d,]+)(\+?) loaded", ESCAPES.sub(b"", screen.raw))
                if not told or account.calls()["actions"].get("securityhub:GetFindings", 0) >= 200:
                    break
            table.row("pages of findings read", account.calls()["actions"]["securityhub:GetFindings"])
            screen.drain(10.0)
            times = [screen.key(key) for key in (b"3", b"\x7f") * 20]
            times = [seconds for seconds in times if seconds is not None]
            table.row("a key in the filter over all of them (p95)", milliseconds(percentile(times, 0.95)))
            table.row("resident memory", f"{screen.resident():.1f} MB", "120 MB")
            screen.end()
    finally:
        account.stop()


def peer_idle(table, command, account, home, seconds):
    screen = Screen(command, environment(account.environment, home))
    screen.settle(quiet=3.0)
    cpu = screen.cpu()
    began = time.monotonic()
    screen.drain(seconds)
    took = time.monotonic() - began
    table.row("share of a core, idle", f"{(screen.cpu() - cpu) / took * 100:.2f} %")
    table.row("resident memory", f"{screen.resident():.1f} MB")
    screen.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--peer", help="the program taws, to be measured in the same run")
    parser.add_argument("--steady", type=float, default=300.0, help="seconds of the steady state (300)")
    parser.add_argument("--large", action="store_true", help="thirty accounts and 20,000 findings instead")
    arguments = parser.parse_args()
    binary = os.path.abspath(arguments.binary)
    if arguments.large:
        table = Table()
        fleet(table, binary, arguments.steady)
        backlog(table, binary)
        return
    account = Account(binary, "sixty")
    try:
        with tempfile.TemporaryDirectory() as home:
            console = [binary]
            table = Table()
            first_frame(table, console, account, home)
            first_data(table, console, account, home)
            key_latency(table, console, account, home, "sekisho", 200, [b"2"], "50 ms")
            steady(table, console, account, home, arguments.steady)
            if arguments.peer:
                print("\nThe peer, on the same account in the same run:\n")
                table = Table()
                peer = [os.path.abspath(arguments.peer)]
                first_frame(table, peer, account, home, runs=5)
                key_latency(table, peer, account, home, "peer", 20, [], "")
                peer_idle(table, peer, account, home, min(arguments.steady, 30.0))
    finally:
        account.stop()


if __name__ == "__main__":
    sys.exit(main())
