"""Several jobs in one call of the work loop, and when their results are sent."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from gearman_cffi import Client, EventDispatcher, EventName, Job, JobException, Worker
from gearman_cffi.events import Event, FunctionFailureEvent, WorkerExceptionEvent
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import Running, Trace, handlers, running

# Seconds. The kernel sends corked data after 0.2 s by itself.
SOON = 0.1


class PanicError(BaseException):
    """Like the exceptions of extension modules in Rust."""


def quickest(call: Callable[[], object], times: int = 5) -> float:
    """The shortest time of several calls: load only adds to it."""
    seconds = []
    for _ in range(times):
        began = time.monotonic()
        call()
        seconds.append(time.monotonic() - began)
    return min(seconds)


class TestInterruptions:
    """Several jobs are queued when the worker starts."""

    def test_a_listener_that_a_job_adds(self, gearmand: Gearmand) -> None:
        """The listener is called for that job and the next ones, until it is removed."""
        seen: list[object] = []
        done: list[int] = []
        dispatcher = EventDispatcher()

        def listen(event: object) -> None:
            done.append(len(seen))
            if len(seen) == 5:
                dispatcher.remove_listener(EventName.AFTER_RUN, listen)

        def handle(job: Job) -> None:
            seen.append(job.get_workload())
            if len(seen) == 3:
                dispatcher.add_listener(EventName.AFTER_RUN, listen)
            if len(seen) == 8:
                worker.stop()

        Client(gearmand.address).execute_jobs_in_background(Job("f", number) for number in range(10))
        worker = Worker(gearmand.address, handlers(f=handle), dispatcher)
        worker.run()
        assert seen == list(range(8))
        assert done == [3, 4, 5]

    def test_a_stop(self, gearmand: Gearmand) -> None:
        """The worker starts no job after it; the others stay queued."""
        seen: list[object] = []

        def handle(job: Job) -> None:
            seen.append(job.get_workload())
            if len(seen) in (4, 8):
                worker.destroy_worker()

        Client(gearmand.address).execute_jobs_in_background(Job("f", "x") for _ in range(10))
        worker = Worker(gearmand.address, handlers(f=handle))
        worker.run()
        assert len(seen) == 4
        worker.run()
        assert len(seen) == 8

    def test_a_job_that_fails(self, gearmand: Gearmand) -> None:
        """The jobs after it are executed."""
        seen: list[object] = []

        def handle(job: Job) -> None:
            seen.append(job.get_workload())
            if len(seen) == 6:
                worker.stop()
            raise ValueError("each of them")

        Client(gearmand.address).execute_jobs_in_background(Job("f", "x") for _ in range(6))
        worker = Worker(gearmand.address, handlers(f=handle))
        worker.run()
        assert len(seen) == 6

    def test_a_keyboard_interrupt(self, gearmand: Gearmand) -> None:
        """KeyboardInterrupt leaves run() at once, and another worker gets the job."""
        seen: list[object] = []

        def handle(job: Job) -> None:
            seen.append(job.get_workload())
            if len(seen) == 3:
                raise KeyboardInterrupt
            if len(seen) == 6:
                worker.stop()

        Client(gearmand.address).execute_jobs_in_background(Job("f", number) for number in range(5))
        worker = Worker(gearmand.address, handlers(f=handle))
        thread = Running(worker)
        thread.start()
        thread.join(20)
        assert isinstance(thread.raised, KeyboardInterrupt)
        worker.run()
        assert seen == [0, 1, 2, 3, 4, 2] or seen == [0, 1, 2, 2, 3, 4]

    @pytest.mark.parametrize("event", [None, EventName.FUNCTION_BEFORE_EXECUTE, EventName.AFTER_RUN])
    @pytest.mark.parametrize(
        "error",
        [GeneratorExit("x"), asyncio.CancelledError("x"), pytest.fail.Exception("x"), PanicError("x")],
        ids=repr,
    )
    def test_after_a_base_exception(self, gearmand: Gearmand, error: BaseException, event: EventName | None) -> None:
        """Any but SystemExit and KeyboardInterrupt fails the job, or the listener that raised it."""
        trace = Trace()

        def handle(job: Job) -> object:
            if job.get_workload() == "good" or event is not None:
                return job.get_workload()
            raise error

        def listener(of: Event) -> None:
            trace.remove_listener(event or "", listener)
            raise error

        if event is not None:
            trace.add_listener(event, listener)
        client = Client(gearmand.address, timeout=20)
        with running(gearmand, handlers(f=handle), trace):
            if event is EventName.AFTER_RUN:
                assert client.execute_job("f", "bad") == "bad"
            else:
                with pytest.raises(JobException) as raised:
                    client.execute_job("f", "bad")
                assert (raised.value.remote_type, raised.value.remote_message) == (type(error).__qualname__, "x")
            assert client.execute_job("f", "good") == "good"
        kinds = (FunctionFailureEvent, WorkerExceptionEvent)
        assert [event.exception for event in trace.events if isinstance(event, kinds)] == [error]


class TestResults:
    """A result reaches its client at once, whatever the worker does next."""

    def test_with_nothing_after_it(self, gearmand: Gearmand) -> None:
        with running(gearmand, handlers(f=lambda job: "x")):
            client = Client(gearmand.address)
            assert quickest(lambda: client.execute_job("f", "x")) < SOON

    def test_of_one_of_several_servers(self, gearmand: Gearmand) -> None:
        """The worker may ask another server for the next job."""
        with Gearmand() as other, running(f"{gearmand.address},{other.address}", handlers(f=lambda job: "x")):
            for server in (gearmand, other):
                client = Client(server.address)
                assert quickest(lambda client=client: client.execute_job("f", "x")) < SOON  # type: ignore[misc]

    def test_of_the_last_one(self, gearmand: Gearmand) -> None:
        """A worker that is stopped in its job does not ask for another one."""
        took: list[float] = []
        client = Client(gearmand.address)
        for _ in range(5):
            with running(gearmand, handlers(f=lambda job: worker.stop())) as worker:
                began = time.monotonic()
                client.execute_job("f", "x")
                took.append(time.monotonic() - began)
        assert min(took) < SOON

    def test_before_a_slow_listener(self, gearmand: Gearmand) -> None:
        """The result is sent before the listener of after_run is called."""
        dispatcher = EventDispatcher()
        going_on = threading.Event()
        dispatcher.add_listener(EventName.AFTER_RUN, lambda event: going_on.wait(20))
        with running(gearmand, handlers(f=lambda job: "x"), dispatcher):
            assert Client(gearmand.address, timeout=15).execute_job("f", "x") == "x"
            going_on.set()

    def test_before_a_listener_that_the_job_has_added(self, gearmand: Gearmand) -> None:
        """The result of the job that adds the listener is sent before it is called."""
        dispatcher = EventDispatcher()
        going_on = threading.Event()

        def handle(job: Job) -> str:
            dispatcher.add_listener(EventName.AFTER_RUN, lambda event: going_on.wait(20))
            return "x"

        with running(gearmand, handlers(f=handle), dispatcher):
            assert Client(gearmand.address, timeout=15).execute_job("f", "x") == "x"
            going_on.set()
