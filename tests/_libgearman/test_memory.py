"""Nothing leaks: memory over many jobs, large jobs and failures; descriptors over many objects.

Each measurement runs in its own processes, after a warm-up that fills Python's and the C library's pools.
LIMIT is 1 MiB. The smallest block of malloc() has 32 bytes, so that leaking one for each job would show as 2.7 MiB
after 90,000 jobs, while a correct process needs a few more pages after the warm-up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from gearman_cffi.testing import Gearmand
from tests.support import Child

LIMIT = 1024
MIB = 1024

# Memory in KiB, counted by the kernel page by page (the counters in /proc/self/statm are approximations). All on
# one processor: a job then takes a third of the time, because no process has to be woken up on another one.
TOOLS = """
import json
if hasattr(os, "sched_setaffinity"):
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[PORTS[0] % len(processors)]})
def memory():
    gc.collect()
    with open("/proc/self/smaps_rollup") as rollup:
        for line in rollup:
            if line.startswith("Rss:"):
                return int(line.split()[1])
def of_both():
    return [memory(), int(client.doNormal("memory", "x"))]
client = client_of(*PORTS)
"""

WORKER = (
    TOOLS
    + """
def fail(job, context): raise ValueError(job.workload().decode())
def pieces(job, context):
    job.sendStatus(1, 2)
    job.sendWarning("half way")
    job.sendData("a piece of ")
    return job.workload()
worker = worker_of(*PORTS, echo=echo, fail=fail, pieces=pieces, memory=lambda job, context: memory())
say("working")
while True:
    try:
        worker.work()
    except ValueError:
        pass
"""
)


@pytest.fixture(scope="module")
def quick_gearmand() -> Iterator[Gearmand]:
    """A server with one I/O thread, the fastest for one client and one worker."""
    with Gearmand(threads=1) as server:
        yield server


def measured(server: Gearmand, program: str, seconds: float = 150) -> tuple[list[int], list[int]]:
    """The memory of client and worker before and after the client program, in KiB."""
    with Child(WORKER, server.port) as worker:
        worker.expect("working")
        with Child(TOOLS + program, server.port) as client:
            before, after = json.loads(client.line(seconds))
            assert client.end() == 0, client.errors()
    return before, after


def assert_steady(before: list[int], after: list[int], limit: int = LIMIT) -> None:
    """Neither the client nor the worker has grown by more than limit KiB."""
    grown = dict(zip(("client", "worker"), (new - old for old, new in zip(before, after, strict=True)), strict=True))
    assert max(grown.values()) < limit, grown


@pytest.mark.needs("no sanitizer")
class TestMemory:
    """The memory of a client's and of a worker's process, before and after."""

    @pytest.mark.timeout(200)
    def test_a_hundred_thousand_jobs(self, quick_gearmand: Gearmand) -> None:
        """Neither grows from the 10,000th to the 100,000th foreground job with results of 1 to 2048 bytes."""
        program = """
workloads = [bytes([size % 256]) * (1 + size * 8) for size in range(256)]
for number in range(1, 100_001):
    workload = workloads[number % 256]
    assert client.doNormal("echo", workload) == workload
    if number == 10_000:
        before = of_both()
say(json.dumps([before, of_both()]))
"""
        assert_steady(*measured(quick_gearmand, program))

    def test_jobs_of_16_mib(self, quick_gearmand: Gearmand) -> None:
        """The last 15 of 20 jobs need no more memory than the first 5, within half a payload."""
        program = """
payload = os.urandom(1 << 24)
for number in range(20):
    assert client.doNormal("echo", payload) == payload
    if number == 4:
        before = of_both()
say(json.dumps([before, of_both()]))
"""
        assert_steady(*measured(quick_gearmand, program), limit=8 * MIB)

    def test_every_other_call(self, quick_gearmand: Gearmand) -> None:
        """Exceptions, data in pieces, background jobs, their status, pings: 10,000 after 2,000."""
        program = """
calls = [lambda: client._submit(JobKind.NORMAL, b"fail", b"text"), lambda: client.doHigh("pieces", "x"),
         lambda: client.jobStatus(client.doBackground("echo", "x")), lambda: client.ping("x"),
         lambda: client._submit(JobKind.LOW, b"echo", b"", b"unique")]
for number in range(12_000):
    calls[number % 5]()
    if number == 2_000:
        before = of_both()
say(json.dumps([before, of_both()]))
"""
        assert_steady(*measured(quick_gearmand, program), limit=LIMIT // 2)

    def test_calls_that_fail(self, quick_gearmand: Gearmand) -> None:
        """Unreachable and missing servers, refused arguments, timeouts, unknown hosts: 4,500 after 500 of each."""
        program = """
import socket
bound = socket.socket(); bound.bind(("127.0.0.1", 0))
dead, nowhere = GearmanClient(), GearmanClient()
dead.addServer("127.0.0.1", bound.getsockname()[1], False)
idle = worker_of(*PORTS, nothing=echo)
idle.setTimeout(0)
lost = worker_of(echo=echo)
lost.addServer("127.0.0.1", bound.getsockname()[1], False)
def refuse(call):
    try: call()
    except (TypeError, ValueError, GearmanException): pass
calls = [lambda: dead.doNormal("f", "x"), lambda: dead.jobStatus("h"), lambda: dead.ping("x"), dead.error,
         lambda: refuse(dead.enableExceptionHandler), lambda: nowhere.doBackground("f", "x"), nowhere.error,
         lambda: client.doNormal("", "x"), lambda: client.doNormal("f" * 513, "x"), lambda: client.doNormal("f", ""),
         lambda: refuse(lambda: client.doNormal("\\0", "x")), lambda: refuse(lambda: client.doNormal("f", None)),
         lambda: client._submit(JobKind.NORMAL, b"nobody", b"x", b"the same", timeout_ms=0), idle.work, lost.work]
for number in range(5_000):
    for call in calls:
        call()
    if number == 500:
        before = of_both()
say(json.dumps([before, of_both()]))
"""
        assert_steady(*measured(quick_gearmand, program))

    def test_objects(self, quick_gearmand: Gearmand) -> None:
        """300 connected clients and workers, used and dropped: no memory and no descriptor is left."""
        program = """
def use():
    one, other = client_of(*PORTS), worker_of(*PORTS, nothing=echo, more=echo)
    other.setTimeout(0)
    other.work()
    assert one.doNormal("echo", "x") == b"x"
    one._submit(JobKind.NORMAL, b"nobody", b"x", b"the same", timeout_ms=0)
for number in range(350):
    use()
    if number == 50:
        before, descriptors = of_both(), len(os.listdir("/proc/self/fd"))
gc.collect()
assert len(os.listdir("/proc/self/fd")) == descriptors
say(json.dumps([before, of_both()]))
"""
        assert_steady(*measured(quick_gearmand, program))
