"""LocalGearman runs handlers that are coroutines."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from gearman_cffi import Client, Job, JobCollection, JobException, JobTimeout, current_job
from gearman_cffi.testing import LocalGearman

jobs = JobCollection()


@jobs.handler("double", concurrency=2)
async def double(job: Job) -> Any:
    await asyncio.sleep(0)
    job.send_status(1, 2)
    assert current_job() is job
    return job.get_workload() * 2


@jobs.handler("plain")
def plain(job: Job) -> Any:
    return job.get_workload()


@jobs.handler("fails")
async def fails(job: Job) -> None:
    raise ValueError(job.get_workload())


@jobs.handler("loop")
async def loop(job: Job) -> int:
    return id(asyncio.get_running_loop())


def test_results_failures_and_updates() -> None:
    before = set(threading.enumerate())
    with LocalGearman(jobs) as local:
        assert local.client.execute_jobs([Job("double", 1), Job("plain", 2), Job("double", "a")]) == [2, 2, "aa"]
        with pytest.raises(JobException, match="ValueError: no") as raised:
            local.client.execute_job("fails", "no")
        assert isinstance(raised.value.__cause__, ValueError)
        assert [len(job.updates) for job in local.done] == [1, 1, 0, 0]
    assert set(threading.enumerate()) <= before


def test_one_event_loop() -> None:
    """As in a worker: what belongs to a loop, such as an aio.Client of the module, can be kept."""
    with LocalGearman(jobs) as local:
        assert len(set(local.client.execute_jobs([Job("loop", number) for number in range(3)]))) == 1


@pytest.mark.parametrize("kind", ["sync", "aio", "threads"])
def test_a_coroutine_that_waits_for_other_jobs(kind: str) -> None:
    """They are coroutines too, in their turn, and run while the first one waits."""
    nested = JobCollection([*jobs])
    with LocalGearman(nested) as local:

        @nested.handler("outer")
        async def outer(job: Job) -> Any:
            if kind == "sync":
                answers = [local.client.execute_job("double", 1), local.client.execute_job("plain", 2)]
            elif kind == "aio":
                client = local.new_aio_client()
                answers = list(await asyncio.gather(client.execute_job("double", 1), client.execute_job("plain", 2)))
            else:
                call = local.client.execute_job
                answers = list(
                    await asyncio.gather(asyncio.to_thread(call, "double", 1), asyncio.to_thread(call, "plain", 2))
                )
            assert current_job() is job
            return answers

        assert local.client.execute_job("outer", None) == [2, 2]


def test_in_a_running_event_loop() -> None:
    """A test that is a coroutine may use both clients."""

    async def test() -> None:
        with LocalGearman(jobs) as local:
            assert local.client.execute_job("double", 1) == 2
            assert await local.aio_client.execute_job("double", 2) == 4
            client = local.aio_client
            assert await asyncio.gather(*(client.execute_job("double", number) for number in range(20))) == [
                2 * number for number in range(20)
            ]

    asyncio.run(test())


def test_a_coroutine_that_ends_the_process() -> None:
    leaving = JobCollection()

    @leaving.handler("leave")
    async def leave(job: Job) -> None:
        raise SystemExit(3)

    with LocalGearman(leaving) as local:
        with pytest.raises(SystemExit):
            local.client.execute_job("leave", 1)
        with pytest.raises(JobTimeout):
            local.client.execute_job("leave", 1)


def test_other_threads_wait_for_their_turn() -> None:
    """Jobs run one at a time, also if the calls come from several threads."""
    running: list[int] = []
    most: list[int] = []
    slow = JobCollection()

    @slow.handler("slow")
    async def f(job: Job) -> Any:
        running.append(1)
        most.append(len(running))
        await asyncio.sleep(0.005)
        running.pop()
        return job.get_workload()

    with LocalGearman(slow) as local:
        answers: list[Any] = []

        def call(client: Client, number: int) -> None:
            answers.append(client.execute_job("slow", number))

        threads = [threading.Thread(target=call, args=(local.new_client(), number)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert sorted(answers) == list(range(8))
    assert max(most) == 1
