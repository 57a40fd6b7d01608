"""Events, contextvars and limits of workers that run several jobs at once."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
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
    Worker,
    current_job,
)
from gearman_cffi.subscribers import MaxRuntime, MemoryLimit
from gearman_cffi.testing import Gearmand
from tests.python_layer.gates import KINDS, Gate, submit
from tests.python_layer.workers import Running, Trace, running
from tests.support import wait_until


class TestEventsAndContext:
    """Listeners are called in the thread of run(), and the job's events share its contextvars."""

    @KINDS
    def test_order_and_thread(self, gearmand: Gearmand, kind: str) -> None:
        gate, trace, threads = Gate(), Trace(), set()
        for name in EventName:
            trace.add_listener(name, lambda event: threads.add(threading.get_ident()))
        worker = Worker(gearmand.address, [gate.handler(kind)], trace, concurrency=3, idle_interval=1)
        thread = Running(worker)
        thread.start()
        submitted, results = submit(gearmand, "gate", 3)
        wait_until(lambda: gate.waiting == 3, "three jobs run")
        gate.opened.set()
        submitted.join(20)
        worker.stop()
        thread.await_end()
        assert results == [[0, 1, 2]]
        assert threads == {thread.ident}
        before, after, end = "worker.function.before_execute", "worker.function.after_execute", "worker.after_run"
        names = [name for name in trace.names() if name in (before, after, end)]
        assert names == [before] * 3 + [after, end] * 3
        # What dmank dispatches outside jobs is the same, and waits are dispatched only without a job.
        around = [line.split()[0] for line in trace.lines() if line.split()[0] not in (before, after, end)]
        assert around == [
            "worker.before_run",
            "worker.server_on_connect",
            "worker.server_on_connected",
            "worker.on_before_register_functions",
            "worker.on_after_register_functions",
            "worker.on_before_destroy",
        ]
        first, last = trace.names().index(before), len(trace.names()) - trace.names()[::-1].index(end)
        assert not {"worker.on_no_jobs", "worker.on_work"} & set(trace.names()[first : last - 1]) - {"worker.on_work"}

    @KINDS
    def test_contextvars(self, gearmand: Gearmand, kind: str) -> None:
        """The handler sees what a listener of before_execute has set, and its own job."""
        trace_id: ContextVar[str] = ContextVar("trace_id", default="none")
        ended: dict[str, str] = {}
        gate = threading.Barrier(3)

        def check(job: Job) -> str:
            assert current_job() is job
            return f"{trace_id.get()} {job.get_workload()}"

        def plain(job: Job) -> str:
            gate.wait(20)
            return check(job)

        async def coroutine(job: Job) -> str:
            await asyncio.to_thread(gate.wait, 20)
            assert await asyncio.create_task(asyncio.to_thread(check, job)) == check(job)
            return check(job)

        def start(event: Any) -> None:
            trace_id.set(event.job.handle)

        def end(event: Any) -> None:
            ended[event.job.handle] = trace_id.get()
            assert current_job() is event.job

        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.FUNCTION_BEFORE_EXECUTE, start)
        dispatcher.add_listener(EventName.FUNCTION_AFTER_EXECUTE, end)
        jobs = [FunctionHandler("f", plain if kind == "plain" else coroutine)]
        with running(gearmand, jobs, dispatcher, concurrency=3):
            answers = Client(gearmand.address, timeout=20).execute_jobs([Job("f", number) for number in range(3)])
        assert sorted(answer.split()[1] for answer in answers) == ["0", "1", "2"]
        assert {answer.split()[0] for answer in answers} == set(ended)
        assert all(handle == seen for handle, seen in ended.items())
        with pytest.raises(JobNotRunning, match="no worker executes a job here"):
            current_job()
        assert trace_id.get() == "none"

    def test_current_job_of_a_worker_with_one_job_at_a_time(self, gearmand: Gearmand) -> None:
        def f(job: Job) -> bool:
            return current_job() is job

        with running(gearmand, [FunctionHandler("f", f)]):
            assert Client(gearmand.address, timeout=20).execute_job("f", 1) is True

    def test_a_listener_that_raises_fails_its_job(self, gearmand: Gearmand) -> None:
        dispatcher = EventDispatcher()
        gate = Gate()
        gate.opened.set()

        def refuse(event: Any) -> None:
            if event.job.get_workload() == 1:
                raise ValueError("not this one")

        dispatcher.add_listener(EventName.FUNCTION_BEFORE_EXECUTE, refuse)
        with running(gearmand, [gate.handler("plain")], dispatcher, concurrency=2):
            client = Client(gearmand.address, timeout=20)
            with pytest.raises(JobException, match="not this one"):
                client.execute_job("gate", 1)
            assert client.execute_job("gate", 2) == 2
        assert gate.began == [2]

    def test_limits_of_subscribers(self, gearmand: Gearmand) -> None:
        """MaxRuntime and MemoryLimit stop the worker; what runs is finished."""
        for subscriber in (MaxRuntime(0.001), MemoryLimit(1)):
            gate, dispatcher = Gate(), EventDispatcher()
            if isinstance(subscriber, MemoryLimit):
                subscriber._applies = True
                dispatcher.add_listener(EventName.AFTER_RUN, subscriber.on_after_run)
            else:
                dispatcher.add_listener(EventName.AFTER_RUN, subscriber.on_after_run)
            quick = FunctionHandler("quick", lambda job: "ok")
            worker = Worker(gearmand.address, [gate.handler("plain"), quick], dispatcher, concurrency=3)
            thread = Running(worker)
            thread.start()
            submitted, results = submit(gearmand, "gate", 2)
            wait_until(lambda gate=gate: gate.waiting == 2, "two jobs run")  # type: ignore[misc]
            assert Client(gearmand.address, timeout=20).execute_job("quick", 1) == "ok"
            gate.opened.set()
            submitted.join(20)
            thread.await_end()
            assert results == [[0, 1]]
