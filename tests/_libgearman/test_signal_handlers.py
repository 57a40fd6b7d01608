"""Signals whose handlers return: the blocking call continues (PEP 475)."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from gearman_cffi.ext import GearmanJob
from gearman_cffi.testing import Gearmand
from tests.support import POLL, SLICES, Child, client_of, is_served, queued, serving, wait_until


def echo(job: GearmanJob, context: Any) -> bytes:
    return job.workload()


class TestHandlersThatReturn:
    """A handler that returns: nothing is lost, nothing is sent twice."""

    HANDLER = """
seen = []
signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
"""

    def send_some(self, child: Child) -> None:
        for _ in range(5):
            child.await_blocked()
            child.send(signal.SIGUSR1)

    @pytest.mark.parametrize("environment", [POLL, SLICES])
    def test_a_client_continues_to_wait(self, gearmand: Gearmand, environment: dict[str, str]) -> None:
        """The result arrives, and one job was submitted."""
        program = self.HANDLER + (
            """
client = client_of(*PORTS)
say("calling")
say(client.doNormal("late", "x"), client.returnCode(), len(seen) > 0)
"""
        )
        with Child(program, gearmand.port, **environment) as child:
            child.expect("calling")
            wait_until(lambda: queued(gearmand, "late"), "the job is queued")
            self.send_some(child)
            assert queued(gearmand, "late") == 1
            with serving(gearmand, late=echo):
                child.expect("b'x' 0 True")
            assert child.end() == 0

    @pytest.mark.parametrize("environment", [POLL, SLICES])
    def test_a_worker_continues_to_wait(self, gearmand: Gearmand, environment: dict[str, str]) -> None:
        """The same work() runs a later job."""
        program = self.HANDLER + (
            """
worker = worker_of(*PORTS, echo=echo)
say("calling")
say(worker.work(), worker.returnCode(), len(seen) > 0)
"""
        )
        with Child(program, gearmand.port, **environment) as child:
            child.expect("calling")
            wait_until(lambda: is_served(gearmand, "echo"), "the worker waits")
            self.send_some(child)
            client = client_of(gearmand)
            client.setTimeout(15_000)
            assert client.doNormal("echo", "x") == b"x"
            child.expect("True 0 True")
            assert child.end() == 0

    @pytest.mark.parametrize("environment", [POLL, SLICES])
    @pytest.mark.parametrize("call", ['client.doNormal("late", "x")', "worker.work()"])
    def test_the_remaining_time_is_kept(self, gearmand: Gearmand, call: str, environment: dict[str, str]) -> None:
        """With a signal every 100 ms a timeout of 500 ms ends after 500 ms."""
        program = f"""
signal.signal(signal.SIGALRM, lambda number, frame: None)
client, worker = client_of(*PORTS), worker_of(*PORTS, echo=echo)
client.setTimeout(500)
worker.setTimeout(500)
signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
begin = time.monotonic()
{call}
signal.setitimer(signal.ITIMER_REAL, 0)
say(time.monotonic() - begin, client.returnCode() + worker.returnCode())
"""
        with Child(program, gearmand.port, **environment) as child:
            seconds, code = child.line().split()
            assert 0.49 < float(seconds) < 1.5
            assert code == "47"
            assert child.end() == 0


def test_a_handler_that_raises_while_an_exception_is_pending(gearmand: Gearmand) -> None:
    """The exception of the function is written to standard error, and work() raises."""
    program = """
def fails(job, context):
    raise ValueError("from the function")
def rings(frame, event, argument):
    # A signal handler runs at the start of a function, as this does.
    if event == "call" and frame.f_code.co_name == "_store_of_job":
        sys.setprofile(None)
        raise KeyboardInterrupt("from the handler")
worker = worker_of(*PORTS, f=fails, g=lambda job, context: job.workload())
sys.setprofile(rings)
try:
    say(worker.work())
except RuntimeError as error:
    say(error)
say("works", worker.work())
"""
    client_of(gearmand).doBackground("f", "x")
    with Child(program, gearmand.port) as child:
        child.expect("a callback raised, and a signal handler while that was being stored: see standard error")
        assert client_of(gearmand).doNormal("g", "x") == b"x"
        child.expect("works True")
        assert child.end() == 0
        assert "from the function" in child.errors()
        assert "from the handler" in child.errors()


@pytest.mark.needs("libgearman 2")
class TestStopWaitOnSignal:
    """With GEARMAN_WORKER_STOP_WAIT_ON_SIGNAL a handler that returns ends the wait of a worker, and wait()."""

    @pytest.mark.parametrize("options", ["0", "GEARMAN_WORKER_NON_BLOCKING"], ids=["work", "wait"])
    def test_a_worker(self, gearmand: Gearmand, options: str) -> None:
        """A loop can end because of what the handler did."""
        program = f"""
        handled = []
        signal.signal(signal.SIGUSR1, lambda number, frame: handled.append(number))
        worker = worker_of(*PORTS, f=echo)
        worker.addOptions(GEARMAN_WORKER_STOP_WAIT_ON_SIGNAL | {options})
        while not handled:
            worker.work()
            code = worker.returnCode()
            if {options} and not handled:
                worker.wait()
                code = worker.returnCode()
        say(code == GEARMAN_IO_WAIT)
        """
        with Child(program, gearmand.port) as child:
            wait_until(lambda: is_served(gearmand, "f"), "the worker is there")
            child.await_blocked()
            child.send(signal.SIGUSR1)
            child.expect("True")

    def test_a_client_that_runs_tasks_goes_on(self, gearmand: Gearmand) -> None:
        """As in libgearman."""
        program = """
        signal.signal(signal.SIGUSR1, lambda number, frame: say("handled"))
        client = client_of(*PORTS)
        client.addOptions(GEARMAN_CLIENT_STOP_WAIT_ON_SIGNAL)
        say(client.doNormal("f", "x"))
        """
        with Child(program, gearmand.port) as child:
            wait_until(lambda: queued(gearmand, "f") == 1, "the client waits")
            child.await_blocked()
            child.send(signal.SIGUSR1)
            child.expect("handled")
            with serving(gearmand, f=lambda job, context: b"done"):
                child.expect("b'done'")
