"""Connections whose host is gone without a word: TCP ends them, in a network of the test's own that drops packets."""

from __future__ import annotations

import pytest

from tests.support import NAMESPACE, Child

BEGIN = """
import subprocess, threading
from gearman_cffi import *
from gearman_cffi.testing import Gearmand
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
def drop(server, option="-I"):
    for end in "--dport", "--sport":
        command = ["iptables", "-w", option, "INPUT", "-p", "tcp", end, str(server.port), "-j", "DROP"]
        subprocess.run(command, check=True)
gone, well = Gearmand(), Gearmand()
gone.start(), well.start()
failures = []
def is_served(server):
    return " : f" in server.ask("workers")
def wait_until(holds, what):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)
def watch(dispatcher):
    dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: failures.append(time.monotonic()))
    return dispatcher
"""
# An idle worker of one server reports it, and serves again when the host is back.
IDLE_WORKER = """
jobs = JobCollection()
jobs.handler("f")(lambda job: "done")
worker = Worker(gone.address, jobs, watch(EventDispatcher()), idle_interval=60, connect_timeout=1, signals=())
thread = threading.Thread(target=worker.run)
thread.start()
wait_until(lambda: is_served(gone), "it is served")
drop(gone)
begun = time.monotonic()
wait_until(lambda: failures, "it is reported")
assert 2 < failures[0] - begun < 8, failures[0] - begun
drop(gone, "-D")
assert Client(gone.address, timeout=10).execute_job("f", 1) == "done"
worker.stop()
thread.join(5)
"""
# A worker that has asked for a job, and one that has a job there, go on with the other server.
BUSY_WORKER = """
worker, done, go_on = GearmanWorker(), [], threading.Event()
for server in gone, well: worker.addServer(server.host, server.port, setupExceptionHandler=False)
def f(job):
    done.append(job.workload())
    if job.workload() == b"long":
        drop(gone)
        time.sleep(0.1)
    return b"x" * 100_000
worker.addFunction("f", f)
def work():
    while not go_on.is_set(): worker.work()
thread = threading.Thread(target=work)
thread.start()
client_of(gone.port).doBackground("f", "long")
wait_until(lambda: done, "the job is running")
client = client_of(well.port)
for number in range(8):
    begun = time.monotonic()
    client.doBackground("f", str(number))
    wait_until(lambda: str(number).encode() in done, "the job is done")
    assert time.monotonic() - begun < 2, time.monotonic() - begun
    time.sleep(0.5)
drop(gone, "-D")
wait_until(lambda: client.doBackground("f", "y") and is_served(gone), "both are served")
go_on.set(), worker.stop()
thread.join(5)
"""
# A client without a timeout.
CLIENT = """
client = GearmanClient()
client.addServer(gone.host, gone.port)
threading.Timer(0.5, drop, [gone]).start()
begun = time.monotonic()
client.doNormal("nobody", "x")
assert client.returnCode() == GEARMAN_LOST_CONNECTION, client.returnCode()
assert 2 < time.monotonic() - begun < 8, time.monotonic() - begun
"""


@pytest.mark.needs("iptables and network namespaces")
@pytest.mark.parametrize("program", [IDLE_WORKER, BUSY_WORKER, CLIENT], ids=["idle worker", "busy worker", "client"])
def test_a_host_that_goes_away(program: str) -> None:
    """It is noticed after the time that GEARMAN_CFFI_TCP_TIMEOUT sets."""
    code = BEGIN + program + "gone.stop(), well.stop(), say('ended')"
    with Child(code, under=NAMESPACE, GEARMAN_CFFI_TCP_TIMEOUT="3") as child:
        assert child.line(50) == "ended"
        assert child.end() == 0, child.errors()


def test_a_wrong_timeout() -> None:
    """The import says so."""
    with Child("", GEARMAN_CFFI_TCP_TIMEOUT="soon") as child:
        assert child.end() == 1
        assert "ValueError: invalid GEARMAN_CFFI_TCP_TIMEOUT 'soon'" in child.errors()
