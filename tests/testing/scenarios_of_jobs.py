"""Scenarios of jobs: values, results, failures, what a handler sends, listeners."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from gearman_cffi import (
    EventName,
    Job,
    JobUpdate,
    RawSerializer,
    UpdateKind,
)
from tests.python_layer.workers import handlers
from tests.testing.local_and_real import Environment, shown

Make = Callable[..., Environment]

UNFIT = lambda: None  # noqa: E731 (no serializer supports it)
VALUES = [None, True, 0, 1.5, "", "text", "é", b"\xff\0", "i:5;", [], [1, ["é", None]], {"a": {"b": [1.5]}}, {1, 2}]


class OddError(Exception):
    """An exception of a class of this module."""


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def send_all(job: Job) -> Any:
    job.send_status(1, 4)
    job.send_data("part ")
    job.send_data(b"\xffpart")
    job.send_warning("careful")
    job.send_data("")
    job.send_status(2**32 - 1, 2**32 - 1)
    return job.get_workload()


def part(job: Job) -> None:
    job.send_data("a")


def part_and_unfit(job: Job) -> Any:
    job.send_data("a")
    return UNFIT


def update(given: Any) -> Any:
    return shown(list(dataclasses.asdict(given).values()))


def values(make: Make) -> Environment:
    """The handler's workload and the client's answer, with each serializer on both sides."""
    environment = make(handlers(echo=lambda job: job.get_workload(), kept=lambda job: repr(job.get_workload())))
    environment.serve()
    with environment.client() as client:
        for value in VALUES:
            for function in ("echo", "kept"):
                environment.record_call(client.execute_job, function, value)
    return environment


def unreadable_workloads(make: Make) -> Environment:
    """A client with another serializer: get_workload() raises; a handler that does not call it succeeds."""
    environment = make(handlers(echo=lambda job: job.get_workload(), blind=lambda job: 1))
    environment.serve()
    with environment.client(RawSerializer()) as client:
        for function in ("echo", "blind"):
            for workload in (b"", b"a:9:{i:0;", b'{"a"', b"\x80\x04"):
                environment.record_call(client.execute_job, function, workload)
    return environment


def results(make: Make) -> Environment:
    """Parts without a result, neither, and results that no serializer supports."""
    environment = make(
        handlers(
            parts=part,
            both=send_all,
            nothing=lambda job: None,
            unfit=lambda job: UNFIT,
            parts_and_unfit=part_and_unfit,
        )
    )
    environment.serve()
    with environment.client() as client:
        for function in ("parts", "both", "nothing", "unfit", "parts_and_unfit"):
            environment.record_call(client.execute_job, function, "w")
    return environment


def failures(make: Make) -> Environment:
    """Exceptions of many kinds: class, text, attributes."""

    def fail(job: Job) -> None:
        kinds = [
            ValueError("no good: é"),
            OddError("a", 1),
            OddError(),
            UnprintableError(),
            KeyError("k"),
            LookupError("\udcff\0"),
        ]
        raise kinds[job.get_workload()]

    environment = make(handlers(fail=fail))
    environment.serve()
    with environment.client() as client:
        for number in range(7):
            environment.record_call(client.execute_job, "fail", number)
    return environment


def failures_after_parts(make: Make) -> Environment:
    """A client that watches gets what was sent before the failure."""

    def fail(job: Job) -> None:
        send_all(job)
        raise ValueError("late")

    environment = make(handlers(fail=fail))
    environment.serve()
    with environment.client() as client:
        watch = client.watch_job("fail", 1)
        environment.record([update(given) for given in watch])
        environment.record_call(watch.result)
        environment.record_call(watch.result)
    return environment


def updates(make: Make) -> Environment:
    environment = make(handlers(send_all=send_all))
    environment.serve()
    with environment.client() as client:
        watch = client.watch_job("send_all", "end")
        environment.record([update(given) for given in watch])
        environment.record_call(watch.result)
        environment.record(watch.handle)
        seen: list[Any] = []
        environment.record(client.execute_job("send_all", "end", on_update=lambda given: seen.append(update(given))))
        environment.record(seen)

        def refuse(given: JobUpdate) -> None:
            if given.kind is UpdateKind.STATUS:  # the job has started, and will be finished
                raise OddError("enough")

        environment.record_call(client.execute_job, "send_all", 1, on_update=refuse)
    return environment


def methods_of_a_job(make: Make) -> Environment:
    """A handler reads and sends; after it has returned it cannot send."""
    kept: list[Job] = []

    def look(job: Job) -> None:
        kept.append(job)
        environment.record(job.get_job_name(), job.handle, job.unique, job.priority, repr(job))
        environment.record(job.get_workload(), job.get_workload() is job.get_workload())
        environment.record_call(job.send_status, -1, 1)
        environment.record_call(job.send_status, 2**32, 1)
        environment.record_call(job.send_status, "1", 1)
        environment.record_call(job.send_data, None)
        environment.record_call(job.send_warning, [])
        environment.record_call(job.send_warning, "")

    environment = make(handlers(look=look))
    environment.serve()
    with environment.client() as client:
        client.execute_job("look", [1], unique="mine")
        client.execute_job("look", [1])
        watch = client.watch_job("look", 1, unique="watched")
        environment.record([update(given) for given in watch])
    environment.record_call(kept[0].send_status, 1, 1)
    environment.record_call(kept[0].send_data, "x")
    environment.record_call(kept[0].send_warning, "x")
    environment.record(kept[0].get_workload())
    return environment


def listeners_that_raise(make: Make) -> Environment:
    environment = make(handlers(fine=lambda job: 1, fail=send_and_raise))

    def refuse(event: Any) -> None:
        if event.job.get_workload() == event.name:
            raise OddError(f"refused {event.name}")

    for name in (EventName.FUNCTION_BEFORE_EXECUTE, EventName.FUNCTION_AFTER_EXECUTE, EventName.FUNCTION_FAILURE):
        environment.trace.add_listener(name, refuse)
    environment.serve()
    with environment.client() as client:
        for function in ("fine", "fail"):
            for name in EventName:
                environment.record_call(client.execute_job, function, name.value)
    return environment


def send_and_raise(job: Job) -> None:
    send_all(job)
    raise ValueError("sent")


def a_listener_of_after_run_that_raises(make: Make) -> Environment:
    """Its exception is dispatched as worker.on_failure, and has no other effect."""
    environment = make(handlers(fine=lambda job: 1))
    environment.trace.add_listener(EventName.AFTER_RUN, lambda event: 1 // 0)
    environment.serve()
    with environment.client() as client:
        environment.record([client.execute_job("fine", 1) for _ in range(3)])
    return environment
