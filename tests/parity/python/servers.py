"""The servers of the Python scenarios, the state of their queues, and the proxy that logs packets."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.parity.python.show import out, port_names

TMP = Path(os.environ["PARITY_TMP"])
_free = [int(port) for port in os.environ["PARITY_PORTS"].split(",")]
processes: dict[int, subprocess.Popen[bytes]] = {}


def port(name: str) -> int:
    """Returns the next free port, which is printed as <NAME> from now on."""
    number = _free.pop(0)
    port_names[number] = name
    return number


def until(condition: Callable[[], object], ms: int = 4000) -> bool:
    """Waits for a condition. Returns False if it did not become true in time."""
    end = time.monotonic() + ms / 1000
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.004)
    return False


def _open(number: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", number)) == 0


def _run(*command: str) -> int:
    null = subprocess.DEVNULL
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", *command],
        stdin=null,
        stdout=null,
        stderr=null,
    )
    processes[process.pid] = process
    return process.pid


def start_gearmand(number: int, *extra: str) -> int:
    log = TMP / f"gearmand-{number}-{os.getpid()}.log"
    arguments = extra or ("--job-handle-prefix=H:golden",)
    pid = _run("gearmand", "-p", str(number), "-L", "127.0.0.1", "-l", str(log), *arguments)
    if not until(lambda: _open(number), 5000):
        out("gearmand does not start")
    return pid


# Options of start_gearmand() that created() needs.
LOUD = ("--job-handle-prefix=H:golden", "--verbose=DEBUG")


def created(number: int) -> int:
    """Returns how many handles the gearmands on a port, started with LOUD, have sent to clients."""
    return sum(log.read_text("utf-8").count("Sent JOB_CREATED") for log in TMP.glob(f"gearmand-{number}-*.log"))


def until_created(number: int, n: int) -> None:
    if not until(lambda: created(number) >= n):
        out(f"no {n} jobs were created")


def stop_proc(pid: int, how: int = signal.SIGTERM) -> None:
    process = processes.pop(pid)
    process.send_signal(how)
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def admin(number: int, command: str) -> str:
    """Returns an answer of gearmand's text protocol, without the dot at its end."""
    lines = []
    with closing(socket.create_connection(("127.0.0.1", number), 2)) as s, s.makefile("rwb") as f:
        f.write(command.encode() + b"\n")
        f.flush()
        for line in f:
            if line.strip() == b".":
                break
            lines.append(line.decode("utf-8", "surrogateescape"))
    return "".join(lines).rstrip()


def ask_line(number: int, command: str) -> str:
    """Returns an answer of gearmand's text protocol that is one line."""
    with closing(socket.create_connection(("127.0.0.1", number), 2)) as s, s.makefile("rwb") as f:
        f.write(command.encode() + b"\n")
        f.flush()
        return f.readline().decode("utf-8", "surrogateescape").rstrip()


def counts(number: int, function: str) -> tuple[int, int, int]:
    """Returns the numbers of jobs, running jobs and workers of a function."""
    for line in admin(number, "status").split("\n"):
        fields = line.split("\t")
        if fields[0] == function:
            return int(fields[1]), int(fields[2]), int(fields[3])
    return 0, 0, 0


def until_queued(number: int, function: str, n: int = 1) -> None:
    if not until(lambda: counts(number, function)[0] >= n):
        out(f"no {n} jobs of {function}")


def until_running(number: int, function: str, n: int = 1) -> None:
    if not until(lambda: counts(number, function)[1] >= n):
        out(f"no {n} running jobs of {function}")


def until_ready(number: int, function: str, n: int = 1) -> None:
    if not until(lambda: counts(number, function)[2] >= n):
        out(f"no {n} workers for {function}")


def until_done(number: int, function: str) -> None:
    if not until(lambda: counts(number, function)[0] == 0):
        out(f"jobs of {function} are left")


def start_tap(listen: int, upstream: int, host: str = "127.0.0.1") -> int:
    """Starts a proxy between a port and a server that logs every packet."""
    log = TMP / f"tap-{listen}.log"
    tap = str(Path(__file__).parents[1] / "tap.py")
    pid = _run(sys.executable, tap, str(listen), str(upstream), str(log), host)
    if not until(log.exists, 8000):
        out("the tap does not start")
    return pid


def tapped(listen: int, packet: str, times: int = 1) -> bool:
    """Whether a packet has passed since the last tap_dump(), or passes in time."""
    log = TMP / f"tap-{listen}.log"
    return until(lambda: log.read_text("utf-8").count(packet) >= times)


def tap_dump(listen: int, last: str, times: int = 1, direction: str | None = None) -> None:
    """Shows the packets since the last tap_dump(); waits until ``last`` is among them."""
    log = TMP / f"tap-{listen}.log"
    if not tapped(listen, last, times):
        out(f"    tap| (no {last})")
    for line in log.read_text("utf-8").rstrip("\n").split("\n"):
        if direction is None or direction in line.split(" ")[0]:
            out(f"    tap| {line}")
    log.write_text("")
