"""The events of a worker: dmank's order, and failures that do not end the worker."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest

from gearman_cffi import Client, EventName, Job, JobException, NoFunctionGiven, Worker
from gearman_cffi.events import (
    ConnectToServerEvent,
    FunctionEvent,
    FunctionFailureEvent,
    RegisterFunctionEvent,
    WorkerEvent,
)
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import Running, Trace, handlers, recorded_events, running
from tests.support import wait_until


class OneJobWorker:
    """A worker with one handler that stops after its first job."""

    def __init__(self, server: Gearmand, handler: Callable[[Job], Any]) -> None:
        self.trace = Trace()
        self._server = server
        self._handler = handler

    def run(self) -> Any:
        """The client's answer; None if the job failed."""
        self.trace.add_listener(EventName.AFTER_RUN, lambda event: event.worker.destroy_worker(), -100)
        thread = Running(Worker(self._server.address, handlers(job=self._handler), self.trace))
        thread.start()
        answer = None
        with suppress(JobException):
            answer = Client(self._server.address, timeout=20).execute_job("job", "x")
        thread.await_end()
        return answer


def raising(text: str) -> Callable[[object], None]:
    def listener(event: object) -> None:
        raise RuntimeError(text)

    return listener


def fail(job: Job) -> None:
    raise RuntimeError("handler broke")


class TestRecordedOrder:
    def test_two_jobs_then_idle(self, gearmand: Gearmand) -> None:
        """Includes the handler's work; idle rounds are left out."""
        order: list[str] = []
        idle = 0

        class Order(Trace):
            def dispatch(self, event_name: str, event: Any = None) -> Any:
                nonlocal idle
                order.append(f"{event_name} {type(event).__name__}")
                result = super().dispatch(event_name, event)
                if event_name == EventName.NO_JOBS:
                    idle += 1
                    if idle == 2:
                        event.worker.destroy_worker()
                return result

        def execute(job: Job) -> str:
            order.append("(execute)")
            return "r"

        with Client(gearmand.address, timeout=10) as client:
            client.execute_in_background("seq", {"k": 1})
            client.execute_in_background("seq", "plain")
        Worker(gearmand.address, handlers(seq=execute), Order(), idle_interval=0.05).run()
        noise = ("worker.on_io_wait", "worker.on_no_jobs", "worker.on_work")
        assert [line for line in order if not line.startswith(noise)] == recorded_events("two jobs")
        assert order[-3:] == [
            "worker.on_no_jobs WorkerEvent",
            "worker.on_before_destroy WorkerEvent",
            "worker.on_work WorkerEvent",
        ]
        assert all(
            following.startswith("worker.on_work")
            for line, following in pairwise(order)
            if line.startswith(("worker.on_io_wait", "worker.on_no_jobs")) and "destroy" not in following
        )

    def test_a_handler_that_returns(self, gearmand: Gearmand) -> None:
        life = OneJobWorker(gearmand, lambda job: "abc")
        assert life.run() == "abc"
        assert life.trace.lines() == recorded_events("a handler that returns")

    def test_a_handler_that_raises(self, gearmand: Gearmand) -> None:
        life = OneJobWorker(gearmand, fail)
        assert life.run() is None
        assert life.trace.lines() == recorded_events("a handler that raises")

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_listener_that_raises_before_or_after_the_handler(self, gearmand: Gearmand, when: str) -> None:
        life = OneJobWorker(gearmand, lambda job: "never seen")
        life.trace.add_listener(f"worker.function.{when}_execute", raising(f"from {when}"))
        assert life.run() is None
        assert life.trace.lines() == recorded_events(f"a listener of {when}_execute that raises")
        failure = next(event for event in life.trace.events if isinstance(event, FunctionFailureEvent))
        assert str(failure.exception) == f"from {when}"

    def test_no_handlers(self, gearmand: Gearmand) -> None:
        trace = Trace()
        worker = Worker(gearmand.address, [], trace)
        with pytest.raises(NoFunctionGiven):
            worker.run()
        assert trace.lines() == recorded_events("no handlers")

    def test_a_job_for_an_idle_worker(self, gearmand: Gearmand) -> None:
        trace = Trace()
        trace.add_listener(EventName.AFTER_RUN, lambda event: event.worker.destroy_worker())
        thread = Running(Worker(gearmand.address, handlers(late=lambda job: "r"), trace, idle_interval=60))
        thread.start()
        wait_until(lambda: EventName.NO_JOBS in trace.names(), "the worker is idle")
        assert Client(gearmand.address, timeout=20).execute_job("late", "x") == "r"
        thread.await_end()
        assert trace.lines() == [line for line in recorded_events("a job comes while idle") if line != "(execute)"]


