"""Jobs that are tried again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gearman_cffi import (
    Client,
    EventDispatcher,
    EventName,
    InvalidArgument,
    Job,
    JobCollection,
    JobException,
    JobHandlerInterface,
    Retry,
    RetryPolicy,
    aio,
)
from gearman_cffi.events import FunctionFailureEvent, FunctionRetryEvent
from gearman_cffi.testing import Gearmand, LocalGearman
from tests.python_layer.workers import running
from tests.support import queued, wait_until

HOUR = 3600.0


async def coroutine(job: Job, error: BaseException) -> None: ...


class Flaky:
    """A handler that fails its first attempts. calls: the attempt, the last one, the key and the workload of each."""

    def __init__(self, failures: int = 2, error: Callable[[], BaseException] = lambda: OSError("disk is full")) -> None:
        self.calls: list[tuple[int, int | None, str | None, Any]] = []
        self._failures = failures
        self._error = error

    def __call__(self, job: Job) -> str:
        self.calls.append((job.attempt, job.last_attempt, job.unique, job.get_workload()))
        if len(self.calls) <= self._failures:
            raise self._error()
        return f"done in attempt {job.attempt}"

    @property
    def attempts(self) -> list[int]:
        return [attempt for attempt, *_ in self.calls]


class Seen(EventDispatcher):
    """Records what becomes of jobs."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[str, int, str]] = []
        self.delays: list[float] = []
        self.add_listener(EventName.FUNCTION_RETRY, self.on_retry)
        for name in (EventName.FUNCTION_FAILURE, EventName.FUNCTION_GAVE_UP, EventName.FUNCTION_AFTER_EXECUTE):
            self.add_listener(name, self.on_end)

    def on_retry(self, event: FunctionRetryEvent) -> None:
        self.events.append((event.name.rpartition(".")[2], event.job.attempt, str(event.exception)))
        self.delays.append(event.delay)

    def on_end(self, event: FunctionFailureEvent) -> None:
        self.events.append((event.name.rpartition(".")[2], event.job.attempt, str(getattr(event, "exception", ""))))


def collection(function: Callable[[Job], Any], **options: Any) -> JobCollection:
    jobs = JobCollection()
    jobs.handler("flaky", **options)(function)
    return jobs


