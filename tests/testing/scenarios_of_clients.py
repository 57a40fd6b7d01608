"""Scenarios of clients: many jobs at once, background jobs, status, unique keys, and the end of a worker."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from gearman_cffi import Client, EventName, InvalidJob, Job, Priority, RawSerializer
from tests.python_layer.workers import handlers
from tests.testing.local_and_real import Environment, shown
from tests.testing.scenarios_of_jobs import Make, send_and_raise


def arguments(make: Make) -> Environment:
    """Arguments that the client refuses."""
    environment = make(handlers(echo=lambda job: job.get_workload()))
    environment.serve()
    with environment.client() as client:
        for function in ("", "a\0b", "x" * 513, "x" * 512, "\udcff"):
            if len(function) != 512:
                environment.record_call(client.execute_job, function, 1)
                environment.record_call(client.execute_in_background, function, 1)
                environment.record_call(client.watch_job, function, 1)
                environment.record_call(client.execute_jobs, [Job(function)], on_error="return")
        environment.record_call(client.execute_job, "echo", 1, priority=7)
        environment.record_call(client.execute_job, "echo", 1, unique="x" * 64)
        environment.record_call(client.execute_job, "echo", 1, unique="x" * 63)
        environment.record_call(client.execute_job, "echo", object())
        environment.record_call(client.get_job_status, "x" * 64)
        environment.record_call(client.get_job_status_by_unique, "")
        environment.record_call(client.execute_jobs, [], on_error="ignore")
        environment.record_call(client.stream_jobs, [], in_flight=0)
    return environment


def many_at_once(make: Make) -> Environment:
    """Answers and errors are in the places of their jobs.

    There is one function: the order of jobs of several depends on when the server gets them.
    """

    def double(job: Job) -> Any:
        return send_and_raise(job) if job.get_workload() == 2 else job.get_workload() * 2

    environment = make(handlers(double=double))
    environment.serve()
    jobs = [Job("double", 1), Job("double", 2), Job("double", object()), Job("double", "x"), Job("", 1)]
    with environment.client() as client:
        environment.record_call(client.execute_jobs, jobs, on_error="return")
        environment.record_call(client.execute_jobs, jobs)
        environment.record_call(client.execute_jobs, jobs[:1] * 3)
        environment.record_call(client.execute_jobs, [])
    return environment


def items_that_are_not_jobs(make: Make) -> Environment:
    """The call names the first of them. The results of the jobs before it are the same."""
    environment = make(handlers(double=lambda job: job.get_workload() * 2))
    environment.serve()

    def failing() -> Any:
        yield Job("double", 1)
        raise LookupError("no more jobs")

    def seen(call: Any, jobs: Any) -> None:
        try:
            environment.record([answer for _, answer in call(jobs)] if call == client.stream_jobs else call(jobs))
        except TypeError as error:
            environment.record(type(error), str(error), getattr(error, "index", None), getattr(error, "results", None))
        except LookupError as error:
            environment.record("raised", error)

    with environment.client() as client:
        for call in (client.execute_jobs, client.execute_jobs_in_background, client.stream_jobs):
            for jobs in (["no job"], [Job("double", 1), Job("", 2), None, Job("double", 3)], [Job(None, 1)], 5):  # type: ignore[arg-type]
                seen(call, jobs)
            seen(call, failing())
        pairs: list[Any] = []
        with pytest.raises(InvalidJob):
            pairs.extend(client.stream_jobs([Job("double", 1), Job("double", 2), "no job"]))  # type: ignore[list-item]
        environment.record(sorted(answer for _, answer in pairs))
    return environment


def a_stream(make: Make) -> Environment:
    """Jobs are taken as there is room, and answered in the order of one worker."""
    environment = make(handlers(double=lambda job: job.get_workload() * 2, fail=send_and_raise))
    environment.serve()

    def coming() -> Any:
        for number in range(6):
            environment.record("taken", number)
            yield Job("fail" if number == 3 else "double", number)

    with environment.client() as client:
        for job, answer in client.stream_jobs(coming(), in_flight=1):
            environment.record("answered", job.get_workload(), answer)
        # An aio.Client has several connections for more jobs at a time, whose order is not defined.
        pairs = client.stream_jobs([Job("double", n) for n in range(500)], in_flight=100)
        environment.record(sorted(answer for _, answer in pairs))
    return environment


def the_background(make: Make) -> Environment:
    """Handles, the status before and after, and the order by priority."""
    order: list[Any] = []
    environment = make(handlers(note=lambda job: order.append(job.get_workload()), fail=send_and_raise))
    client = environment.client()
    handles = [
        client.execute_in_background("note", "low", Priority.LOW),
        client.execute_in_background("note", "high", Priority.HIGH),
        client.execute_in_background("note", "normal", Priority.NORMAL, unique="mine"),
        client.execute_in_background("note", "low too"),
        client.execute_in_background("fail", 1),
    ]
    environment.record(handles)
    for handle in [*handles, "H:never:1"]:
        environment.record(dataclasses.astuple(client.get_job_status(handle)))
    environment.record(dataclasses.astuple(client.get_job_status_by_unique("mine")))
    environment.record(dataclasses.astuple(client.get_job_status_by_unique("never")))
    environment.work()
    environment.record(order)
    for handle in handles:
        environment.record(dataclasses.astuple(client.get_job_status(handle)))
    environment.record(dataclasses.astuple(client.get_job_status_by_unique("mine")))
    environment.end()
    environment.record(
        client.execute_jobs_in_background([Job("note", 1), Job("note", 2), Job("", 3)], on_error="return")
    )
    return environment


def the_status_of_a_running_job(make: Make) -> Environment:
    asking: list[Client] = []

    def look(job: Job) -> None:
        job.send_status(3, 10)
        environment.record(dataclasses.astuple(asking[0].get_job_status_by_unique("mine")))
        environment.record(dataclasses.astuple(asking[0].get_job_status(job.handle)))

    environment = make(handlers(look=look))
    asking.append(environment.client())
    environment.serve()
    environment.client().execute_job("look", 1, unique="mine")
    return environment


def jobs_with_the_same_key(make: Make) -> Environment:
    """They are one job until it is done, also for a client that submits later and waits."""
    runs: list[Any] = []

    def note(job: Job) -> str:
        runs.append((job.get_workload(), job.unique))
        return "end"

    environment = make(handlers(note=note, other=note))
    client = environment.client()
    environment.record([client.execute_in_background("note", number, unique="same") for number in range(3)])
    for made_of_the_workload in ("-", "#"):
        handles = [
            client.execute_in_background("note", number // 2, unique=made_of_the_workload) for number in range(3)
        ]
        environment.record(handles)
    environment.record(client.execute_in_background("other", 1, unique="same"))
    environment.work()
    environment.record(sorted(map(shown, runs), key=repr))
    environment.end()
    environment.record(client.execute_in_background("note", 1, unique="same"))
    return environment


def a_job_that_submits(make: Make) -> Environment:
    """A handler submits background jobs."""
    order: list[str] = []
    inside: list[Client] = []

    def first(job: Job) -> str:
        order.append("first")
        return inside[0].execute_in_background("second", 1)

    environment = make(handlers(first=first, second=lambda job: order.append("second")))
    inside.append(environment.client())
    environment.record(inside[0].execute_in_background("first", 1))
    environment.work()
    environment.record(order)
    return environment


def a_worker_that_is_stopped(make: Make) -> Environment:
    """By a listener, after the second job. The third stays in the queue."""
    done: list[Any] = []

    def stop(event: Any) -> None:
        if len(done) == 2:
            event.worker.destroy_worker()
            event.worker.stop()

    environment = make(handlers(note=lambda job: done.append(job.get_workload())))
    environment.trace.add_listener(EventName.AFTER_RUN, stop)
    client = environment.client()
    environment.serve()
    for number in range(2):
        client.execute_job("note", number)
    environment.end()
    handle = client.execute_in_background("note", 2)
    environment.record(done, handle, dataclasses.astuple(client.get_job_status(handle)))
    return environment


def a_handler_that_stops_its_worker(make: Make) -> Environment:
    """The job is finished first."""

    class Stopping:
        def __init__(self) -> None:
            self.worker: Any = None

        def keep(self, event: Any) -> None:
            self.worker = event.worker

    stopping = Stopping()
    environment = make(handlers(last=lambda job: (stopping.worker.stop(), "finished")[1]))
    environment.trace.add_listener(EventName.BEFORE_RUN, stopping.keep)
    environment.serve()
    environment.record(environment.client().execute_job("last", 1))
    return environment


def empty_workloads(make: Make) -> Environment:
    environment = make(handlers(echo=lambda job: job.get_workload()), serializer=RawSerializer())
    environment.serve()
    with environment.client() as client:
        environment.record(client.execute_job("echo", b""))
        environment.record(client.execute_jobs([Job("echo", b""), Job("echo", b"")]))
        environment.record(client.execute_jobs([Job("echo", ""), Job("echo", b"x")]))
    return environment
