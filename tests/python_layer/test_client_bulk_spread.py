"""Bulk calls with several servers: where jobs go, and what is resubmitted when a server is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gearman_cffi import Client, Job, JobTimeout, Priority, RawSerializer, ServerCollection
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers, running
from tests.support import frozen, queued


@pytest.fixture
def servers() -> Iterator[list[Gearmand]]:
    with Gearmand() as one, Gearmand() as two, Gearmand() as three:
        yield [one, two, three]


def client_of(servers: list[Gearmand], timeout: float = 30) -> Client:
    return Client(",".join(server.address for server in servers), serializer=RawSerializer(), timeout=timeout)


def double(job: Job) -> Any:
    return job.get_workload() * 2


def counts(servers: list[Gearmand], function: str) -> list[int]:
    return [queued(server, function) if server.running else 0 for server in servers]


def stopping(server: Gearmand, jobs: list[Job], after: int) -> Iterator[Job]:
    """The jobs. The server is killed when that many of them were taken."""
    for number, job in enumerate(jobs):
        if number == after:
            server.kill()
        yield job


class TestInBackground:
    def test_jobs_are_spread(self, servers: list[Gearmand]) -> None:
        """Every server gets some, and each handle belongs to its job."""
        handles = client_of(servers).execute_jobs_in_background(Job("f", b"x") for _ in range(4000))
        there = counts(servers, "f")
        assert sum(there) == 4000 == len(handles)
        assert min(there) >= 100
        for server, count in zip(servers, there, strict=True):
            status = Client(server.address)
            mine = [handle for handle in handles[::400] if status.get_job_status(handle).is_known]
            assert len(mine) > 0 or count == 0

    def test_unique_keys_stay_together(self, servers: list[Gearmand]) -> None:
        """A single submission and a bulk call find each other's keys."""
        client = client_of(servers)
        for number in range(50):
            client.execute_in_background("f", b"x", unique=f"key {number}")
        client.execute_jobs_in_background(Job("f", b"x", f"key {number}") for number in range(1200))
        assert sorted(counts(servers, "f")) == [0, 0, 1200]

    def test_a_server_that_goes_away(self, servers: list[Gearmand]) -> None:
        """No job fails. The jobs without an answer are submitted to the other servers."""
        jobs = [Job("f", b"%d" % number) for number in range(6000)]
        handles = client_of(servers).execute_jobs_in_background(stopping(servers[2], jobs, 3000))
        assert len(handles) == 6000
        assert all(handle.startswith("H:") for handle in handles)
        left = counts(servers, "f")
        assert left[2] == 0
        assert sum(left) >= 3000

    def test_no_jobs(self) -> None:
        """No server is needed."""
        assert Client(ServerCollection()).execute_jobs_in_background([]) == []

    def test_all_go_away(self, servers: list[Gearmand]) -> None:
        client = client_of(servers)
        for server in servers:
            server.stop()
        results = client.execute_jobs_in_background([Job("f", b"x")] * 700, on_error="return")
        assert {type(result).__name__ for result in results} == {"ConnectionFailed"}
        assert len(results) == 700

    def test_the_order_of_the_jobs_is_kept(self, gearmand: Gearmand) -> None:
        """With one server and more than one window."""
        done: list[bytes] = []

        def keep(job: Job) -> bytes:
            done.append(job.get_workload())
            return b""

        client = client_of([gearmand])
        client.execute_jobs_in_background(Job("keep", b"%d" % number) for number in range(1300))
        with running(gearmand, handlers(keep=keep), serializer=RawSerializer()):
            client.execute_job("keep", b"last", Priority.LOW)
        assert done == [b"%d" % number for number in range(1300)] + [b"last"]

    @pytest.mark.parametrize("count", [1, 3])
    def test_a_timeout(self, servers: list[Gearmand], count: int) -> None:
        """Jobs without an answer in time fail; the remaining ones are not submitted."""
        client = client_of(servers[:count], timeout=20)
        client.execute_in_background("f", b"connects")
        taken: list[int] = []

        def jobs() -> Iterator[Job]:
            for number in range(5000):
                taken.append(number)
                yield Job("f", b"x")

        with frozen(servers[0]), frozen(servers[1]), frozen(servers[2]):
            results = client.execute_jobs_in_background(jobs(), on_error="return", timeout=0.3)
        assert len(results) == len(taken) == 5000
        assert {type(result) for result in results} == {JobTimeout}
        assert sum(counts(servers, "f")) < 5000
        assert len(client.execute_jobs_in_background([Job("f", b"x")] * 10)) == 10


class TestAnswers:
    def test_a_server_that_goes_away(self, servers: list[Gearmand]) -> None:
        """Its jobs are executed by workers of the other servers."""
        jobs = [Job("double", b"%d" % number) for number in range(900)]
        both = handlers(double=double)
        with (
            running(servers[0], both, serializer=RawSerializer()),
            running(servers[1], both, serializer=RawSerializer()),
        ):
            answers = dict(client_of(servers).stream_jobs(stopping(servers[2], jobs, 300)))
        assert [answers[job] for job in jobs] == [b"%d" % number * 2 for number in range(900)]

    def test_jobs_are_spread(self, servers: list[Gearmand]) -> None:
        """All servers get jobs of a batch."""
        where: set[int] = set()

        def doubling(number: int) -> Any:
            def at(job: Job) -> Any:
                where.add(number)
                return double(job)

            return handlers(double=at)

        collections = [doubling(number) for number in range(3)]
        raw = RawSerializer()
        with (
            running(servers[0], collections[0], serializer=raw),
            running(servers[1], collections[1], serializer=raw),
            running(servers[2], collections[2], serializer=raw),
        ):
            answers = client_of(servers).execute_jobs([Job("double", b"%d" % number) for number in range(300)])
        assert answers == [b"%d" % number * 2 for number in range(300)]
        assert where == {0, 1, 2}

    @pytest.mark.parametrize("count", [1, 3])
    def test_servers_that_do_not_answer(self, servers: list[Gearmand], count: int) -> None:
        """The servers accept the connection and do nothing else. The timeout ends the call."""
        client = client_of(servers[:count])
        client.execute_in_background("f", b"connects")
        with frozen(servers[0]), frozen(servers[1]), frozen(servers[2]):
            results = client.execute_jobs([Job("double", b"x")] * 30, on_error="return", timeout=0.3)
            assert {type(result) for result in results} == {JobTimeout}
            streamed = list(client.stream_jobs([Job("double", b"x")] * 3, timeout=0.2))
            assert [type(result) for _, result in streamed] == [JobTimeout] * 3
