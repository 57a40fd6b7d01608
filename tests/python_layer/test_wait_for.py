"""wait_for(): waiting for background jobs by their status."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gearman_cffi import Client, ConnectionFailed, InvalidArgument, Job, JobCollection, JobTimeout, aio
from gearman_cffi.testing import Gearmand, LocalGearman
from tests.python_layer.workers import handlers, running
from tests.support import queued, wait_until

go = threading.Event()


def waits(job: Job) -> None:
    """Ends when the test says so; fails for "fail"."""
    go.wait(20)
    if job.get_workload() == "fail":
        raise ValueError("no")


@pytest.fixture
def served(gearmand: Gearmand) -> Iterator[Gearmand]:
    go.clear()
    with running(gearmand, handlers(waits=waits)):
        yield gearmand
        go.set()


def synchronously(server: Gearmand, *what: Any, **how: Any) -> bool:
    return Client(server.address, timeout=20).wait_for(*what, **how)


def asynchronously(server: Gearmand, *what: Any, **how: Any) -> bool:
    async def program() -> bool:
        async with aio.Client(server.address, timeout=20) as client:
            return await client.wait_for(*what, **how)

    return asyncio.run(program())


@pytest.mark.parametrize("wait_for", [synchronously, asynchronously])
class TestWaiting:
    @pytest.mark.parametrize("workload", ["succeed", "fail"])
    def test_until_it_has_ended(self, served: Gearmand, wait_for: Callable[..., bool], workload: str) -> None:
        """By handle and by key; a job that failed has ended, too."""
        client = Client(served.address, timeout=20)
        first = client.execute_in_background("waits", workload)
        client.execute_in_background("waits", workload, unique="key")
        threading.Timer(0.1, go.set).start()
        began = time.monotonic()
        assert wait_for(served, first)
        assert time.monotonic() - began > 0.09
        wait_for(served, unique="key", timeout=20)  # it may have ended by now
        assert not wait_for(served, first)

    def test_a_job_that_never_was(self, served: Gearmand, wait_for: Callable[..., bool]) -> None:
        assert not wait_for(served, "H:never:1")
        assert not wait_for(served, unique="never")

    def test_a_timeout(self, served: Gearmand, wait_for: Callable[..., bool]) -> None:
        """The message says what the job does."""
        client = Client(served.address, timeout=20)
        handles = [client.execute_in_background("waits", 1), client.execute_in_background("nobody", 1, unique="k")]
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(JobTimeout, match=f"the job {handles[0]} (is running|waits for a worker) still"):
                wait_for(served, handles[0], 0.4)
            assert 0.4 <= time.monotonic() - began < 5
        with pytest.raises(JobTimeout, match="the job with the key 'k' waits for a worker still"):
            wait_for(served, unique="k", timeout=0.4)

    @pytest.mark.parametrize("marked", [True, False], ids=["marked by the client", "retries of the handler"])
    def test_all_attempts(self, gearmand: Gearmand, wait_for: Callable[..., bool], marked: bool) -> None:
        """Each has another key. The job has ended when the last one has."""
        attempts: list[int] = []
        third, ended = threading.Event(), threading.Event()

        def flaky(job: Job) -> None:
            attempts.append(job.attempt)
            if job.attempt < 3:
                raise OSError("again")
            third.wait(20)
            ended.set()

        jobs = JobCollection()
        jobs.handler("flaky", backoff=0, retries=None if marked else 4)(flaky)
        client = Client(gearmand.address, timeout=20)
        client.execute_in_background("flaky", 1, unique="k", retries=4 if marked else None)
        with running(gearmand, jobs):
            threading.Timer(0.3, third.set).start()
            assert wait_for(gearmand, unique="k", retries=4, timeout=20)
            assert ended.is_set()
            wait_until(lambda: not queued(gearmand, "flaky"), "it is answered")
            assert not wait_for(gearmand, unique="k", retries=4, timeout=20)
        assert attempts == [1, 2, 3]

    def test_an_attempt_with_a_delay(self, gearmand: Gearmand, wait_for: Callable[..., bool]) -> None:
        client = Client(gearmand.address, timeout=20)
        client.execute_in_background("nobody", 1, unique="k", retries=1, delay=60)
        with pytest.raises(JobTimeout):
            wait_for(gearmand, unique="k", retries=1, timeout=0.3)

    def test_no_server(self, gearmand: Gearmand, wait_for: Callable[..., bool]) -> None:
        gearmand.stop()
        with pytest.raises(ConnectionFailed):
            wait_for(gearmand, "H:test:1", 1)


def test_arguments(client: Client) -> None:
    for arguments in ({}, {"handle": "H:test:1", "unique": "key"}):
        with pytest.raises(InvalidArgument, match="either a handle or a unique key"):
            client.wait_for(**arguments)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="each attempt has another handle"):
        client.wait_for("H:test:1", retries=1)
    with pytest.raises(InvalidArgument, match="retries must be from 0 to 98"):
        client.wait_for(unique="k", retries=99)
    with pytest.raises(InvalidArgument, match="a unique key must not be empty"):
        client.wait_for(unique="")
    with pytest.raises(ValueError, match="timeout must be above 0"):
        client.wait_for("H:test:1", 0)


def test_locally() -> None:
    """Nothing works while the caller waits, so that only a job that is done has ended."""
    local = LocalGearman(handlers(note=lambda job: None))
    handle = local.client.execute_in_background("note", 1)
    with pytest.raises(JobTimeout):
        local.client.wait_for(handle, 0.05)
    local.work()
    assert not local.client.wait_for(handle)