class TestFailuresThatEndDmanksWorker:
    """dmank's order up to the failure. Its run() returns then; here the worker continues."""

    def test_a_result_that_cannot_be_serialized(self, gearmand: Gearmand) -> None:
        """dmank's run() ends; here the job fails."""
        life = OneJobWorker(gearmand, lambda job: object())
        assert life.run() is None
        assert life.trace.lines()[:7] == recorded_events("a result that cannot be serialized")[:7]
        assert life.trace.lines()[7:] == recorded_events("a handler that raises")[6:]

    def test_a_listener_of_the_failure_that_raises(self, gearmand: Gearmand) -> None:
        life = OneJobWorker(gearmand, fail)
        life.trace.add_listener(EventName.FUNCTION_FAILURE, raising("second"))
        assert life.run() is None
        expected = recorded_events("a listener of function.on_failure that raises")
        assert life.trace.lines()[: len(expected)] == expected
        assert life.trace.lines()[len(expected) :] == recorded_events("a handler that raises")[-2:]

    def test_a_listener_of_after_run_that_raises(self, gearmand: Gearmand) -> None:
        trace = Trace()
        trace.add_listener(EventName.AFTER_RUN, raising("from after_run"))
        with running(gearmand, handlers(job=lambda job: "ok"), trace):
            client = Client(gearmand.address, timeout=20)
            assert [client.execute_job("job", n) for n in range(3)] == ["ok"] * 3
        expected = recorded_events("a listener of after_run that raises")
        assert trace.lines()[: len(expected)] == expected
        assert trace.names().count(EventName.WORKER_FAILURE) == 3

    def test_no_server(self, gearmand: Gearmand) -> None:
        """dmank reports the failure and returns. Here it is reported once, and so is the server's return."""
        gearmand.stop()
        trace = Trace()
        with running(gearmand, handlers(job=lambda job: "ok"), trace):
            wait_until(lambda: EventName.WORKER_FAILURE in trace.names(), "the failure is reported")
            gearmand.start()
            assert Client(gearmand.address, timeout=20).execute_job("job", 1) == "ok"
        names = [line.split()[0] for line in trace.lines()]
        assert [line.split()[0] for line in recorded_events("no server")][:3] == [names[0], names[1], names[5]]
        assert names.count(EventName.WORKER_FAILURE) == 1
        assert names[5:7] == [EventName.WORKER_FAILURE, EventName.CONNECTED_TO_SERVER]


class TestWhatEventsCarry:
    def test_attributes(self, gearmand: Gearmand) -> None:
        trace = Trace()
        jobs = handlers(job=lambda job: {"a": 1}, bad=fail)
        with running(gearmand, jobs, trace) as worker:
            client = Client(gearmand.address, timeout=20)
            client.execute_job("job", "w")
            with pytest.raises(JobException):
                client.execute_job("bad", "w")
        first: dict[str, Any] = {}
        for event in trace.events:
            first.setdefault(str(event.name), event)
        before_run = first["worker.before_run"]
        assert isinstance(before_run, WorkerEvent)
        assert before_run.worker is worker
        connect = first["worker.server_on_connect"]
        assert isinstance(connect, ConnectToServerEvent)
        assert connect.servers is worker.servers
        register = first["worker.on_before_register_functions"]
        assert isinstance(register, RegisterFunctionEvent)
        assert register.jobs is jobs
        before, after = first["worker.function.before_execute"], first["worker.function.after_execute"]
        assert isinstance(before, FunctionEvent)
        assert isinstance(after, FunctionEvent)
        assert before.result == []
        assert after.result == {"a": 1}
        assert after.job_handler is jobs.get_job("job")
        assert after.job.get_job_name() == "job"
        assert after.job.get_workload() == "w"
        failure = first["worker.function.on_failure"]
        assert isinstance(failure, FunctionFailureEvent)
        assert failure.job.handle.startswith("H:test:")
        assert failure.job_handler is jobs.get_job("bad")
        assert repr(failure.exception) == "RuntimeError('handler broke')"

    def test_names_are_dmanks(self) -> None:
        assert EventName.NO_JOBS.value == "worker.on_no_jobs"
        assert EventName.WORKER_FAILURE in {"worker.on_failure"}
        assert str(EventName.FUNCTION_FAILURE) == "worker.function.on_failure"
        assert len(set(EventName) - {EventName.FUNCTION_RETRY, EventName.FUNCTION_GAVE_UP}) == 14
