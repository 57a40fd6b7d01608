"""Who may use an object: one thread at a time, not its own callbacks, and only the process that created it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gearman_cffi.ext import ConcurrentUseError, GearmanClient, GearmanJob, GearmanWorker, JobKind
from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of, connections, is_served, queued, serving, wait_until, worker_of


def echo(job: GearmanJob, context: Any) -> bytes:
    return job.workload()


CLIENT_CALLS: list[Callable[[GearmanClient], Any]] = [
    lambda client: client.doNormal("f", "x"),
    lambda client: client.doBackground("f", "x"),
    lambda client: client.jobStatus("H:test:1"),
    lambda client: client.ping("x"),
    lambda client: client.addServer("127.0.0.1", 1),
    lambda client: client.addServers("127.0.0.1:1"),
    lambda client: client.error(),
    lambda client: client.getErrno(),
    lambda client: client.options(),
    lambda client: client.setOptions(32),
    lambda client: client.timeout(),
    lambda client: client.setTimeout(1),
    lambda client: client.wait(),
]
WORKER_CALLS: list[Callable[[GearmanWorker], Any]] = [
    lambda worker: worker.work(),
    lambda worker: worker.addFunction("g", echo),
    lambda worker: worker.addServer("127.0.0.1", 1),
    lambda worker: worker.addServers("127.0.0.1:1"),
    lambda worker: worker.ping("x"),
    lambda worker: worker.wait(),
]
WORKER_LOOKS: list[Callable[[GearmanWorker], Any]] = [
    lambda worker: worker.error(),
    lambda worker: worker.timeout(),
    lambda worker: worker.setTimeout(1),
    lambda worker: worker.options(),
]


class TestThreads:
    """Use during another thread's call raises, and does not disturb that call."""

    def test_a_client(self, gearmand: Gearmand) -> None:
        """Every call raises ConcurrentUseError; the running call gets its answer."""
        client = client_of(gearmand)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(client._submit, JobKind.NORMAL, b"waiting", b"x")
            wait_until(lambda: queued(gearmand, "waiting"), "the job is queued")
            for call in CLIENT_CALLS:
                with pytest.raises(ConcurrentUseError, match="in use by another thread"):
                    call(client)
            with serving(gearmand, waiting=echo):
                assert future.result(20).data == b"x"
        assert client.timeout() == -1

    def test_a_worker(self, gearmand: Gearmand) -> None:
        """Every call but stop() raises ConcurrentUseError; the worker continues."""
        worker = worker_of(gearmand, f=echo)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(worker.work)
            wait_until(lambda: is_served(gearmand, "f"), "the worker waits")
            for call in WORKER_CALLS + WORKER_LOOKS:
                with pytest.raises(ConcurrentUseError, match="in use by another thread"):
                    call(worker)
            assert client_of(gearmand).doNormal("f", "x") == b"x"
            assert future.result(20) is True

    def test_one_after_the_other(self, shared_gearmand: Gearmand) -> None:
        """Threads may share a client one after the other, and use clients of their own at the same time."""
        shared = client_of(shared_gearmand)
        lock = threading.Lock()

        def work(number: int) -> list[bytes]:
            own = client_of(shared_gearmand)
            results = []
            for turn in range(50):
                results.append(own.doNormal("turns", f"{number}.{turn}"))
                with lock:
                    assert shared.doNormal("turns", f"shared {number}.{turn}") == b"shared %d.%d" % (number, turn)
            return results

        with serving(shared_gearmand, turns=echo), serving(shared_gearmand, turns=echo), ThreadPoolExecutor(4) as pool:
            for number, results in enumerate(pool.map(work, range(4))):
                assert results == [b"%d.%d" % (number, turn) for turn in range(50)]


