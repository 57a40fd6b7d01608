"""What jobs send that run at the same time."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from gearman_cffi import (
    Client,
    EventDispatcher,
    EventName,
    FunctionHandler,
    Job,
    JobException,
    JobNotRunning,
    UpdateKind,
)
from gearman_cffi.testing import Gearmand
from tests.python_layer.gates import KINDS, in_thread
from tests.python_layer.workers import running


class TestSending:
    """What a job sends arrives in order, each before its end."""

    @KINDS
    def test_order(self, gearmand: Gearmand, kind: str) -> None:
        def send(job: Job) -> None:
            for number in range(30):
                job.send_status(number, 30)
                job.send_data(f"{job.get_workload()}:{number};")
                job.send_warning(b"w%d" % number)

        async def coroutine(job: Job) -> None:
            send(job)

        jobs = [FunctionHandler("send", send if kind == "plain" else coroutine)]
        with running(gearmand, jobs, concurrency=4):

            def watch(name: str) -> tuple[list[Any], Any]:
                watched = Client(gearmand.address, timeout=20).watch_job("send", name)
                updates = list(watched)
                return updates, watched.result()

            threads = [(name, *in_thread(lambda name=name: watch(name))) for name in "abcd"]  # type: ignore[misc]
            for name, thread, results in threads:
                thread.join(20)
                updates, result = results[0]
                parts = "".join(f"{name}:{number};" for number in range(30)).encode()
                assert b"".join(update.data for update in updates if update.kind is UpdateKind.DATA) == parts, result
                assert [update.numerator for update in updates if update.kind is UpdateKind.STATUS] == list(range(30))
                assert [update.data for update in updates if update.kind is UpdateKind.WARNING] == [
                    b"w%d" % number for number in range(30)
                ]

    @KINDS
    def test_wrong_arguments_and_after_the_end(self, gearmand: Gearmand, kind: str) -> None:
        """They raise in the handler, as with one job at a time."""
        kept: list[Job] = []

        def send(job: Job) -> str:
            kept.append(job)
            with pytest.raises(TypeError):
                job.send_status(1.5, 2)  # type: ignore[arg-type]
            with pytest.raises(TypeError):
                job.send_data(None)  # type: ignore[arg-type]
            return "fine"

        async def coroutine(job: Job) -> str:
            return send(job)

        with running(gearmand, [FunctionHandler("f", send if kind == "plain" else coroutine)], concurrency=2):
            assert Client(gearmand.address, timeout=20).execute_job("f", 1) == "fine"
            with pytest.raises(JobNotRunning):
                kept[0].send_status(1, 2)

    @KINDS
    def test_failures(self, gearmand: Gearmand, kind: str) -> None:
        """An exception fails its own job, and is reported with its traceback."""
        failures: list[Any] = []

        def half(job: Job) -> Any:
            if job.get_workload() % 2:
                raise ValueError(f"odd {job.get_workload()}")
            return job.get_workload() // 2

        async def coroutine(job: Job) -> Any:
            await asyncio.sleep(0)
            return half(job)

        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.FUNCTION_FAILURE, failures.append)
        jobs = [FunctionHandler("half", half if kind == "plain" else coroutine)]
        with running(gearmand, jobs, dispatcher, concurrency=4):
            answers = Client(gearmand.address, timeout=20).execute_jobs(
                [Job("half", number) for number in range(6)], on_error="return"
            )
        assert answers[::2] == [0, 1, 2]
        assert all(isinstance(answer, JobException) for answer in answers[1::2])
        assert sorted(event.exception.args[0] for event in failures) == ["odd 1", "odd 3", "odd 5"]
        assert all(event.exception.__traceback__.tb_next for event in failures)

    def test_a_leftover_thread_while_the_job_ends(self, gearmand: Gearmand) -> None:
        """It is refused as a thread that sends later. Nothing is sent after the result, and no connection is lost."""
        raised: list[Exception] = []
        threads: list[threading.Thread] = []

        def send(job: Job) -> None:
            try:
                while True:
                    job.send_status(1, 2)
            except Exception as error:
                raised.append(error)

        def leave(job: Job) -> None:
            threads.append(threading.Thread(target=send, args=(job,), daemon=True))
            threads[-1].start()

        with running(gearmand, [FunctionHandler("leave", leave)], concurrency=2):
            Client(gearmand.address, timeout=20).execute_jobs([Job("leave", number) for number in range(20)])
            for thread in threads:
                thread.join(20)
        assert [type(error) for error in raised] == [JobNotRunning] * 20
