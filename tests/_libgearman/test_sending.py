"""Packets that a worker sends for a job, and signals meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType

import pytest

from gearman_cffi.ext import GEARMAN_SEND_IN_PROGRESS, GEARMAN_SUCCESS
from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of, frozen, queued, wait_until, worker_of

pytestmark = pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")


class HandlerError(Exception):
    """Raised by a signal handler."""


@contextmanager
def signal_while_it_sends(child: Child, server: Gearmand) -> Iterator[None]:
    """The program sends a large packet to a stopped server, and gets a signal meanwhile."""
    with frozen(server):
        child.go_on()
        child.await_blocked()
        child.send(signal.SIGUSR1)
        yield


@pytest.mark.parametrize("how", ['job.sendComplete(b"r" * 30_000_000)', 'b"r" * 30_000_000'], ids=["sent", "returned"])
def test_a_heartbeat_in_the_middle_of_a_result(gearmand: Gearmand, how: str) -> None:
    """A signal handler cannot send a status meanwhile; the result is complete."""
    program = f"""
heard = []
def work(job, context):
    def beat(number, frame):
        heard.append((job.sendStatus(1, 2), job.returnCode()))
    signal.signal(signal.SIGUSR1, beat)
    say("works")
    sys.stdin.readline()
    return {how}
worker = worker_of(*PORTS, f=work)
say(worker.work(), heard)
"""
    with Child(program, gearmand.port) as child, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client_of(gearmand).doNormal, "f", "x")
        child.expect("works")
        with signal_while_it_sends(child, gearmand):
            child.await_blocked()
        child.expect(f"True [(False, {GEARMAN_SEND_IN_PROGRESS})]")
        assert child.end() == 0, child.errors()
        assert answer.result(20) == b"r" * 30_000_000


def test_a_second_job_in_the_middle_of_a_result(gearmand: Gearmand) -> None:
    """A signal handler cannot complete another job of the worker meanwhile, but afterwards it can."""
    program = """
worker = worker_of(*PORTS)
worker.register("f")
jobs = [worker.grabJob(), worker.grabJob()]
signal.signal(signal.SIGUSR1, lambda number, frame: say(jobs[1].sendComplete("s")))
say("grabbed")
sys.stdin.readline()
say(jobs[0].sendComplete(b"r" * 30_000_000))
say(jobs[1].sendComplete("s"))
"""
    for number in range(2):
        client_of(gearmand).doBackground("f", f"{number}")
    with Child(program, gearmand.port) as child:
        child.expect("grabbed")
        with signal_while_it_sends(child, gearmand):
            child.expect("False")
            child.await_blocked()
        child.expect("True")
        child.expect("True")
        assert child.end() == 0, child.errors()
    wait_until(lambda: "f\t0\t0\t0" in gearmand.ask("status"), "the server has received the results")


def test_a_handler_that_raises_before_the_function(gearmand: Gearmand) -> None:
    """The signal arrived while a large workload was received: the server gets the job back."""
    raised = 0
    workload = b"w" * 3_000_000

    def handler(number: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code.co_name == "gcffi_on_job":
            raise HandlerError

    worker = worker_of(gearmand, f=lambda job, _: job.workload())
    worker.setTimeout(100)
    client = client_of(gearmand)
    before = signal.signal(signal.SIGALRM, handler)
    try:
        with ThreadPoolExecutor(1) as pool:
            while raised < 3:
                answer = pool.submit(client.doNormal, "f", workload)
                signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
                while not answer.done():
                    try:
                        worker.work()
                    except HandlerError:
                        raised += 1
                        signal.setitimer(signal.ITIMER_REAL, 0)
                signal.setitimer(signal.ITIMER_REAL, 0)
                assert answer.result() == workload
                assert client.returnCode() == GEARMAN_SUCCESS
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_packet_that_was_interrupted(gearmand: Gearmand) -> None:
    """A handler that raises ends it. Nothing more can be sent for the job, which the server gives to another worker."""
    program = """
class HandlerRaised(Exception): pass
def handler(number, frame): raise HandlerRaised
signal.signal(signal.SIGUSR1, handler)
worker = worker_of(*PORTS)
worker.register("f")
job = worker.grabJob()
say("grabbed")
sys.stdin.readline()
try: job.sendData(b"d" * 30_000_000)
except HandlerRaised: say("raised")
sys.stdin.readline()
say(job.sendComplete("c"), job.returnCode() == GEARMAN_LOST_CONNECTION)
while not (again := worker.grabJob()): time.sleep(0.01)  # the server has to see that the connection is gone
say(again.workload(), again.sendComplete("c"))
"""
    client_of(gearmand).doBackground("f", "x")
    with Child(program, gearmand.port) as child:
        child.expect("grabbed")
        with signal_while_it_sends(child, gearmand):
            child.expect("raised")
        child.go_on()
        child.expect("False True")
        child.expect("b'x' True")
        assert child.end() == 0, child.errors()


def test_a_stop_before_the_worker_is_replaced(gearmand: Gearmand) -> None:
    """The result of a job that was grabbed before is complete too."""
    program = """
worker = worker_of(*PORTS)
worker.register("f")
job = worker.grabJob()
worker.stop()
say(worker.grabJob(), worker.grabJob())  # the first breaks it, the second replaces it
sys.stdin.readline()
say(job.sendComplete(b"r" * 30_000_000))
"""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client_of(gearmand).doNormal, "f", "x")
        wait_until(lambda: queued(gearmand, "f"), "the job is there")
        with Child(program, gearmand.port) as child:
            child.expect("False False")
            with frozen(gearmand):
                child.go_on()
                child.await_blocked()
            child.expect("True")
        assert answer.result(20) == b"r" * 30_000_000