class TestReentry:
    """A worker's function uses its worker."""

    def test_it_may_not_work(self, shared_gearmand: Gearmand) -> None:
        """work() raises in the function, which may catch it; reading is allowed.

        All other calls are allowed too: see tests/ext/test_calls_in_a_job.py.
        """
        worker = worker_of(shared_gearmand)
        texts: list[str] = []

        def use(job: GearmanJob, context: Any) -> str:
            with pytest.raises(ConcurrentUseError) as caught:
                worker.work()
            texts.append(str(caught.value))
            for look in WORKER_LOOKS[:2]:
                look(worker)
            return "fine"

        worker.addFunction("reentry", use)
        client = client_of(shared_gearmand)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(client.doNormal, "reentry", "x")
            assert worker.work() is True
            assert future.result(20) == b"fine"
        assert len(texts) == 1
        assert "one of its callbacks" in texts[0]

    def test_an_error_that_it_does_not_catch_fails_the_job(self, shared_gearmand: Gearmand) -> None:
        """The error is an exception of the function like any other."""
        worker = worker_of(shared_gearmand)
        worker.addFunction("reentry", lambda job, context: worker.work())
        client_of(shared_gearmand).doBackground("reentry", "x")
        with pytest.raises(ConcurrentUseError):
            worker.work()

    def test_it_may_use_other_objects(self, shared_gearmand: Gearmand) -> None:
        """A client and a second worker inside a job of the first worker."""
        client = client_of(shared_gearmand)

        def use(job: GearmanJob, context: Any) -> bytes:
            inner = worker_of(shared_gearmand, inner=echo)
            handle = client.doBackground("inner", "x")
            assert inner.work() is True
            wait_until(lambda: client.jobStatus(handle)[0] is False, "the inner job is done")
            return job.workload()

        with serving(shared_gearmand, outer=use) as worker:
            assert client_of(shared_gearmand).doNormal("outer", "y") == b"y"
        assert worker.raised == []


FORK = """
client, worker = client_of(*PORTS), worker_of(*PORTS, echo=echo)
worker.setTimeout(1)
worker.work()
handle = client.doBackground("queued", "x")
job = GearmanJob()
say("ready")
sys.stdin.readline()
pid = os.fork()
if pid == 0:
    calls = [lambda: client.doNormal("f", "x"), lambda: client.doBackground("f", "x"), lambda: client.ping("x"),
             lambda: client.jobStatus("h"), client.error, client.timeout, lambda: client.setTimeout(1),
             lambda: client.addServer("127.0.0.1", PORTS[0]), worker.work, worker.error, lambda: worker.ping("x"),
             lambda: worker.addFunction("g", echo), lambda: worker.addServers("127.0.0.1:1")]
    raised = []
    for call in calls:
        try:
            call()
        except ForkedUseError as error:
            raised.append(str(error))
    say(len(raised) == len(calls), set(raised))
    del client, worker, calls
    gc.collect()
    own = client_of(*PORTS)
    say(own.jobStatus(handle))
    {end}
_, status = os.waitpid(pid, 0)
say("child", status)
sys.stdin.readline()
say(client.jobStatus(handle), client.doNormal("other", "y"))
worker.setTimeout(20000)
say(worker.work(), worker.returnCode())
"""


class TestFork:
    """A child process that inherits objects."""

    @pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)"])
    def test_a_child_may_neither_use_nor_disturb_them(self, gearmand: Gearmand, end: str) -> None:
        """Use raises ForkedUseError. Dropping them and the end of the child do not touch the parent's connections."""
        with serving(gearmand, other=echo), Child(FORK.format(end=end), gearmand.port) as child:
            child.expect("ready")
            before = connections(gearmand)
            child.go_on()
            texts = child.line()
            assert texts.startswith("True ")
            assert "create a new client in the child" in texts
            assert "create a new worker in the child" in texts
            child.expect("[True, False, 0, 0]")
            child.expect("child 0")
            wait_until(lambda: connections(gearmand) == before, "only the child's own connection is gone")
            assert is_served(gearmand, "echo")
            child.go_on()
            child.expect("[True, False, 0, 0] b'y'")
            assert client_of(gearmand).doNormal("echo", "z") == b"z"
            child.expect("True 0")
            assert child.end() == 0
            assert child.errors() == ""