class TestInTheBackground:
    def test_it_is_submitted_again(self) -> None:
        """With a delay that grows, and the same key and workload for the handler; it ends when it succeeds."""
        flaky, seen = Flaky(), Seen()
        local = LocalGearman(collection(flaky), seen)
        local.client.execute_in_background("flaky", {"n": 1}, unique="order-7", retries=5)
        assert len(local.work()) == 1
        (again,) = local.waiting
        assert (again.unique, again.attempt, again.workload) == ("order-7", 2, {"n": 1})
        assert again.not_before is not None
        assert local.advance(2) != []
        assert local.advance(3) != []
        assert flaky.calls == [(n, 6, "order-7", {"n": 1}) for n in (1, 2, 3)]
        assert seen.events == [
            ("on_retry", 1, "disk is full"),
            ("on_retry", 2, "disk is full"),
            ("after_execute", 3, ""),
        ]
        assert 0.5 <= seen.delays[0] <= 1
        assert 1 <= seen.delays[1] <= 2
        assert local.advance(HOUR) == []

    def test_the_last_attempt(self) -> None:
        """Then the job has failed, and gave_up is dispatched after on_failure."""
        flaky, seen = Flaky(9), Seen()
        local = LocalGearman(collection(flaky, backoff=0), seen)
        local.client.execute_in_background("flaky", 1, retries=2)
        local.work()
        local.advance(2)
        local.advance(2)
        assert flaky.attempts == [1, 2, 3]
        assert [name for name, *_ in seen.events] == ["on_retry", "on_retry", "on_failure", "gave_up"]
        assert len({unique for _, _, unique, _ in flaky.calls}) == 1  # a generated key, which stays
        assert local.waiting == []

    def test_gave_up(self) -> None:
        """It is called once, with the job and the exception. What it raises is a failure of the worker."""
        letters: list[tuple[Any, str]] = []

        def keep(job: Job, error: BaseException) -> None:
            letters.append((job.get_workload(), str(error)))
            raise LookupError("no letter box")

        seen, failures = Seen(), list[str]()
        seen.add_listener(EventName.WORKER_FAILURE, lambda event: failures.append(str(event.exception)))
        local = LocalGearman(collection(Flaky(9), backoff=0, gave_up=keep), seen)
        local.client.execute_in_background("flaky", "x", retries=2)
        local.client.execute_in_background("flaky", "no retries")
        local.work()
        assert letters == [("x", "disk is full")]
        assert failures == ["no letter box"]
        assert [name for name, *_ in seen.events].count("gave_up") == 1

    @pytest.mark.parametrize(
        ("options", "delays"),
        [
            ({"backoff": 10}, [(5, 10), (10, 20)]),
            ({"backoff": timedelta(minutes=1)}, [(30, 60), (60, 120)]),
            ({"backoff": lambda attempt: attempt * 7}, [(7, 7), (14, 14)]),
            ({"backoff": 3000}, [(1500, 3000), (1800, 3600)]),
        ],
    )
    def test_backoff(self, options: dict[str, Any], delays: list[tuple[float, float]]) -> None:
        seen = Seen()
        local = LocalGearman(collection(Flaky(9), **options), seen)
        local.client.execute_in_background("flaky", 1, retries=2)
        local.work()
        local.advance(HOUR)
        assert [least <= delay <= most for delay, (least, most) in zip(seen.delays, delays, strict=True)] == [
            True,
            True,
        ]

    def test_which_exceptions(self) -> None:
        """retry_on says it; Retry always asks for another attempt, also with a delay of its own."""
        for error, delay in (
            (ValueError, None),
            (ConnectionResetError, 60),
            (lambda: Retry("not yet", delay=timedelta(minutes=5)), 300),
            (lambda: Retry(), 60),
        ):
            seen = Seen()
            local = LocalGearman(collection(Flaky(9, error), retry_on=(OSError,), backoff=lambda n: 60), seen)
            local.client.execute_in_background("flaky", 1, retries=2)
            local.work()
            assert seen.delays == ([] if delay is None else [delay])
            assert len(local.waiting) == (delay is not None)

    def test_no_retries(self) -> None:
        """None are made if nobody has asked for them, and with retries=0 even if the handler has."""
        for options, retries, attempts in (({}, None, [1]), ({"retries": 1}, 0, [1]), ({"retries": 1}, None, [1, 2])):
            flaky = Flaky(9)
            local = LocalGearman(collection(flaky, **options))
            local.client.execute_in_background("flaky", 1, retries=retries)
            local.work()
            local.advance(HOUR)
            assert flaky.attempts == attempts

    def test_retry_without_attempts(self) -> None:
        """The job fails with the exception that asks for another one."""
        local = LocalGearman(collection(Flaky(1, lambda: Retry("not now", delay=1))))
        with pytest.raises(JobException, match="Retry: not now"):
            local.client.execute_job("flaky", 1)

    def test_a_handler_that_opts_in(self) -> None:
        """It decides for jobs without a mark. The client that waits gets the first failure, and the job goes on."""
        flaky = Flaky(1)
        local = LocalGearman(collection(flaky, retries=3))
        with pytest.raises(JobException, match="disk is full"):
            local.client.execute_job("flaky", "x", unique="k" * 63)
        local.advance(2)
        assert [(attempt, last, load) for attempt, last, _, load in flaky.calls] == [(1, 4, "x"), (2, 4, "x")]
        assert flaky.calls[0][2] == "k" * 63

    def test_many_kinds_of_submission(self) -> None:
        """Bulk calls, tasks and a delay before the first attempt."""
        flaky, jobs = Flaky(2), JobCollection()

        @jobs.task("flaky", backoff=0)
        def task(number: int) -> None:
            flaky(Job("flaky", number))

        local = LocalGearman(jobs)
        local.client.execute_jobs_in_background([Job("flaky", {"number": 1}, retries=1)])
        task.with_options(retries=1, delay=60).submit_background(local.client, 2)
        local.advance(2)
        local.advance(2)
        assert [load for *_, load in flaky.calls] == [1, 1]
        local.advance(60)
        assert [load for *_, load in flaky.calls] == [1, 1, 2]

    def test_keys(self) -> None:
        """An attempt that waits does not join a new job of the same key; equal attempts do."""
        local = LocalGearman(collection(Flaky(1), backoff=100))
        first = local.client.execute_in_background("flaky", 1, unique="k", retries=1)
        assert local.client.execute_in_background("flaky", 1, unique="k", retries=1) == first
        assert local.client.execute_in_background("flaky", 1, unique="k") != first
        local.work()
        second = local.client.execute_in_background("flaky", 1, unique="k", retries=1)
        assert {job.handle for job in local.waiting} >= {second}
        assert len(local.waiting) == 2

    def test_the_workload_as_key(self) -> None:
        """The key "-" stands for the workload, also for jobs with retries."""
        client = LocalGearman().client
        one, same, other = (client.execute_in_background("f", load, unique="-", retries=1) for load in (1, 1, 2))
        assert one == same != other


