"""Scenarios of what a client asks for: many jobs at once, the background, states, keys; and of a worker's end."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from gearman_cffi import Client, EventName, InvalidJob, Job, Priority, RawSerializer
from tests.python_layer.workers import handlers
from tests.testing.local_and_real import World
from tests.testing.scenarios_of_jobs import Make, tell_and_raise


def arguments(make: Make) -> World:
    """What the client refuses."""
    world = make(handlers(echo=lambda job: job.get_workload()))
    world.serve()
    with world.client() as client:
        for function in ("", "a\0b", "x" * 513, "x" * 512, "\udcff"):
            if len(function) != 512:
                world.try_to(client.execute_job, function, 1)
                world.try_to(client.execute_in_background, function, 1)
                world.try_to(client.watch_job, function, 1)
                world.try_to(client.execute_jobs, [Job(function)], on_error="return")
        world.try_to(client.execute_job, "echo", 1, priority=7)
        world.try_to(client.execute_job, "echo", 1, unique="x" * 64)
        world.try_to(client.execute_job, "echo", 1, unique="x" * 63)
        world.try_to(client.execute_job, "echo", object())
        world.try_to(client.get_job_status, "x" * 64)
        world.try_to(client.get_job_status_by_unique, "")
        world.try_to(client.execute_jobs, [], on_error="ignore")
        world.try_to(client.stream_jobs, [], in_flight=0)
    return world


def many_at_once(make: Make) -> World:
    """Answers and failures in the places of their jobs."""
    world = make(handlers(double=lambda job: job.get_workload() * 2, fail=tell_and_raise))
    world.serve()
    jobs = [Job("double", 1), Job("fail", 2), Job("double", object()), Job("double", "x"), Job("", 1)]
    with world.client() as client:
        world.try_to(client.execute_jobs, jobs, on_error="return")
        world.try_to(client.execute_jobs, jobs)
        world.try_to(client.execute_jobs, jobs[:1] * 3)
        world.try_to(client.execute_jobs, [])
    return world


def items_that_are_not_jobs(make: Make) -> World:
    """The call names the first of them; what the jobs before it get is the same."""
    world = make(handlers(double=lambda job: job.get_workload() * 2))
    world.serve()

    def failing() -> Any:
        yield Job("double", 1)
        raise LookupError("no more jobs")

    def seen(call: Any, jobs: Any) -> None:
        try:
            world.see([answer for _, answer in call(jobs)] if call == client.stream_jobs else call(jobs))
        except TypeError as error:
            world.see(type(error), str(error), getattr(error, "index", None), getattr(error, "results", None))
        except LookupError as error:
            world.see("raised", error)

    with world.client() as client:
        for call in (client.execute_jobs, client.execute_jobs_in_background, client.stream_jobs):
            for jobs in (["no job"], [Job("double", 1), Job("", 2), None, Job("double", 3)], [Job(None, 1)], 5):  # type: ignore[arg-type]
                seen(call, jobs)
            seen(call, failing())
        pairs: list[Any] = []
        with pytest.raises(InvalidJob):
            pairs.extend(client.stream_jobs([Job("double", 1), Job("double", 2), "no job"]))  # type: ignore[list-item]
        world.see(sorted(answer for _, answer in pairs))
    return world


def a_stream(make: Make) -> World:
    """Jobs are taken as there is room, and answered in the order of one worker."""
    world = make(handlers(double=lambda job: job.get_workload() * 2, fail=tell_and_raise))
    world.serve()

    def coming() -> Any:
        for number in range(6):
            world.see("taken", number)
            yield Job("fail" if number == 3 else "double", number)

    with world.client() as client:
        for job, answer in client.stream_jobs(coming(), in_flight=1):
            world.see("answered", job.get_workload(), answer)
        world.see(sorted(answer for _, answer in client.stream_jobs([Job("double", n) for n in range(500)])))
    return world


def the_background(make: Make) -> World:
    """Handles, states before and after, and the order by priority."""
    order: list[Any] = []
    world = make(handlers(note=lambda job: order.append(job.get_workload()), fail=tell_and_raise))
    client = world.client()
    handles = [
        client.execute_in_background("note", "low", Priority.LOW),
        client.execute_in_background("note", "high", Priority.HIGH),
        client.execute_in_background("note", "normal", Priority.NORMAL, unique="mine"),
        client.execute_in_background("note", "low too"),
        client.execute_in_background("fail", 1),
    ]
    world.see(handles)
    for handle in [*handles, "H:never:1"]:
        world.see(dataclasses.astuple(client.get_job_status(handle)))
    world.see(dataclasses.astuple(client.get_job_status_by_unique("mine")))
    world.see(dataclasses.astuple(client.get_job_status_by_unique("never")))
    world.work()
    world.see(order)
    for handle in handles:
        world.see(dataclasses.astuple(client.get_job_status(handle)))
    world.see(dataclasses.astuple(client.get_job_status_by_unique("mine")))
    world.end()
    world.see(client.execute_jobs_in_background([Job("note", 1), Job("note", 2), Job("", 3)], on_error="return"))
    return world


def the_status_of_a_running_job(make: Make) -> World:
    asking: list[Client] = []

    def look(job: Job) -> None:
        job.send_status(3, 10)
        world.see(dataclasses.astuple(asking[0].get_job_status_by_unique("mine")))
        world.see(dataclasses.astuple(asking[0].get_job_status(job.handle)))

    world = make(handlers(look=look))
    asking.append(world.client())
    world.serve()
    world.client().execute_job("look", 1, unique="mine")
    return world


def jobs_with_the_same_key(make: Make) -> World:
    """They are one job as long as it is not done, also for a client that comes later and waits."""
    runs: list[Any] = []

    def note(job: Job) -> str:
        runs.append((job.get_workload(), job.unique))
        return "end"

    world = make(handlers(note=note, other=note))
    client = world.client()
    world.see([client.execute_in_background("note", number, unique="same") for number in range(3)])
    world.see([client.execute_in_background("note", number // 2, unique="-") for number in range(3)])
    world.see(client.execute_in_background("other", 1, unique="same"))
    world.work()
    world.see(sorted(runs, key=repr))
    world.end()
    world.see(client.execute_in_background("note", 1, unique="same"))
    return world


def a_job_that_submits(make: Make) -> World:
    """A handler leaves other jobs with the server."""
    order: list[str] = []
    inside: list[Client] = []

    def first(job: Job) -> str:
        order.append("first")
        return inside[0].execute_in_background("second", 1)

    world = make(handlers(first=first, second=lambda job: order.append("second")))
    inside.append(world.client())
    world.see(inside[0].execute_in_background("first", 1))
    world.work()
    world.see(order)
    return world


def a_worker_that_is_stopped(make: Make) -> World:
    """By a listener, after the second job; the third stays where it is."""
    done: list[Any] = []

    def stop(event: Any) -> None:
        if len(done) == 2:
            event.worker.destroy_worker()
            event.worker.stop()

    world = make(handlers(note=lambda job: done.append(job.get_workload())))
    world.trace.add_listener(EventName.AFTER_RUN, stop)
    client = world.client()
    world.serve()
    for number in range(2):
        client.execute_job("note", number)
    world.end()
    handle = client.execute_in_background("note", 2)
    world.see(done, handle, dataclasses.astuple(client.get_job_status(handle)))
    return world


def a_handler_that_stops_its_worker(make: Make) -> World:
    """The job is finished first."""

    class Stopping:
        def __init__(self) -> None:
            self.worker: Any = None

        def keep(self, event: Any) -> None:
            self.worker = event.worker

    stopping = Stopping()
    world = make(handlers(last=lambda job: (stopping.worker.stop(), "finished")[1]))
    world.trace.add_listener(EventName.BEFORE_RUN, stopping.keep)
    world.serve()
    world.see(world.client().execute_job("last", 1))
    return world


def empty_workloads(make: Make) -> World:
    world = make(handlers(echo=lambda job: job.get_workload()), serializer=RawSerializer())
    world.serve()
    with world.client() as client:
        world.see(client.execute_job("echo", b""))
        world.see(client.execute_jobs([Job("echo", b""), Job("echo", b"")]))
        world.see(client.execute_jobs([Job("echo", ""), Job("echo", b"x")]))
    return world
