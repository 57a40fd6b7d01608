"""Jobs that a Worker runs one after the other without coming back from C, and when their results go out."""

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

# What the kernel holds back goes out after 200 ms by itself.
SOON = 0.1


class PanicError(BaseException):
    """As the exceptions of extension modules in Rust."""


def quickest(call: Callable[[], object], times: int = 5) -> float:
    """Seconds that a call takes, of several: a busy machine only adds."""
    seconds = []
    for _ in range(times):
        began = time.monotonic()
        call()
        seconds.append(time.monotonic() - began)
    return min(seconds)


class TestWhatComesBetween:
    """A queue of jobs, which the worker finds when it begins."""

    def test_a_listener_that_a_job_adds(self, gearmand: Gearmand) -> None:
        """It hears of the end of that very job, and of those after it; removed, of none."""
        seen: list[object] = []
        told: list[int] = []
        dispatcher = EventDispatcher()

        def listen(event: object) -> None:
            told.append(len(seen))
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
        assert told == [3, 4, 5]

    def test_a_stop(self, gearmand: Gearmand) -> None:
        """No job after that in which it came, and nothing is lost: the rest stays queued."""
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
        """Those after it are run all the same."""
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

    def test_a_job_that_is_ended(self, gearmand: Gearmand) -> None:
        """KeyboardInterrupt leaves run() at once, and the job goes to another worker."""
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
        """Only SystemExit and KeyboardInterrupt end the worker: others fail the job, or come from a listener."""
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
        told = [one.exception for one in trace.events if isinstance(one, (FunctionFailureEvent, WorkerExceptionEvent))]
        assert told == [error]


class TestResults:
    """Each reaches its client at once, whatever the worker does next."""

    def test_with_nothing_after_it(self, gearmand: Gearmand) -> None:
        with running(gearmand, handlers(f=lambda job: "x")):
            client = Client(gearmand.address)
            assert quickest(lambda: client.execute_job("f", "x")) < SOON

    def test_of_one_of_several_servers(self, gearmand: Gearmand) -> None:
        """The question for the next job may go to another one."""
        with Gearmand() as other, running(f"{gearmand.address},{other.address}", handlers(f=lambda job: "x")):
            for server in (gearmand, other):
                client = Client(server.address)
                assert quickest(lambda client=client: client.execute_job("f", "x")) < SOON  # type: ignore[misc]

    def test_of_the_last_one(self, gearmand: Gearmand) -> None:
        """Told to stop in its job, the worker does not ask for another one."""
        took: list[float] = []
        client = Client(gearmand.address)
        for _ in range(5):
            with running(gearmand, handlers(f=lambda job: worker.stop())) as worker:
                began = time.monotonic()
                client.execute_job("f", "x")
                took.append(time.monotonic() - began)
        assert min(took) < SOON

    def test_before_a_slow_listener(self, gearmand: Gearmand) -> None:
        """A listener of after_run comes after the result, not before it."""
        dispatcher = EventDispatcher()
        going_on = threading.Event()
        dispatcher.add_listener(EventName.AFTER_RUN, lambda event: going_on.wait(20))
        with running(gearmand, handlers(f=lambda job: "x"), dispatcher):
            assert Client(gearmand.address, timeout=15).execute_job("f", "x") == "x"
            going_on.set()

    def test_before_a_listener_that_the_job_has_added(self, gearmand: Gearmand) -> None:
        """Nor is that of the job that adds it held back."""
        dispatcher = EventDispatcher()
        going_on = threading.Event()

        def handle(job: Job) -> str:
            dispatcher.add_listener(EventName.AFTER_RUN, lambda event: going_on.wait(20))
            return "x"

        with running(gearmand, handlers(f=handle), dispatcher):
            assert Client(gearmand.address, timeout=15).execute_job("f", "x") == "x"
            going_on.set()
