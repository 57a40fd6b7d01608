"""GearmanWorker.stop() ends work() of an idle or busy worker, from any thread."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from gearman_cffi.ext import GearmanJob, GearmanWorker
from gearman_cffi.testing import Gearmand
from tests.support import POLL, SLICES, Child, client_of, frozen, is_served, queued, wait_until, worker_of

STOPPED = 3  # GEARMAN_SHUTDOWN_GRACEFUL
BOTH = pytest.mark.parametrize("environment", [POLL, SLICES])


def echo(job: GearmanJob, context: Any) -> bytes:
    return job.workload()


def working(pool: ThreadPoolExecutor, worker: GearmanWorker) -> Future[tuple[bool, int]]:
    """Calls work() in another thread. Returns its value and the return code."""
    return pool.submit(lambda: (worker.work(), worker.returnCode()))


class TestStop:
    """work() returns False with return code 3 and without a warning. The worker can be used again."""

    @pytest.mark.parametrize("timeout", [-1, 15_000])
    def test_an_idle_worker(self, gearmand: Gearmand, timeout: int) -> None:
        """stop() from another thread ends an idle work(), again and again; in between the worker runs jobs."""
        worker = worker_of(gearmand, f=echo)
        worker.setTimeout(timeout)
        client = client_of(gearmand)
        with ThreadPoolExecutor(1) as pool:
            for number in range(5):
                future = working(pool, worker)
                wait_until(lambda: is_served(gearmand, "f"), "the worker waits")
                worker.stop()
                assert future.result(10) == (False, STOPPED)
                future = working(pool, worker)
                assert client.doNormal("f", f"{number}") == b"%d" % number
                assert future.result(10) == (True, 0)

    def test_a_busy_worker(self, gearmand: Gearmand) -> None:
        """The running job is finished and answered; then work() ends at once."""
        running, release = threading.Event(), threading.Event()

        def busy(job: GearmanJob, context: Any) -> bytes:
            running.set()
            assert release.wait(20)
            return job.workload()

        worker = worker_of(gearmand, busy=busy)
        client = client_of(gearmand)
        with ThreadPoolExecutor(2) as pool:
            answer = pool.submit(client.doNormal, "busy", "x")
            wait_until(lambda: queued(gearmand, "busy"), "the first job is queued")
            client_of(gearmand).doBackground("busy", "y")
            future = working(pool, worker)
            assert running.wait(20)
            worker.stop()
            worker.stop()
            release.set()
            assert future.result(10) == (True, 0)
            assert answer.result(10) == b"x"
        assert worker.work() is False
        assert worker.returnCode() == STOPPED
        wait_until(lambda: queued(gearmand, "busy") == 1, "the second job is left")
        assert worker.work() is True
        wait_until(lambda: queued(gearmand, "busy") == 0, "it is done too")

    def test_inside_a_job(self, gearmand: Gearmand) -> None:
        """A function that stops its worker finishes its job, and the worker takes no other job."""
        worker = GearmanWorker()
        worker.addServer(gearmand.host, gearmand.port)
        worker.addFunction("last", lambda job, context: worker.stop())
        client = client_of(gearmand)
        for _ in range(3):
            client.doBackground("last", "x")
        results = []
        while worker.work():
            results.append(worker.returnCode())
        assert results == [0]
        assert worker.returnCode() == STOPPED
        wait_until(lambda: queued(gearmand, "last") == 2, "the other two are left")

    def test_before_work(self, gearmand: Gearmand) -> None:
        """The next work() returns at once, also without servers or functions. The work() after it waits as usual."""
        worker = worker_of(gearmand, f=echo)
        client_of(gearmand).doBackground("f", "x")
        worker.stop()
        assert worker.work() is False
        assert worker.returnCode() == STOPPED
        assert worker.work() is True

    def test_a_timeout_after_it(self, gearmand: Gearmand) -> None:
        """After a stop() has ended work(), timeouts are as long as before."""
        worker = worker_of(gearmand, f=echo)
        worker.setTimeout(100)
        for _ in range(3):
            worker.stop()
            assert worker.work() is False
            assert worker.returnCode() == STOPPED
            assert worker.work() is False
            assert worker.returnCode() == 47

    @BOTH
    def test_before_a_large_result(self, gearmand: Gearmand, environment: dict[str, str]) -> None:
        """A function that stops its worker sends its complete result, also to a slow server."""
        size = 1_000_000 if environment else 30_000_000  # libgearman's own socket buffers hold less than the kernel's
        program = """
worker = worker_of(*PORTS)
def last(job, context):
    worker.stop()
    say("stopped")
    sys.stdin.readline()
    return b"r" * int(job.workload())
worker.addFunction("last", last)
say(worker.work(), worker.returnCode())
say(worker.work(), worker.returnCode())
"""
        with Child(program, gearmand.port, **environment) as child, ThreadPoolExecutor(1) as pool:
            answer = pool.submit(client_of(gearmand).doNormal, "last", f"{size}")
            child.expect("stopped")
            with frozen(gearmand):
                child.go_on()
                child.await_blocked()
            child.expect("True 0")
            child.expect(f"False {STOPPED}")
            assert answer.result(20) == b"r" * size

    @pytest.mark.parametrize("call", ["grab", "ping"])
    def test_before_another_call(self, gearmand: Gearmand, call: str) -> None:
        """Calls that wait for a server's answer get it; only the next work() ends at once."""
        program = """
def grab():
    job = worker.grabJob()
    return job and (job.workloadSize(), job.sendComplete("x"))
worker = worker_of(*PORTS, f=echo)
worker.setTimeout(20_000)
say(worker.ping("connected"))
worker.stop()
sys.stdin.readline()
say({"grab": grab, "ping": lambda: worker.ping("x" * 100_000)}[CALL]())
say(worker.work(), worker.returnCode())
say(worker.work(), worker.returnCode())
"""
        client_of(gearmand).doBackground("f", "x" * 100_000)
        with Child(f"CALL = {call!r}\n{program}", gearmand.port) as child:
            child.expect("True")
            with frozen(gearmand):
                child.go_on()
                child.await_blocked()
            child.expect({"grab": "(100000, True)", "ping": "True"}[call])
            child.expect(f"False {STOPPED}")
            client_of(gearmand).doBackground("f", "y")
            child.expect("True 0")

    @BOTH
    def test_in_a_signal_handler(self, gearmand: Gearmand, environment: dict[str, str]) -> None:
        """stop() in a handler of SIGTERM ends a loop of work()."""
        program = """
worker = worker_of(*PORTS, echo=echo)
signal.signal(signal.SIGTERM, lambda number, frame: worker.stop())
say("working")
jobs = 0
while worker.work():
    jobs += 1
say(jobs, worker.returnCode())
"""
        with Child(program, gearmand.port, **environment) as child:
            child.expect("working")
            client = client_of(gearmand)
            for number in range(3):
                assert client.doNormal("echo", f"{number}") == b"%d" % number
            child.await_blocked()
            child.send(signal.SIGTERM)
            child.expect(f"3 {STOPPED}")
            assert child.end() == 0