class TestInTheForeground:
    def test_it_is_tried_again_in_place(self) -> None:
        """The client waits for the answer of the last attempt. Each attempt reads the workload again."""
        seen = Seen()

        def change(job: Job) -> int:
            job.get_workload().append(job.attempt)
            if job.attempt < 3:
                raise OSError("disk is full")
            return len(job.get_workload())

        local = LocalGearman(collection(change, backoff=HOUR), seen)
        assert local.client.execute_job("flaky", [0], retries=2) == 2
        assert [name for name, *_ in seen.events] == ["on_retry", "on_retry", "after_execute"]
        assert local.client.execute_jobs([Job("flaky", [0], retries=5)]) == [2]
        assert local.client.watch_job("flaky", [0], retries=3).result() == 2
        assert len(local.done) == 3

    def test_the_last_attempt(self) -> None:
        flaky, seen = Flaky(9), Seen()
        local = LocalGearman(collection(flaky, backoff=0), seen)
        with pytest.raises(JobException, match="disk is full"):
            local.client.execute_job("flaky", 1, retries=1)
        assert flaky.attempts == [1, 2]
        assert [name for name, *_ in seen.events] == ["on_retry", "on_failure", "gave_up"]


class TestRefused:
    @pytest.mark.parametrize(
        ("options", "error", "reason"),
        [
            ({"retries": -1}, InvalidArgument, "retries must be from 0 to 98, not -1"),
            ({"retries": 99}, InvalidArgument, "retries must be from 0 to 98, not 99"),
            ({"retries": "5"}, TypeError, "retries must be an int, not str"),
            ({"retries": True}, TypeError, "retries must be an int, not bool"),
            ({"retries": 1, "unique": "x" * 57}, InvalidArgument, "of a job with retries must have at most 56 bytes"),
            ({"retries": 20, "unique": "x" * 55}, InvalidArgument, "must have at most 54 bytes"),
            ({"retries": 1, "unique": ""}, InvalidArgument, "a unique key must not be empty"),
            ({"unique": "k~try1/2"}, InvalidArgument, "must not end as 'k~try1/2' does"),
            ({"retries": 1, "unique": "k~try2/9f"}, InvalidArgument, "must not end as"),
        ],
    )
    def test_jobs(self, options: dict[str, Any], error: type[Exception], reason: str) -> None:
        with pytest.raises(error, match=reason):
            LocalGearman().client.execute_in_background("f", 1, **options)
        with pytest.raises(error, match=reason):
            LocalGearman().client.execute_jobs_in_background([Job("f", 1, **options)])

    def test_keys_that_are_no_marks(self) -> None:
        client = LocalGearman().client
        for unique in ("~try1/2", "k~try3/2", "k~try0/2", "k~try1/100", "k~try1/2x", "k~try1", "x" * 63):
            client.execute_in_background("f", 1, unique=unique)
        client.execute_in_background("f", 1, unique="x" * 56, retries=8)

    @pytest.mark.parametrize(
        ("options", "error", "reason"),
        [
            ({"retries": 99}, InvalidArgument, "retries must be from 0 to 98"),
            ({"retries": 1.5}, TypeError, "retries must be an int or None, not float"),
            ({"max_attempts": 0}, InvalidArgument, "max_attempts must be from 1 to 255"),
            ({"retry_on": (OSError, "ValueError")}, TypeError, "retry_on must be subclasses of Exception"),
            ({"retry_on": KeyboardInterrupt}, TypeError, "retry_on must be subclasses of Exception"),
            ({"gave_up": "letters"}, TypeError, "gave_up must be a plain function, not 'letters'"),
            ({"gave_up": coroutine}, TypeError, "gave_up must be a plain function, not <function coroutine"),
            ({"backoff": -1}, InvalidArgument, "backoff must be at least 0 seconds, not -1"),
            ({"backoff": "10"}, TypeError, "backoff must be seconds or a timedelta, not str"),
        ],
    )
    def test_policies(self, options: dict[str, Any], error: type[Exception], reason: str) -> None:
        with pytest.raises(error, match=reason):
            collection(Flaky(), **options)
        with pytest.raises(error, match=reason):
            RetryPolicy(**options)

    def test_retry(self) -> None:
        with pytest.raises(InvalidArgument, match="delay must be at least 0 seconds"):
            Retry(delay=-1)


