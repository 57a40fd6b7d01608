"""The waits of a worker that tries a job again in place: how long they may be, and what happens if it is stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gearman_cffi import Client, EventDispatcher, EventName, Job, JobCollection, JobException, Worker
from gearman_cffi.events import FunctionRetryEvent
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import running_already
from tests.support import queued, wait_until

HOUR = 3600.0
KINDS = ["plain", "in a thread", "coroutine"]


class Flaky:
    """A handler. made: its attempts, by number. fails: whether it raises an exception."""

    def __init__(self, fails: bool = True) -> None:
        self.made: list[int] = []
        self.fails = fails

    def __call__(self, job: Job) -> str:
        self.made.append(job.attempt)
        if self.fails:
            raise OSError("disk is full")
        return f"done in attempt {job.attempt}"


@contextmanager
def serving(
    server: Gearmand,
    kind: str,
    flaky: Flaky,
    dispatcher: EventDispatcher | None = None,
    job_timeout: float | None = None,
    **options: Any,
) -> Iterator[None]:
    """A worker with this kind of handler. job_timeout: as in a pool."""
    jobs = JobCollection()

    async def coroutine(job: Job) -> str:
        return flaky(job)

    jobs.handler("flaky", **options)(coroutine if kind == "coroutine" else flaky)
    worker = Worker(server.address, jobs, dispatcher, concurrency=2 if kind == "in a thread" else 1)
    worker._set_time_limits(lambda function: job_timeout, None)
    with running_already(worker):
        yield


@pytest.mark.parametrize("kind", KINDS)
class TestAWorkerIsStopped:
    def test_a_client_waits(self, gearmand: Gearmand, kind: str) -> None:
        """The job goes to another worker, which begins with the first attempt; no attempt is made at the end."""
        flaky, answers = Flaky(), list[Any]()
        client = Client(gearmand.address, timeout=20)
        waiting = threading.Thread(target=lambda: answers.append(client.execute_job("flaky", 1, retries=5)))
        with serving(gearmand, kind, flaky, backoff=HOUR):
            waiting.start()
            wait_until(lambda: flaky.made, "the first attempt has failed")
        assert flaky.made == [1]
        assert queued(gearmand, "flaky") == 1
        with serving(gearmand, kind, Flaky(fails=False)):
            waiting.join(20)
        assert answers == ["done in attempt 1"]

    def test_no_server_takes_the_next_attempt(self, gearmand: Gearmand, kind: str) -> None:
        """A job in the background stays with the server, with its attempt; run() ends as usual."""
        flaky, ends = Flaky(), list[str]()
        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.BEFORE_DESTROY, lambda event: ends.append(event.name))
        client = Client(gearmand.address, timeout=20)
        client.execute_in_background("flaky", 1, retries=2)
        gearmand.ask("maxqueue flaky 1")
        with serving(gearmand, kind, flaky, dispatcher, backoff=HOUR):
            wait_until(lambda: flaky.made, "the first attempt has failed")
        assert flaky.made == [1]
        assert queued(gearmand, "flaky") == 1
        assert len(ends) == 1


@pytest.mark.parametrize("kind", KINDS)
class TestLimits:
    def test_the_longest_wait(self, gearmand: Gearmand, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """No wait is longer than a minute, whatever the backoff."""
        monkeypatch.setattr("gearman_cffi._worker.retrier.MAX_WAIT", 0.2)
        flaky, delays = Flaky(), list[float]()

        def on_retry(event: FunctionRetryEvent) -> None:
            delays.append(event.delay)
            flaky.fails = len(delays) < 2

        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.FUNCTION_RETRY, on_retry)
        with serving(gearmand, kind, flaky, dispatcher, backoff=HOUR):
            assert Client(gearmand.address, timeout=20).execute_job("flaky", 1, retries=5) == "done in attempt 3"
        assert delays == [0.2, 0.2]

    def test_the_job_timeout(self, gearmand: Gearmand, kind: str) -> None:
        """Attempts are made before it passes. A job without the time for another one fails at once, and is given up."""
        flaky, letters = Flaky(), list[str]()
        began = time.monotonic()
        with (
            serving(
                gearmand,
                kind,
                flaky,
                job_timeout=20.0,
                backoff=lambda attempt: 0 if attempt == 1 else HOUR,
                gave_up=lambda job, error: letters.append(str(error)),
            ),
            pytest.raises(JobException, match="disk is full"),
        ):
            Client(gearmand.address, timeout=30).execute_job("flaky", 1, retries=5)
        assert time.monotonic() - began < 15
        assert flaky.made == [1, 2]
        assert letters == ["disk is full"]


def test_the_time_limit(gearmand: Gearmand) -> None:
    """After it the server gives the job to another worker: it counts as the job timeout does."""
    flaky = Flaky()
    began = time.monotonic()
    client = Client(gearmand.address, timeout=30)
    with (
        serving(gearmand, "plain", flaky, backoff=HOUR, time_limit=20),
        pytest.raises(JobException, match="disk is full"),
    ):
        client.execute_job("flaky", 1, retries=5)
    assert time.monotonic() - began < 15
    assert flaky.made == [1]
    gearmand.kill()  # it would wait for the time limit
