"""The event loop that runs the coroutines of handlers."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from gearman_cffi import Client, FunctionHandler, Job, JobException
from gearman_cffi._worker import concurrent_work, handler_loop
from gearman_cffi.testing import Gearmand
from tests.python_layer.gates import in_thread
from tests.python_layer.workers import running
from tests.support import wait_until


class TestCancelledCoroutines:
    """A job whose coroutine was cancelled fails, and the worker goes on."""

    def test_before_its_first_step(self, gearmand: Gearmand) -> None:
        """The handler that cancels it has run in the same round of the loop."""
        cancelled = threading.Event()

        def cancel_new_tasks(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
            task = asyncio.Task(coroutine, loop=loop, **options)
            if not cancelled.is_set():
                cancelled.set()
                task.cancel()
            return task

        async def first(job: Job) -> None:
            asyncio.get_running_loop().set_task_factory(cancel_new_tasks)

        async def echo(job: Job) -> Any:
            return job.get_workload()

        with running(gearmand, [FunctionHandler("first", first), FunctionHandler("echo", echo)], concurrency=2):
            client = Client(gearmand.address, timeout=20)
            client.execute_job("first", 1)
            with pytest.raises(JobException, match="the coroutine of the job was cancelled"):
                client.execute_job("echo", 1)
            assert client.execute_jobs([Job("echo", number) for number in range(4)]) == [0, 1, 2, 3]

    def test_by_another_job(self, gearmand: Gearmand) -> None:
        began = threading.Event()

        async def wait(job: Job) -> None:
            began.set()
            await asyncio.sleep(600)

        async def cancel(job: Job) -> None:
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        with running(gearmand, [FunctionHandler("wait", wait), FunctionHandler("cancel", cancel)], concurrency=3):
            client = Client(gearmand.address, timeout=20)
            thread, results = in_thread(lambda: client.execute_job("wait", 1))
            assert began.wait(20)
            client.execute_job("cancel", 1)
            thread.join(20)
        assert isinstance(results[0], JobException)
        assert "the coroutine of the job was cancelled" in str(results[0])


class TestBlockedLoop:
    """A handler that blocks the event loop is named in the log."""

    @pytest.fixture(autouse=True)
    def _shortly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(handler_loop, "MAX_BLOCKED_SECONDS", 0.2)
        monkeypatch.setattr(concurrent_work, "CHECK_SECONDS", 0.2)

    @pytest.mark.parametrize("in_task", [False, True])
    def test_it_is_named(self, gearmand: Gearmand, caplog: pytest.LogCaptureFixture, in_task: bool) -> None:
        opened = threading.Event()

        async def block() -> None:
            opened.wait(20)

        async def blocks(job: Job) -> None:
            await (asyncio.create_task(block()) if in_task else block())

        with running(gearmand, [FunctionHandler("blocks", blocks)], concurrency=3):
            client = Client(gearmand.address, timeout=20)
            thread, results = in_thread(lambda: client.execute_job("blocks", 1))
            wait_until(lambda: "blocks the event loop" in caplog.text, "it is reported")
            opened.set()
            thread.join(20)
        assert results == [None]
        assert caplog.text.count("blocks the event loop") == 1
        assert "H:test:1 (blocks)" in caplog.text
        assert "in wait)" in caplog.text

    def test_other_handlers_are_not(self, gearmand: Gearmand, caplog: pytest.LogCaptureFixture) -> None:
        async def waits(job: Job) -> None:
            await asyncio.sleep(0.7)

        with running(gearmand, [FunctionHandler("waits", waits)], concurrency=3):
            Client(gearmand.address, timeout=20).execute_job("waits", 1)
        assert "blocks the event loop" not in caplog.text
