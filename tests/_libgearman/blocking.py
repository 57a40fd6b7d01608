"""All calls that can block, and servers at which they do."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gearman_cffi.testing import Gearmand
from tests.support import HOST, wait_until

# By name, the source of each call. The program defines client, worker and PORTS.
CLIENT_CALLS = {
    "GearmanClient.doNormal": 'client.doNormal("f", "x")',
    "GearmanClient.doHigh": 'client.doHigh("f", "x")',
    "GearmanClient.doLow": 'client.doLow("f", "x")',
    "GearmanClient.doBackground": 'client.doBackground("f", "x")',
    "GearmanClient.doHighBackground": 'client.doHighBackground("f", "x")',
    "GearmanClient.doLowBackground": 'client.doLowBackground("f", "x")',
    "GearmanClient._submit": 'client._submit(JobKind.BACKGROUND, b"f", b"x", epoch=2**31 - 1)',  # a delayed job
    "GearmanClient.jobStatus": 'client.jobStatus("H:test:1")',
    "GearmanClient.jobStatusByUniqueKey": 'client.jobStatusByUniqueKey("key")',
    "GearmanClient.runTasks": 'client.addTask("f", "x"), client.runTasks()',
    "GearmanClient.wait": "client.addOptions(GEARMAN_CLIENT_NON_BLOCKING), "
    'client.addTask("f", "x"), client.runTasks(), client.wait()',
    "GearmanClient.ping": 'client.ping("x")',
    "GearmanClient.enableExceptionHandler": "client.enableExceptionHandler()",
    "GearmanClient.addServer": "client.addServer(HOST, PORTS[-1])",
    "GearmanClient.addServers": 'client.addServers(f"{HOST}:{PORTS[-1]}")',
}
WORKER_CALLS = {
    "GearmanWorker.work": "worker.work()",
    "GearmanWorker.grabJob": "worker.grabJob()",
    "GearmanWorker.wait": "worker.addOptions(GEARMAN_WORKER_NON_BLOCKING), worker.work(), worker.wait()",
    "GearmanWorker.ping": 'worker.ping("x")',
    "GearmanWorker.enableExceptionHandler": "worker.enableExceptionHandler()",
    "GearmanWorker.addServer": "worker.addServer(HOST, PORTS[-1])",
    "GearmanWorker.addServers": 'worker.addServers(f"{HOST}:{PORTS[-1]}")',
}
CALLS = CLIENT_CALLS | WORKER_CALLS
# Without interposition these calls wait inside libgearman, where signals cannot end the wait.
NOT_IN_SLICES = [
    f"{kind}.{method}"
    for kind in ("GearmanClient", "GearmanWorker")
    for method in ("ping", "enableExceptionHandler", "addServer", "addServers")
]

# For a program: CALLS as functions of a client and a worker, and make(), which creates both.
DEFINITIONS = (
    'HOST = "127.0.0.1"\nCALLS = {\n'
    + "".join(f"    {name!r}: lambda client, worker: ({call}),\n" for name, call in CALLS.items())
    + """}
def make(timeout, connects):
    client, worker = GearmanClient(), GearmanWorker()
    worker.addFunction("f", echo)
    for made in (client, worker):
        made.setTimeout(timeout)
        for port in PORTS: made.addServer(HOST, port, connects)
    return client, worker
"""
)


@contextmanager
def silent_host() -> Iterator[int]:
    """The port of a host that does not answer: its accept queue is full, so Linux drops every further SYN."""
    with socket.create_server((HOST, 0), backlog=0) as listener, socket.socket() as first, socket.socket() as second:
        for filling in (first, second):
            filling.setblocking(False)
            filling.connect_ex(listener.getsockname())
            select.select([], [filling], [], 0 if filling is second else 10)
        assert select.select([], [second], [], 0.05)[1] == [], "this system's queues are longer than it says"
        yield listener.getsockname()[1]


class Tap:
    """A proxy in front of a server that logs every packet; see tests/parity/tap.py."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self._log = log

    def packets(self, kind: str, direction: str = ">") -> list[str]:
        """The packets of a kind, such as SUBMIT_JOB, that the server received (>) or sent (<)."""
        lines = [line.split(" ", 2) for line in self._log.read_text("utf-8").splitlines()]
        return [" ".join(line[2:]) for line in lines if line[0].endswith(direction) and line[1] == kind]


@contextmanager
def tapped(server: Gearmand) -> Iterator[Tap]:
    """Runs a tap in front of the server during the block."""
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "packets")
        tap = Path(__file__).parents[1] / "parity/tap.py"
        process = subprocess.Popen([sys.executable, str(tap), str(port), str(server.port), str(log)])
        try:
            wait_until(log.exists, "the tap listens")
            yield Tap(port, log)
        finally:
            process.kill()
            process.wait()
