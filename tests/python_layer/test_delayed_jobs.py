"""Delayed jobs: what clients submit, and what gearmand does with it."""

from __future__ import annotations

import asyncio
import math
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from gearman_cffi import (
    Client,
    ConnectionFailed,
    InvalidArgument,
    InvalidJob,
    Job,
    JobCollection,
    JobTimeout,
    Priority,
    QueueFull,
    RawSerializer,
    aio,
)
from gearman_cffi.testing import Gearmand, LocalGearman
from tests.python_layer.workers import handlers, running
from tests.support import frozen, queued, wait_until

LATER = 1000.0  # seconds; no test waits for it
UTC = timezone.utc


def in_(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


class TestRefused:
    @pytest.mark.parametrize(
        ("options", "error", "reason"),
        [
            ({"delay": -1}, InvalidArgument, "delay must be at least 0 seconds, not -1"),
            ({"delay": timedelta(seconds=-1)}, InvalidArgument, "delay must be at least 0 seconds"),
            ({"delay": float("nan")}, InvalidArgument, "at least 0 seconds, not nan"),
            ({"delay": float("inf")}, InvalidArgument, "January 2038 at most, not by inf"),
            ({"delay": "30"}, TypeError, "delay must be seconds or a timedelta, not str"),
            ({"delay": True}, TypeError, "not bool"),
            ({"at": datetime(2030, 1, 1)}, InvalidArgument, "at must have a time zone"),
            ({"at": 1234567890}, TypeError, "at must be a datetime, not int"),
            ({"at": datetime(2040, 1, 1, tzinfo=UTC)}, InvalidArgument, "January 2038 at most"),
            ({"at": datetime(2030, 1, 1, tzinfo=UTC), "delay": 1}, InvalidArgument, "either delay or at, not both"),
            ({"delay": 1, "priority": Priority.HIGH}, InvalidArgument, r"must have Priority\.NORMAL"),
            ({"delay": 1, "priority": Priority.LOW}, InvalidArgument, r"must have Priority\.NORMAL"),
        ],
    )
    def test_values(self, client: Client, options: Any, error: type[Exception], reason: str) -> None:
        """Nothing is sent, by any client."""
        with pytest.raises(error, match=reason):
            client.execute_in_background("refused", 1, **options)
        with pytest.raises(error, match=reason):
            client.execute_jobs_in_background([Job("refused", 1, **options)])
        with pytest.raises(error, match=reason):
            asyncio.run(aio.Client(client._servers).execute_in_background("refused", 1, **options))
        with pytest.raises(error, match=reason):
            LocalGearman().client.execute_in_background("refused", 1, **options)

    def test_in_the_foreground(self, client: Client) -> None:
        job = Job("refused", 1, delay=1)
        with pytest.raises(InvalidArgument, match="submit it in the background"):
            client.execute_jobs([job])
        ((_, error),) = client.stream_jobs([job])
        assert isinstance(error, InvalidArgument)

    def test_one_of_many(self, client: Client) -> None:
        """A value that cannot be sent fails its job alone; a wrong type ends the call."""
        jobs = [Job("one", 1, delay=LATER), Job("one", 2, delay=-1), Job("one", 3)]
        first, second, third = client.execute_jobs_in_background(jobs, on_error="return")
        assert isinstance(first, str)
        assert isinstance(second, InvalidArgument)
        assert isinstance(third, str)
        with pytest.raises(InvalidJob, match=r"jobs\[0\]: delay must be seconds"):
            client.execute_jobs_in_background([Job("one", 1, delay="soon")])  # type: ignore[arg-type]


class TestTheServer:
    def test_it_keeps_them_until_their_time(self, gearmand: Gearmand) -> None:
        """Single, bulk and asynchronous submissions; a time that is past is at once. The status says known."""
        done: list[Any] = []
        client = Client(gearmand.address, timeout=20)

        async def submit() -> list[str]:
            async with aio.Client(gearmand.address, timeout=20) as async_client:
                jobs = [Job("note", "aio bulk", delay=LATER), Job("note", "aio at once", at=in_(-9))]
                handles: list[str] = await async_client.execute_jobs_in_background(jobs)
                return [await async_client.execute_in_background("note", "aio", delay=timedelta(hours=1)), handles[0]]

        waiting = [
            client.execute_in_background("note", "later", delay=LATER),
            client.execute_in_background("note", "at", at=in_(LATER)),
            client.execute_jobs_in_background([Job("note", "bulk", delay=LATER), Job("note", "plain")])[0],
            *asyncio.run(submit()),
        ]
        client.execute_in_background("note", "at once", at=datetime(1969, 1, 1, tzinfo=UTC))
        client.execute_in_background("note", "no delay", delay=0)
        assert queued(gearmand, "note") == 9
        with running(gearmand, handlers(note=lambda job: done.append(job.get_workload())), idle_interval=0.1):
            wait_until(lambda: len(done) == 4, "those that are due are done")
        assert sorted(done) == ["aio at once", "at once", "no delay", "plain"]
        statuses = [client.get_job_status(handle) for handle in waiting]
        assert [(status.is_known, status.is_running) for status in statuses] == [(True, False)] * 5

    def test_time_and_restart(self, tmp_path: Path) -> None:
        """With a persistent queue they survive, and none is run before its time. Waits for whole seconds."""
        done: list[tuple[Any, float]] = []
        options = ["--queue-type=libsqlite3", f"--libsqlite3-db={tmp_path / 'queue.db'}"]
        jobs = handlers(note=lambda job: done.append((job.get_workload(), time.time())))
        with Gearmand(options) as server:
            client = Client(server.address, timeout=20)
            at = math.floor(time.time()) + 2.0
            client.execute_in_background("note", "second", at=datetime.fromtimestamp(at, UTC))
            client.execute_in_background("note", "first", delay=0.1)
            server.kill()
            server.start()
            with running(server, jobs, idle_interval=0.05):
                wait_until(lambda: len(done) == 2, "both are done")
        times = dict(done)
        assert times["second"] >= at
        assert "first" in times

    def test_a_key(self, gearmand: Gearmand) -> None:
        """Submissions of one key are one job, which runs when the first of them says."""
        client = Client(gearmand.address, timeout=20)
        handle = client.execute_in_background("note", 1, unique="k", delay=LATER)
        assert client.execute_in_background("note", 2, unique="k") == handle
        assert client.execute_in_background("note", 3, unique="k", delay=1) == handle
        assert client.get_job_status_by_unique("k").is_known

    def test_workloads(self, gearmand: Gearmand) -> None:
        """They arrive whole, from all three clients: also empty ones, and larger than the buffers of sockets."""
        sent = [b"", b"\0", bytes(range(256)) * 400, bytes(range(256)) * 12_000]
        done: list[bytes] = []
        client = Client(gearmand.address, RawSerializer(), timeout=20)

        async def submit() -> None:
            async with aio.Client(gearmand.address, RawSerializer(), timeout=20) as async_client:
                for data in sent:
                    await async_client.execute_in_background("note", data, delay=0.01)

        for data in sent:
            client.execute_in_background("note", data, delay=0.01)
        asyncio.run(submit())
        client.execute_jobs_in_background(
            Job("note", data, delay=delay) for data in sent for delay in (0.01, None, 0.01)
        )
        jobs = handlers(note=lambda job: done.append(job.get_workload()))
        with running(gearmand, jobs, serializer=RawSerializer(), idle_interval=0.1):
            wait_until(lambda: len(done) == 20, "all are done")
        assert sorted(done) == sorted(sent * 5)

    def test_many(self, gearmand: Gearmand) -> None:
        """Among others, in several windows: each handle is that of its job."""
        client = Client(gearmand.address, timeout=20)
        jobs = [Job("note", n, unique=f"k{n}", delay=LATER if n % 3 else None) for n in range(2000)]
        handles = client.execute_jobs_in_background(jobs)
        assert len(set(handles)) == 2000
        known = {line.split("\t")[0] for line in gearmand.ask("show jobs").splitlines()}
        assert known >= set(handles)
        again = client.execute_jobs_in_background([Job("note", n, unique=f"k{n}") for n in range(2000)])
        assert again == handles


class TestFailures:
    def test_a_server_that_was_restarted(self, gearmand: Gearmand) -> None:
        """The connection of the call before is lost: the call opens another one."""
        client = Client(gearmand.address, timeout=20)
        for _ in range(3):
            client.execute_in_background("note", 1, delay=LATER)
            gearmand.restart()
            assert client.execute_in_background("note", 2, delay=LATER) == "H:test:1"

    def test_aio_and_a_restart(self, gearmand: Gearmand) -> None:
        async def program() -> list[str]:
            async with aio.Client(gearmand.address, timeout=20) as client:
                handles = []
                for _ in range(3):
                    handles.append(await client.execute_in_background("note", 1, delay=LATER))
                    gearmand.restart()  # the event loop sees the end of the connection after the next call has begun
                return handles

        assert asyncio.run(program()) == ["H:test:1"] * 3

    def test_no_server(self, gearmand: Gearmand) -> None:
        gearmand.stop()
        with pytest.raises(ConnectionFailed):
            Client(gearmand.address, timeout=20).execute_in_background("note", 1, delay=1)
        with pytest.raises(ConnectionFailed):
            Client(gearmand.address, timeout=20).execute_jobs_in_background([Job("note", 1, delay=1)] * 3)
        with pytest.raises(ConnectionFailed):
            asyncio.run(aio.Client(gearmand.address, timeout=20).execute_in_background("note", 1, delay=1))

    def test_the_next_server(self, gearmand: Gearmand, shared_gearmand: Gearmand) -> None:
        """If the preferred server is down, another one gets the jobs."""
        gearmand.stop()
        client = Client(f"{shared_gearmand.address},{gearmand.address}", timeout=20)
        assert client.execute_in_background("next", 1, delay=LATER)
        assert len(client.execute_jobs_in_background([Job("next", 1, delay=LATER)] * 600)) == 600

    def test_a_silent_server(self, gearmand: Gearmand) -> None:
        """The call times out. When the server is back, each later job gets its own handle."""
        client = Client(gearmand.address, timeout=20)
        client.execute_in_background("note", 0)
        with frozen(gearmand):
            for _ in range(3):
                with pytest.raises(JobTimeout):
                    client.execute_in_background("note", 1, delay=LATER, timeout=0.05)
            began = time.monotonic()
            with pytest.raises(JobTimeout):
                client.execute_jobs_in_background([Job("note", 1, delay=LATER)] * 5, timeout=0.05)
            assert time.monotonic() - began < 4  # less than the time for opening a connection
        handles = [client.execute_in_background("note", n, unique=f"{n}", delay=LATER) for n in range(5)]
        assert [client.execute_in_background("note", n, unique=f"{n}") for n in range(5)] == handles
        assert len(set(handles)) == 5

    def test_cancelled(self, gearmand: Gearmand) -> None:
        """Tasks of asyncio that are cancelled leave nothing behind; the others get their handles."""

        async def program() -> list[str]:
            async with aio.Client(gearmand.address, timeout=20) as client:
                await client.execute_in_background("note", 0)
                tasks = [
                    asyncio.ensure_future(client.execute_in_background("note", n, unique=f"{n}", delay=LATER))
                    for n in range(40)
                ]
                await asyncio.sleep(0)
                for task in tasks[::2]:
                    task.cancel()
                handles = [await task for task in tasks[1::2]]
                again = [await client.execute_in_background("note", n, unique=f"{n}") for n in range(1, 40, 2)]
                assert again == handles
                return handles

        assert len(set(asyncio.run(program()))) == 20

    def test_a_full_queue(self, gearmand: Gearmand) -> None:
        """The server refuses the job."""
        client = Client(gearmand.address, timeout=20)
        client.execute_in_background("note", 1)
        assert gearmand.ask("maxqueue note 2").startswith("OK")
        client.execute_in_background("note", 1, delay=LATER)
        with pytest.raises(QueueFull):
            client.execute_in_background("note", 1, delay=LATER)
        errors = client.execute_jobs_in_background([Job("note", n, delay=LATER) for n in range(3)], on_error="return")
        assert [type(error) for error in errors] == [QueueFull] * 3

        async def program() -> Any:
            async with aio.Client(gearmand.address, timeout=20) as async_client:
                one = async_client.execute_in_background("note", 1, delay=LATER)
                other = async_client.execute_in_background("other", 1, delay=LATER)
                return await asyncio.gather(one, other, return_exceptions=True)

        refused, accepted = asyncio.run(program())
        assert isinstance(refused, QueueFull)
        assert accepted.startswith("H:test:")


class TestLocally:
    def test_the_clock(self) -> None:
        """advance() moves it and runs what is due then."""
        done: list[Any] = []
        local = LocalGearman(handlers(note=lambda job: done.append(job.get_workload())))
        local.client.execute_in_background("note", "hour", delay=timedelta(hours=1))
        local.client.execute_jobs_in_background([Job("note", "day", at=in_(86400)), Job("note", "now")])
        assert len(local.work()) == 1
        assert done == ["now"]
        (hour, day) = local.waiting
        assert hour.not_before is not None
        assert day.not_before is not None
        assert timedelta(hours=22.9) < day.not_before - hour.not_before < timedelta(hours=23.1)
        assert (local.advance(3500), done) == ([], ["now"])
        assert len(local.advance(timedelta(seconds=102))) == 1
        assert done == ["now", "hour"]
        local.client.execute_in_background("note", "soon", delay=10)
        local.advance(9)
        assert done == ["now", "hour"]
        local.advance(2)
        assert done == ["now", "hour", "soon"]
        local.advance(86400)
        assert done == ["now", "hour", "soon", "day"]

    def test_backwards(self) -> None:
        with pytest.raises(ValueError, match="the clock cannot go back by -1"):
            LocalGearman().advance(-1)

    def test_a_task(self) -> None:
        jobs = JobCollection()
        seen: list[str] = []

        @jobs.task()
        def mail(to: str) -> None:
            seen.append(to)

        local = LocalGearman(jobs)
        later = mail.with_options(delay=60)
        later.submit_background(local.client, "anna")
        local.client.execute_jobs_in_background([later.job("bert")])
        with pytest.raises(InvalidArgument, match="use submit_background"):
            later.submit(local.client, "carl")
        assert local.work() == []
        local.advance(61)
        assert seen == ["anna", "bert"]
