"""aio.Client's calls for many jobs: stream_jobs(), execute_jobs() and execute_jobs_in_background()."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from gearman_cffi import InvalidJob, Job, JobFailed, JobTimeout, Priority, aio
from gearman_cffi.ext import GearmanJob
from gearman_cffi.serializers import RawSerializer
from gearman_cffi.testing import Gearmand
from tests.aio.conftest import Run
from tests.support import queued, serving, wait_until


def echo(job: GearmanJob, _: Any) -> bytes:
    return job.workload()


def fail(job: GearmanJob, _: Any) -> None:
    job.sendFail()


@pytest.fixture
def server(gearmand: Gearmand) -> Iterator[Gearmand]:
    with serving(gearmand, echo=echo, fail=fail):
        yield gearmand


def raw(server: Gearmand) -> aio.Client:
    return aio.Client(server.address, RawSerializer())


class TestStream:
    def test_in_flight_is_a_limit(self, server: Gearmand, run: Run) -> None:
        taken = answered = 0

        def jobs() -> Iterator[Job]:
            nonlocal taken
            for number in range(500):
                taken += 1
                assert taken - answered <= 20
                yield Job("echo", b"%d" % number)

        async def main() -> None:
            nonlocal answered
            async with raw(server) as client:
                seen = set()
                async for job, answer in client.stream_jobs(jobs(), in_flight=20):
                    assert job.get_workload() == answer
                    seen.add(answer)
                    answered += 1
                assert len(seen) == 500

        run(main())

    def test_an_asynchronous_iterable(self, server: Gearmand, run: Run) -> None:
        """Answers come while the next job is awaited."""

        async def main() -> None:
            answered = asyncio.Event()

            async def jobs() -> AsyncIterator[Job]:
                yield Job("echo", b"1")
                await answered.wait()
                for number in range(2, 300):
                    yield Job("echo", b"%d" % number)

            async with raw(server) as client:
                count = 0
                async for job, answer in client.stream_jobs(jobs(), in_flight=50):
                    assert job.get_workload() == answer
                    answered.set()
                    count += 1
                assert count == 299

        run(main())

    def test_failures_are_answers(self, server: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with raw(server) as client:
                jobs = [Job("fail", b""), Job("echo", b"x"), Job("none", b"x"), Job("echo", 5)]
                answers = {job: answer async for job, answer in client.stream_jobs(jobs, timeout=1)}
                assert isinstance(answers[jobs[0]], JobFailed)
                assert answers[jobs[1]] == b"x"
                assert isinstance(answers[jobs[2]], JobTimeout)
                assert isinstance(answers[jobs[3]], Exception)

        run(main())

    def test_stopping_early(self, server: Gearmand, run: Run) -> None:
        """The jobs without an answer are abandoned."""

        async def main() -> None:
            async with raw(server) as client:
                stream = client.stream_jobs(Job("echo" if n < 3 else "none", b"x") for n in range(100))
                async for _ in stream:
                    break
                await stream.aclose()
                assert await client.execute_job("echo", b"y") == b"y"
                assert client._lanes is not None
                assert sum(lane.load for group in client._lanes._lanes.values() for lane in group) == 0

        run(main())

    @pytest.mark.parametrize("is_async", [False, True])
    def test_an_iterable_that_raises(self, server: Gearmand, run: Run, is_async: bool) -> None:
        """The answers of the jobs before it come first."""

        def jobs() -> Iterator[Any]:
            yield Job("echo", b"1")
            raise OSError("no more")

        async def later() -> AsyncIterator[Any]:
            for job in jobs():
                yield job

        async def main() -> None:
            async with raw(server) as client:
                seen = []
                with pytest.raises(OSError, match="no more"):  # noqa: PT012
                    async for _, answer in client.stream_jobs(later() if is_async else jobs()):
                        seen.append(answer)
                assert seen == [b"1"]

        run(main())

    def test_what_is_not_a_job(self, server: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with raw(server) as client:
                seen = []
                jobs: Any = [Job("echo", b"1"), "job", Job("echo", b"2")]
                with pytest.raises(InvalidJob, match=r"jobs\[1\]"):  # noqa: PT012
                    async for _, answer in client.stream_jobs(jobs):
                        seen.append(answer)
                assert seen == [b"1"]

        run(main())


class TestLists:
    def test_answers_in_the_order_of_the_jobs(self, server: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with raw(server) as client:
                jobs = [Job("echo", b"%d" % number, priority=Priority(number % 3)) for number in range(1000)]
                assert await client.execute_jobs(jobs) == [b"%d" % number for number in range(1000)]
                assert await client.execute_jobs([]) == []

        run(main())

    def test_errors(self, server: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with raw(server) as client:
                jobs = [Job("echo", b"1"), Job("fail", b""), Job("echo", b"2")]
                with pytest.raises(JobFailed):
                    await client.execute_jobs(jobs)
                first, failed, last = await client.execute_jobs(jobs, on_error="return")
                assert (first, type(failed), last) == (b"1", JobFailed, b"2")

        run(main())

    def test_a_timeout_bounds_the_whole(self, server: Gearmand, run: Run) -> None:
        async def main() -> None:
            async with raw(server) as client:
                jobs = [Job("none" if number % 2 else "echo", b"x") for number in range(600)]
                answers = await client.execute_jobs(jobs, on_error="return", timeout=0.5)
                assert {type(answer) for answer in answers[1::2]} == {JobTimeout}
                assert answers[0] == b"x"

        run(main())

    def test_background_jobs(self, gearmand: Gearmand, run: Run) -> None:
        async def jobs() -> AsyncIterator[Job]:
            for number in range(700):
                yield Job("f", b"%d" % number)

        async def main() -> None:
            async with raw(gearmand) as client:
                handles = await client.execute_jobs_in_background(jobs())
                assert len(set(handles)) == 700
                assert await client.execute_jobs_in_background([]) == []
                invalid: Any = [Job("f", b""), 3]
                with pytest.raises(InvalidJob) as raised:
                    await client.execute_jobs_in_background(invalid)
                assert raised.value.results is not None
                assert len(raised.value.results) == 1

        run(main())
        assert queued(gearmand, "f") == 701


def test_jobs_that_are_answered_at_once(gearmand: Gearmand, run: Run) -> None:
    """They do not all end in one iteration of the event loop: other tasks run in between."""

    async def main() -> None:
        async with raw(gearmand) as client:
            calls = [asyncio.ensure_future(client.execute_job("echo", b"%d" % number)) for number in range(1000)]
            while queued(gearmand, "echo") < len(calls):
                await asyncio.sleep(0.01)
            with serving(gearmand, echo=echo):
                wait_until(lambda: queued(gearmand, "echo") == 0, "all are answered")  # the loop does not run meanwhile
            ended = [0]
            while ended[-1] < len(calls):
                await asyncio.sleep(0)
                ended.append(sum(call.done() for call in calls))
            assert max(after - before for before, after in itertools.pairwise(ended)) <= 400
            assert [call.result() for call in calls] == [b"%d" % number for number in range(1000)]

    run(main())
