"""Scenarios of what happens to a job: values, results, failures, what a handler sends, listeners."""

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
from tests.testing.local_and_real import World, shown

Make = Callable[..., World]

UNFIT = lambda: None  # noqa: E731 (no serializer writes it)
VALUES = [None, True, 0, 1.5, "", "text", "é", b"\xff\0", "i:5;", [], [1, ["é", None]], {"a": {"b": [1.5]}}, {1, 2}]


class OddError(Exception):
    """An exception of a class of the test's own."""


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def tell(job: Job) -> Any:
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


def values(make: Make) -> World:
    """What goes to the handler and what comes back, for every serializer on both sides."""
    world = make(handlers(echo=lambda job: job.get_workload(), kept=lambda job: repr(job.get_workload())))
    world.serve()
    with world.client() as client:
        for value in VALUES:
            for function in ("echo", "kept"):
                world.try_to(client.execute_job, function, value)
    return world


def unreadable_workloads(make: Make) -> World:
    """A client with another serializer: the handler meets it, and one that does not look does not."""
    world = make(handlers(echo=lambda job: job.get_workload(), blind=lambda job: 1))
    world.serve()
    with world.client(RawSerializer()) as client:
        for function in ("echo", "blind"):
            for workload in (b"", b"a:9:{i:0;", b'{"a"', b"\x80\x04"):
                world.try_to(client.execute_job, function, workload)
    return world


def results(make: Make) -> World:
    """Parts and no result, neither, and results that no serializer writes."""
    world = make(
        handlers(
            parts=part,
            both=tell,
            nothing=lambda job: None,
            unfit=lambda job: UNFIT,
            parts_and_unfit=part_and_unfit,
        )
    )
    world.serve()
    with world.client() as client:
        for function in ("parts", "both", "nothing", "unfit", "parts_and_unfit"):
            world.try_to(client.execute_job, function, "w")
    return world


def failures(make: Make) -> World:
    """Exceptions of all kinds: class, text, attributes."""

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

    world = make(handlers(fail=fail))
    world.serve()
    with world.client() as client:
        for number in range(7):
            world.try_to(client.execute_job, "fail", number)
    return world


def failures_after_parts(make: Make) -> World:
    """What was sent before is not lost to one who watches."""

    def fail(job: Job) -> None:
        tell(job)
        raise ValueError("late")

    world = make(handlers(fail=fail))
    world.serve()
    with world.client() as client:
        watch = client.watch_job("fail", 1)
        world.see([update(given) for given in watch])
        world.try_to(watch.result)
        world.try_to(watch.result)
    return world


def updates(make: Make) -> World:
    world = make(handlers(tell=tell))
    world.serve()
    with world.client() as client:
        watch = client.watch_job("tell", "end")
        world.see([update(given) for given in watch])
        world.try_to(watch.result)
        world.see(watch.handle)
        seen: list[Any] = []
        world.see(client.execute_job("tell", "end", on_update=lambda given: seen.append(update(given))))
        world.see(seen)

        def refuse(given: JobUpdate) -> None:
            if given.kind is UpdateKind.STATUS:  # the job has begun, and is finished
                raise OddError("enough")

        world.try_to(client.execute_job, "tell", 1, on_update=refuse)
    return world


def methods_of_a_job(make: Make) -> World:
    """What a handler can ask its Job, what it can send, and that it cannot when it has returned."""
    kept: list[Job] = []

    def look(job: Job) -> None:
        kept.append(job)
        world.see(job.get_job_name(), job.handle, job.unique, job.priority, repr(job))
        world.see(job.get_workload(), job.get_workload() is job.get_workload())
        world.try_to(job.send_status, -1, 1)
        world.try_to(job.send_status, 2**32, 1)
        world.try_to(job.send_status, "1", 1)
        world.try_to(job.send_data, None)
        world.try_to(job.send_warning, [])
        world.try_to(job.send_warning, "")

    world = make(handlers(look=look))
    world.serve()
    with world.client() as client:
        client.execute_job("look", [1], unique="mine")
        client.execute_job("look", [1])
        watch = client.watch_job("look", 1, unique="watched")
        world.see([update(given) for given in watch])
    world.try_to(kept[0].send_status, 1, 1)
    world.try_to(kept[0].send_data, "x")
    world.try_to(kept[0].send_warning, "x")
    world.see(kept[0].get_workload())
    return world


def listeners_that_raise(make: Make) -> World:
    world = make(handlers(fine=lambda job: 1, fail=tell_and_raise))

    def refuse(event: Any) -> None:
        if event.job.get_workload() == event.name:
            raise OddError(f"refused {event.name}")

    for name in (EventName.FUNCTION_BEFORE_EXECUTE, EventName.FUNCTION_AFTER_EXECUTE, EventName.FUNCTION_FAILURE):
        world.trace.add_listener(name, refuse)
    world.serve()
    with world.client() as client:
        for function in ("fine", "fail"):
            for name in EventName:
                world.try_to(client.execute_job, function, name.value)
    return world


def tell_and_raise(job: Job) -> None:
    tell(job)
    raise ValueError("told")


def a_listener_of_after_run_that_raises(make: Make) -> World:
    """It is told as worker.on_failure, and nothing else comes of it."""
    world = make(handlers(fine=lambda job: 1))
    world.trace.add_listener(EventName.AFTER_RUN, lambda event: 1 // 0)
    world.serve()
    with world.client() as client:
        world.see([client.execute_job("fine", 1) for _ in range(3)])
    return world
