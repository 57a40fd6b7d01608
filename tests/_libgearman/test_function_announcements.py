"""The servers know exactly the functions that a worker has, whatever happened in between."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import pytest

from gearman_cffi.ext import (
    GEARMAN_IO_WAIT,
    GEARMAN_NO_JOBS,
    GEARMAN_SHUTDOWN_GRACEFUL,
    GEARMAN_TIMEOUT,
    GEARMAN_WORKER_NON_BLOCKING,
    GearmanWorker,
)
from gearman_cffi.testing import Gearmand
from tests.support import client_of, frozen, is_served, wait_until, worker_of

pytestmark = pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")


class HandlerError(Exception):
    """Raised by a signal handler."""


def worked(worker: GearmanWorker, server: Gearmand, function: str, workload: str) -> bool:
    """Submits a job of this function; returns whether the worker runs it."""
    client_of(server).doBackground(function, workload)
    for _ in range(20):
        if worker.work():
            return True
        worker.wait()
    return False


def unregister(worker: GearmanWorker) -> None:
    assert worker.unregister("f")


def unregister_all(worker: GearmanWorker) -> None:
    assert worker.unregisterAll()


class TestRegisteredAgain:
    """A function that is unregistered and registered again between two calls of work()."""

    def test_non_blocking_mode_stays(self, gearmand: Gearmand) -> None:
        """The worker stays non-blocking, and the server knows the function."""
        worker = worker_of(gearmand, f=lambda job, _: b"")
        worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)
        while worker.returnCode() != GEARMAN_NO_JOBS or not is_served(gearmand, "f"):
            worker.work()
        worker.unregister("f")
        worker.addFunction("f", lambda job, _: b"again")
        worker.work()
        assert worker.options() & GEARMAN_WORKER_NON_BLOCKING
        client_of(gearmand).doBackground("f", "x")
        wait_until(worker.work, "it has the job")

    @pytest.mark.parametrize("forget", [unregister, unregister_all])
    @pytest.mark.parametrize("code", [GEARMAN_IO_WAIT, GEARMAN_NO_JOBS])
    def test_after_a_step(self, gearmand: Gearmand, forget: Callable[[GearmanWorker], None], code: int) -> None:
        """The answer to the request for a job may still be outstanding."""
        worker = worker_of(gearmand, f=lambda job, _: b"first")
        worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)
        wait_until(
            lambda: worker.work() or (worker.returnCode() == code and is_served(gearmand, "f")), "it has stepped"
        )
        forget(worker)
        worker.addFunction("f", lambda job, _: b"second")
        assert worked(worker, gearmand, "f", "x")
        assert is_served(gearmand, "f")

    def test_the_return_code_inside_the_function(self, gearmand: Gearmand) -> None:
        """It is that of the previous call, even if work() first has to announce the function."""
        worker, seen = worker_of(gearmand), []
        for _ in range(2):
            worker.addFunction("f", lambda job, context: seen.append(worker.returnCode()))
            assert worked(worker, gearmand, "f", "x")
            worker.unregister("f")
        assert seen == [0, 0]

    def test_after_a_request_without_an_answer(self, gearmand: Gearmand) -> None:
        """work() timed out while the server was stopped."""
        worker = worker_of(gearmand, f=lambda job, _: b"first")
        worker.setTimeout(100)
        assert worked(worker, gearmand, "f", "x")
        with frozen(gearmand):
            assert not worker.work()
        worker.unregisterAll()
        worker.addFunction("f", lambda job, _: b"second")
        worker.setTimeout(5000)
        assert worked(worker, gearmand, "f", "y")

    def test_after_a_work_that_was_stopped_at_once(self, gearmand: Gearmand) -> None:
        """That work() sent nothing."""
        worker = worker_of(gearmand, f=lambda job, _: b"first", g=lambda job, _: b"")
        worker.setTimeout(100)
        worker.work()
        worker.unregister("f")
        worker.stop()
        assert not worker.work()
        worker.addFunction("f", lambda job, _: b"second")
        worker.setTimeout(5000)
        assert worked(worker, gearmand, "f", "x")

    def test_an_unregistered_function_stays_unregistered(self, gearmand: Gearmand) -> None:
        """The worker is replaced, because it answered a job that the server had given to another worker."""
        others = [worker_of(gearmand, slow=lambda job, _: b"")]

        def slow(job: object, context: object) -> bytes:
            assert others[0].work()
            return b"too late"

        worker = worker_of(gearmand, g=lambda job, _: b"")
        worker.addFunction("slow", slow, None, 1)
        worker.setTimeout(100)
        client_of(gearmand).doBackground("slow", "x")
        worker.work()
        worker.work()
        assert worker.unregister("slow")
        worker.work()
        wait_until(lambda: is_served(gearmand, "g"), "it is there")
        others.clear()
        wait_until(lambda: not is_served(gearmand, "slow"), "nobody has the function")
        assert not worked(worker, gearmand, "slow", "y")

    @pytest.mark.parametrize("forget", [unregister, unregister_all])
    def test_set_id_after_unregister(self, gearmand: Gearmand, forget: Callable[[GearmanWorker], None]) -> None:
        """unregister() in the middle of a search makes setId() open new connections."""
        worker = worker_of(gearmand, f=lambda job, _: b"")
        worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)
        wait_until(lambda: worker.work() or worker.returnCode() == GEARMAN_IO_WAIT, "it is in the middle of its search")
        forget(worker)
        assert worker.setId("named")
        worker.addFunction("g", lambda job, _: b"")
        assert worked(worker, gearmand, "g", "x")
        wait_until(lambda: not is_served(gearmand, "f"), "the connection before has gone, and nobody has it")
        assert "named" in gearmand.ask("workers")

    def test_a_function_that_is_added_during_a_request(self, gearmand: Gearmand) -> None:
        """The worker announces it before it sleeps."""
        worker = worker_of(gearmand, f=lambda job, _: b"")
        worker.setTimeout(100)
        assert worked(worker, gearmand, "f", "x")
        with frozen(gearmand):
            assert not worker.work()
        worker.addFunction("g", lambda job, _: b"")
        assert not worker.work()
        assert is_served(gearmand, "g")


class TestConnections:
    """A connection that was opened without announcing the functions is not kept."""

    def reconnect(self, server: Gearmand, worker: GearmanWorker, ended: Callable[[], object]) -> None:
        """Restarts and stops the server, so that the worker's request for exceptions waits until it is ended."""
        assert worked(worker, server, "f", "before")
        server.stop()
        server.start()
        with frozen(server):
            ended()
        worker.setTimeout(5000)
        assert worked(worker, server, "f", "after")

    def test_a_timeout(self, gearmand: Gearmand) -> None:
        worker = worker_of(gearmand, f=lambda job, _: b"")

        def ended() -> None:
            worker.setTimeout(200)
            assert not worker.work()
            assert worker.returnCode() == GEARMAN_TIMEOUT

        self.reconnect(gearmand, worker, ended)

    def test_a_stop(self, gearmand: Gearmand) -> None:
        """stop() ends one work() only."""
        worker = worker_of(gearmand, f=lambda job, _: b"")

        def ended() -> None:
            worker.setTimeout(20_000)
            timer = threading.Timer(0.2, worker.stop)
            timer.start()
            assert not worker.work()
            assert worker.returnCode() == GEARMAN_SHUTDOWN_GRACEFUL
            timer.join()
            worker.setTimeout(100)
            assert not worker.work()
            assert worker.returnCode() == GEARMAN_TIMEOUT

        self.reconnect(gearmand, worker, ended)

    def test_a_handler_that_raises(self, gearmand: Gearmand) -> None:
        worker = worker_of(gearmand, f=lambda job, _: b"")

        def handler(number: int, frame: object) -> None:
            raise HandlerError

        def ended() -> None:
            before = signal.signal(signal.SIGALRM, handler)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.2)
                with pytest.raises(HandlerError):
                    worker.work()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)

        self.reconnect(gearmand, worker, ended)

    @pytest.mark.parametrize("exceptions", [True, False])
    def test_a_name(self, gearmand: Gearmand, exceptions: bool) -> None:
        """setId() connects after work() could not."""
        worker = GearmanWorker()
        worker.addServer(gearmand.host, gearmand.port, exceptions)
        worker.addFunction("f", lambda job, _: b"")
        assert worked(worker, gearmand, "f", "before")
        gearmand.stop()
        worker.setTimeout(100)
        assert not worker.work()
        gearmand.start()
        assert worker.setId("named")
        worker.setTimeout(5000)
        assert worked(worker, gearmand, "f", "after")
        assert "named" in gearmand.ask("workers")
