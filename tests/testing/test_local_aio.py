"""LocalGearman's aio.Client: what differs from a server, and from its Client."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from gearman_cffi import GearmanError, Job, JobException, JobTimeout, JsonSerializer, UpdateKind, aio
from gearman_cffi.testing import LocalGearman
from tests.aio.conftest import Run, run
from tests.python_layer.workers import handlers

__all__ = ["run"]  # the fixture


def double(job: Job) -> Any:
    return job.get_workload() * 2


def fail(job: Job) -> None:
    job.send_data("part")
    raise ValueError("no good")


def test_it_is_an_aio_client() -> None:
    local = LocalGearman(handlers(double=double))
    assert isinstance(local.aio_client, aio.Client)
    assert local.aio_client is local.aio_client


def test_the_handlers_exception_is_the_cause_of_the_clients(run: Run) -> None:
    async def main() -> None:
        client = LocalGearman(handlers(fail=fail)).aio_client
        for call in (client.execute_job("fail", 1), client.execute_jobs([Job("fail", 1)])):
            with pytest.raises(JobException, match="no good") as caught:
                await call
            assert isinstance(caught.value.__cause__, ValueError)
        with pytest.raises(JobException, match="no good") as caught:
            await client.watch_job("fail", 1).result()
        assert isinstance(caught.value.__cause__, ValueError)
        (answer,) = [answer async for _, answer in client.stream_jobs([Job("fail", 1)])]
        assert isinstance(answer.__cause__, ValueError)

    run(main())


def test_it_runs_in_the_event_loops_thread(run: Run) -> None:
    local = LocalGearman(handlers(where=lambda job: threading.get_ident()))
    assert run(local.aio_client.execute_job("where", 1)) == threading.get_ident()


def test_a_function_that_no_handler_listens_to(run: Run) -> None:
    """Every call fails at once; the message names the handlers that there are."""

    async def main() -> None:
        local = LocalGearman(handlers(double=double))
        client = local.aio_client
        for call in (client.execute_job("nope", 1), client.watch_job("nope", 1).result()):
            with pytest.raises(JobTimeout, match="no handler of the LocalGearman listens to 'nope', only to 'double'"):
                await call
        answers = await client.execute_jobs([Job("nope", 1), Job("double", 2)], on_error="return")
        assert [type(answer) for answer in answers] == [JobTimeout, int]
        assert local.waiting == []

    run(main())


def test_many_tasks_at_once(run: Run) -> None:
    """Each gets its own answer, and its own updates."""

    def count(job: Job) -> Any:
        job.send_status(job.get_workload(), 1000)
        return job.get_workload()

    async def main() -> None:
        client = LocalGearman(handlers(count=count)).aio_client

        async def one(number: int) -> None:
            watch = client.watch_job("count", number)
            updates = [(update.kind, update.numerator) async for update in watch]
            assert updates == [(UpdateKind.CREATED, 0), (UpdateKind.STATUS, number)]
            assert await watch.result() == number

        await asyncio.gather(*(one(number) for number in range(300)))

    run(main())


def test_a_job_that_is_cancelled_is_not_run(run: Run) -> None:
    done: list[int] = []

    async def main() -> None:
        local = LocalGearman(handlers(note=lambda job: done.append(job.get_workload())))
        tasks = [asyncio.ensure_future(local.aio_client.execute_job("note", number)) for number in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert local.waiting == []

    run(main())
    assert done == [0, 2]


def test_a_handler_that_uses_the_client(run: Run) -> None:
    """As in a worker, it uses a Client."""
    local = LocalGearman(
        handlers(double=double, twice=lambda job: local.client.execute_job("double", job.get_workload()) * 2)
    )
    assert run(local.aio_client.execute_job("twice", 1)) == 4


def test_one_event_loop_after_the_other(run: Run) -> None:
    client = LocalGearman(handlers(double=double)).aio_client
    assert [run(client.execute_job("double", number)) for number in range(3)] == [0, 2, 4]


def test_background_jobs_wait_for_work(run: Run) -> None:
    local = LocalGearman(handlers(double=double))
    handle = run(local.aio_client.execute_in_background("double", 4, unique="u"))
    assert [(job.handle, job.unique) for job in local.waiting] == [(handle, "u")]
    assert run(local.aio_client.get_job_status_by_unique("u")).is_known
    assert [done.result for done in local.work()] == [8]
    assert not run(local.aio_client.get_job_status(handle)).is_known


def test_what_ends_a_worker_comes_out_of_the_event_loop() -> None:
    def leave(job: Job) -> None:
        raise SystemExit(3)

    local = LocalGearman(handlers(leave=leave))
    with pytest.raises(SystemExit):
        asyncio.run(local.aio_client.execute_job("leave", 1))


def test_another_serializer(run: Run) -> None:
    async def main() -> None:
        local = LocalGearman(handlers(double=double))
        with pytest.raises(GearmanError):
            await local.new_aio_client(JsonSerializer()).execute_job("double", {1, 2})

    run(main())
