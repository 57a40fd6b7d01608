"""Servers that go away and come back while a worker runs."""

from __future__ import annotations

import logging

import pytest

from gearman_cffi import Client, EventDispatcher, EventName, Job, Worker
from gearman_cffi._worker.reconnect_delay import FIRST_DELAY, MAX_DELAY, ReconnectDelay
from gearman_cffi.events import WorkerExceptionEvent
from gearman_cffi.exceptions import ConnectionFailed
from gearman_cffi.ext import GearmanWorker
from gearman_cffi.subscribers import LoggingSubscriber
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import Trace, handlers, running, running_already
from tests.support import Child, is_served, wait_until

NOBODY = "127.0.0.1:1"  # a port without a server


def reverse(job: Job) -> str:
    return str(job.get_workload())[::-1]


def ask(server: Gearmand) -> object:
    return Client(server.address, timeout=20).execute_job("reverse", "abc")


def test_a_server_is_restarted(gearmand: Gearmand, caplog: pytest.LogCaptureFixture) -> None:
    """Twice: each time the worker logs one message about the loss and one about the return."""
    caplog.set_level(logging.INFO, "gearman_cffi")
    dispatcher = EventDispatcher()
    dispatcher.add_subscriber(LoggingSubscriber())

    def messages(level: int) -> list[str]:
        return [record.getMessage() for record in caplog.records if record.levelno == level]

    with running(gearmand, handlers(reverse=reverse), dispatcher):
        for times in (1, 2):
            wait_until(lambda: is_served(gearmand, "reverse"), "it is registered")
            assert ask(gearmand) == "cba"
            gearmand.kill()
            wait_until(lambda times=times: len(messages(logging.CRITICAL)) == times, "the loss is noticed")  # type: ignore[misc]
            gearmand.start()
            assert ask(gearmand) == "cba"
            assert len(messages(logging.CRITICAL)) == times
            assert sum("again" in message and "Connected to" in message for message in messages(logging.INFO)) == times
    assert all("cannot connect to" in message for message in messages(logging.CRITICAL))


@pytest.mark.parametrize("concurrency", [1, 2])
def test_some_of_several_servers(gearmand: Gearmand, caplog: pytest.LogCaptureFixture, concurrency: int) -> None:
    """One message for a server that is not there or is lost, and one when it is back; none for those that stay."""
    caplog.set_level(logging.INFO, "gearman_cffi")

    def count(text: str) -> int:
        return sum(text in record.getMessage() for record in caplog.records)

    with Gearmand() as second:
        servers = f"{gearmand.address},{second.address},{NOBODY}"
        with running(servers, handlers(reverse=reverse), concurrency=concurrency, idle_interval=0.1):
            for times in (1, 2):
                wait_until(lambda: is_served(second, "reverse"), "it is registered")
                wait_until(lambda: count(f"cannot connect to {NOBODY}, retrying; the other servers"), "it is missed")
                second.kill()
                lost = f"cannot connect to {second.address}, retrying; the other servers are used"
                wait_until(lambda lost=lost, times=times: count(lost) == times, "the loss is noticed")  # type: ignore[misc]
                assert ask(gearmand) == "cba"
                second.start()
                back = f"connected to {second.address} again"
                wait_until(lambda back=back, times=times: count(back) == times, "the return is noticed")  # type: ignore[misc]
    assert count(f"connect to {NOBODY},") == 1
    assert count(f"connect to {gearmand.address},") == 0


def test_a_worker_starts_without_a_server(gearmand: Gearmand) -> None:
    gearmand.stop()
    trace = Trace()
    with running(gearmand, handlers(reverse=reverse), trace):
        wait_until(lambda: EventName.WORKER_FAILURE in trace.names(), "it has tried")
        gearmand.start()
        assert ask(gearmand) == "cba"
    failure = next(event for event in trace.events if isinstance(event, WorkerExceptionEvent))
    assert isinstance(failure.exception, ConnectionFailed)
    assert failure.exception.server == gearmand.address
    assert trace.names().count(EventName.NO_JOBS) <= 3  # no server has said that there are no jobs


def test_a_quick_restart(gearmand: Gearmand) -> None:
    trace = Trace()
    with running(gearmand, handlers(reverse=reverse), trace):
        assert ask(gearmand) == "cba"
        gearmand.restart()
        assert ask(gearmand) == "cba"


def test_one_of_two_servers_goes_away(gearmand: Gearmand) -> None:
    """The worker serves the other one, and both again within the idle interval."""
    with Gearmand() as other:
        trace = Trace()
        both = f"{gearmand.address},{other.address}"
        with running(both, handlers(reverse=reverse), trace, idle_interval=0.1):
            assert [ask(gearmand), ask(other)] == ["cba"] * 2
            other.kill()
            assert ask(gearmand) == "cba"
            other.start()
            assert [ask(gearmand), ask(other)] == ["cba"] * 2
            gearmand.kill()
            assert ask(other) == "cba"
        assert EventName.WORKER_FAILURE not in trace.names()


def test_an_unknown_host(gearmand: Gearmand) -> None:
    """The worker serves the other servers; without others it keeps resolving the name."""
    with running(f"no-such-host.invalid,{gearmand.address}", handlers(reverse=reverse)):
        assert ask(gearmand) == "cba"
    trace = Trace()
    with running("no-such-host.invalid", handlers(reverse=reverse), trace):
        wait_until(lambda: EventName.WORKER_FAILURE in trace.names(), "it says so")


def test_the_users_own_worker_reconnects(gearmand: Gearmand) -> None:
    dispatcher = Trace()
    given = GearmanWorker()
    worker = Worker(gearmand.address, handlers(reverse=reverse), dispatcher)
    worker.set_implementation(given)
    with running_already(worker):
        assert ask(gearmand) == "cba"
        gearmand.restart()
        assert ask(gearmand) == "cba"


def test_delays_grow_and_are_random() -> None:
    delay = ReconnectDelay()
    waits = [delay.record_failure() for _ in range(20)]
    assert waits[0] <= FIRST_DELAY
    assert all(MAX_DELAY / 2 <= seconds <= MAX_DELAY for seconds in waits[5:])
    assert len(set(waits)) > 10
    delay.reset()
    assert delay.record_failure() <= FIRST_DELAY


def test_an_environment_that_libgearman_refuses(gearmand: Gearmand, monkeypatch: pytest.MonkeyPatch) -> None:
    """The layer's worker ignores it."""
    monkeypatch.setenv("GEARMAN_SERVERS", "no.such.host.invalid:1")
    with running(gearmand, handlers(reverse=reverse)):
        assert ask(gearmand) == "cba"


def test_a_lost_server_causes_no_warning(gearmand: Gearmand) -> None:
    """send_*() raises instead of the mirror's warning; the failed job causes no warning either."""
    program = """
from gearman_cffi import Client, ConnectionLost, JobCollection, Worker
warnings.simplefilter("always")
address = f"127.0.0.1:{PORTS[0]}"
jobs = JobCollection()
@jobs.handler()
def send(job):
    os.kill(SERVER, signal.SIGKILL)
    try:
        while True: job.send_data("x" * 1000)
    except ConnectionLost as error:
        say(type(error).__name__)
        worker.stop()
        raise ValueError("of the job")
Client(address).execute_in_background("send", 1)
worker = Worker(address, jobs)
worker.run()
say("over")
"""
    with Child(program.replace("SERVER", str(gearmand.pid)), gearmand.port) as child:
        child.expect("ConnectionLost")
        child.expect("over")
        assert child.end() == 0, child.errors()
        assert "of the job" in child.errors()
        assert "Warning" not in child.errors()