class Handler(JobHandlerInterface):
    """A handler that is an object, with a policy."""

    retry_policy = RetryPolicy(retries=2, retry_on=LookupError, backoff=0)

    def __init__(self) -> None:
        self.flaky = Flaky(1, KeyError)

    def listens_to_job(self) -> str:
        return "flaky"

    def execute(self, job: Job) -> Any:
        return self.flaky(job)


def test_a_handler_that_is_an_object() -> None:
    handler = Handler()
    local = LocalGearman([handler])
    local.client.execute_in_background("flaky", 1)
    local.advance(2)
    local.advance(2)
    assert handler.flaky.attempts == [1, 2]


class TestWithAServer:
    @pytest.mark.parametrize("options", [{}, {"concurrency": 3}, {"namespace": "shop."}], ids=str)
    def test_all_ways(self, gearmand: Gearmand, options: dict[str, Any]) -> None:
        """In the background and in the foreground, of both clients."""
        flaky = Flaky(4)
        lock = threading.Lock()

        def safely(job: Job) -> Any:
            with lock:
                return flaky(job)

        space = options.get("namespace")
        client = Client(gearmand.address, timeout=20, namespace=space)

        async def submit() -> Any:
            async with aio.Client(gearmand.address, timeout=20, namespace=space) as async_client:
                await async_client.execute_in_background("flaky", "aio", retries=9)
                return await async_client.execute_job("flaky", "aio, waiting", retries=9)

        with running(gearmand, collection(safely, backoff=0), idle_interval=0.05, **options):
            client.execute_in_background("flaky", "background", retries=9)
            assert client.execute_job("flaky", "waiting", retries=9).startswith("done in attempt")
            assert asyncio.run(submit()).startswith("done in attempt")
            wait_until(lambda: len(flaky.calls) == 8, "four jobs are done, after four failures")
            wait_until(lambda: not queued(gearmand, (space or "") + "flaky"), "all are answered")
        assert {load for *_, load in flaky.calls} == {"background", "waiting", "aio", "aio, waiting"}

    def test_coroutines(self, gearmand: Gearmand) -> None:
        flaky = Flaky(2)

        async def handler(job: Job) -> Any:
            await asyncio.sleep(0)
            return flaky(job)

        client = Client(gearmand.address, timeout=20)
        with running(gearmand, collection(handler, backoff=0.01), idle_interval=0.05):
            assert client.execute_job("flaky", 1, retries=2) == "done in attempt 3"
            flaky.calls.clear()
            client.execute_in_background("flaky", 2, retries=2)
            wait_until(lambda: flaky.attempts[-1:] == [3], "the third attempt is made")
        assert flaky.attempts == [1, 2, 3]

    def test_a_server_that_takes_no_more_jobs(self, gearmand: Gearmand) -> None:
        """The worker tries the job again itself, so that it is not lost."""
        flaky = Flaky(2)
        client = Client(gearmand.address, timeout=20)
        client.execute_in_background("flaky", 1, retries=2)
        gearmand.ask("maxqueue flaky 1")
        with running(gearmand, collection(flaky, backoff=0.01)):
            wait_until(lambda: len(flaky.calls) == 3, "the attempts are made")
            wait_until(lambda: not queued(gearmand, "flaky"), "it is answered")
        assert flaky.attempts == [1, 2, 3]


def test_why_there_is_a_mark(gearmand: Gearmand) -> None:
    """A job that is submitted from inside itself under its own key is itself, and gone when it ends."""
    client = Client(gearmand.address, timeout=20)
    handles: list[str] = []

    def again(job: Job) -> None:
        handles.append(job.handle)
        handles.append(client.execute_in_background("again", 1, unique="k"))

    jobs = JobCollection()
    jobs.handler()(again)
    client.execute_in_background("again", 1, unique="k")
    with running(gearmand, jobs):
        wait_until(lambda: len(handles) == 2 and not queued(gearmand, "again"), "the job is done")
    assert handles == ["H:test:1", "H:test:1"]
