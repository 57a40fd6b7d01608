"""Ctrl-C ends a blocking call at once, and the object works afterwards."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gearman_cffi.ext import GearmanJob
from gearman_cffi.testing import Gearmand
from tests.support import HOST, POLL, SLICES, Child, client_of, frozen, queued, serving, wait_until

TRIES = 3

# Says "calling" before each call, and then when it was interrupted, on the monotonic clock.
INTERRUPTED = f"""
def interrupted(call):
    for _ in range({TRIES}):
        say("calling")
        try:
            say("returned", call())
        except KeyboardInterrupt:
            say("interrupted", time.monotonic())
    sys.stdin.readline()
"""


def echo(job: GearmanJob, context: Any) -> bytes:
    return job.workload()


def interrupt(child: Child) -> None:
    """Interrupts each of its calls when it waits: KeyboardInterrupt is raised within 100 ms.

    One of a few tries must be that quick, because the machine may be busy. None may take as long as the wait.
    """
    times = []
    for _ in range(TRIES):
        child.expect("calling")
        child.await_blocked()
        begin = time.monotonic()
        child.send(signal.SIGINT)
        word, at = child.line().split()
        assert word == "interrupted"
        times.append(float(at) - begin)
    assert min(times) < 0.1, times
    assert max(times) < 2, times


@contextmanager
def silent_listener() -> Iterator[int]:
    """The port of a server that accepts connections and sends nothing."""
    with socket.create_server((HOST, 0), backlog=16) as listener:
        yield listener.getsockname()[1]


class TestCtrlC:
    """SIGINT raises KeyboardInterrupt in a blocking call, and the object works afterwards."""

    @pytest.mark.parametrize("environment", [POLL, SLICES])
    def test_a_client_that_waits_for_a_result(self, gearmand: Gearmand, environment: dict[str, str]) -> None:
        """doNormal() has no worker. The client then gets the answer to another job."""
        program = (
            INTERRUPTED
            + """
client = client_of(*PORTS)
interrupted(lambda: client.doNormal("waiting", "x"))
say(client.doNormal("other", "y"))
"""
        )
        with serving(gearmand, other=echo), Child(program, gearmand.port, **environment) as child:
            interrupt(child)
            assert queued(gearmand, "waiting") == TRIES
            child.go_on()
            child.expect("b'y'")
            assert child.end() == 0

    @pytest.mark.parametrize("environment", [POLL, SLICES])
    def test_a_worker_that_waits_for_a_job(self, gearmand: Gearmand, environment: dict[str, str]) -> None:
        """work() has no job. The worker then runs one."""
        program = (
            INTERRUPTED
            + """
worker = worker_of(*PORTS, echo=echo)
interrupted(worker.work)
say(worker.work())
"""
        )
        with Child(program, gearmand.port, **environment) as child:
            interrupt(child)
            client = client_of(gearmand)
            client.setTimeout(15_000)
            child.go_on()
            assert client.doNormal("echo", "x") == b"x"
            child.expect("True")
            assert child.end() == 0

    @pytest.mark.parametrize("kind", ["GearmanClient", "GearmanWorker"])
    def test_adding_a_server_that_is_silent(self, kind: str) -> None:
        """addServer() asks it for exceptions and gets no answer. The object can be used and dropped."""
        program = (
            INTERRUPTED
            + f"""
made = {kind}()
interrupted(lambda: made.addServer("127.0.0.1", PORTS[0]))
say(made.returnCode(), made.timeout())
"""
        )
        with silent_listener() as port, Child(program, port) as child:
            interrupt(child)
            child.go_on()
            child.expect("0 -1")
            assert child.end() == 0

    @pytest.mark.parametrize(
        ("call", "answer"),
        [
            ('client.ping("x")', "True"),
            ('client.jobStatus("H:test:1")', "[False, False, 0, 0]"),
            ('client.doBackground("waiting", "x") != ""', "True"),
            ('client.doNormal("other", bytes(2**24)) == bytes(2**24)', "True"),
            ('worker.ping("x")', "True"),
        ],
    )
    def test_a_server_that_is_stopped(self, gearmand: Gearmand, call: str, answer: str) -> None:
        """Every call of a connected object is interrupted. When the server continues, the right answer comes."""
        program = (
            INTERRUPTED
            + f"""
client, worker = client_of(*PORTS), worker_of(*PORTS)
say("connected")
sys.stdin.readline()
interrupted(lambda: {call})
say({call})
"""
        )
        with serving(gearmand, other=echo), Child(program, gearmand.port) as child:
            child.expect("connected")
            with frozen(gearmand):
                child.go_on()
                interrupt(child)
            child.go_on()
            child.expect(answer)
            assert child.end() == 0

    def test_a_job_that_cannot_be_answered(self, gearmand: Gearmand) -> None:
        """A result of 16 MiB is sent to a server that is stopped. Another worker then gets the job."""
        program = """
def large(job, context):
    say("runs")
    sys.stdin.readline()
    say("sends")
    return bytes(2**24)
worker = worker_of(*PORTS, large=large)
try:
    worker.work()
except KeyboardInterrupt:
    say("interrupted", time.monotonic())
"""
        client = client_of(gearmand)
        client.setTimeout(15_000)
        with Child(program, gearmand.port) as child:
            client.doBackground("large", "x")
            child.expect("runs")
            with frozen(gearmand):
                child.go_on()
                child.expect("sends")
                child.await_blocked()
                begin = time.monotonic()
                child.send(signal.SIGINT)
                word, at = child.line().split()
                assert word == "interrupted"
                assert float(at) - begin < 1
            assert child.end() == 0
        done: list[bytes] = []
        with serving(gearmand, large=lambda job, _: done.append(job.workload())):
            wait_until(lambda: done, "another worker has the job")
