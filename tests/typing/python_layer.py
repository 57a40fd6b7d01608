"""A program on the Python layer, with the types that type checkers must infer. test_programs.py runs it."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from typing_extensions import assert_type

from gearman_cffi import (
    Admin,
    Client,
    EventDispatcher,
    EventName,
    GearmanError,
    Job,
    JobCollection,
    JobException,
    JobHandlerInterface,
    JobStatus,
    JobUpdate,
    JsonSerializer,
    Priority,
    RetryPolicy,
    Serializer,
    Server,
    ServerCollection,
    Task,
    Worker,
    aio,
    current_job,
)
from gearman_cffi.admin import FunctionStatus
from gearman_cffi.events import FunctionEvent
from gearman_cffi.ext import ReturnCode
from gearman_cffi.subscribers import LoggingSubscriber, MaxRuntime
from gearman_cffi.testing import Gearmand


class UpperCase:
    """The program's own serializer: any object with these two methods."""

    def serialize(self, value: Any) -> bytes:
        return str(value).upper().encode()

    def unserialize(self, data: bytes) -> str:
        return data.decode()


@dataclass
class Counter:
    """The program's own subscriber."""

    done: int = 0

    def get_subscribed_events(self) -> Mapping[str, str]:
        return {EventName.FUNCTION_AFTER_EXECUTE: "count"}

    def count(self, event: FunctionEvent) -> None:
        assert_type(event.job, Job)
        self.done += 1


jobs = JobCollection()


@jobs.handler("add", time_limit=timedelta(seconds=30), retry_on=(OSError, LookupError), backoff=lambda attempt: 0.5)
def add(job: Job) -> int:
    """The decorator returns the function itself."""
    numbers: list[int] = job.get_workload()
    assert_type(job.attempt, int)
    assert_type(job.last_attempt, int | None)
    job.send_status(1, 1)
    return sum(numbers)


@jobs.task("scale")
def scale(number: float, by: int = 2) -> float:
    """The decorator returns a Task, which has the types of the function."""
    return number * by


assert_type(scale(1.5, by=3), float)


@jobs.task("awaited")
async def awaited(number: int) -> str:
    """Of an `async def` it returns a CoroutineTask."""
    return str(number)


class Divide(JobHandlerInterface):
    """A handler that is an object."""

    retry_policy = RetryPolicy(retries=2, retry_on=OSError, backoff=timedelta(seconds=1))

    def listens_to_job(self) -> str:
        return "divide"

    def execute(self, job: Job) -> float:
        above, below = job.get_workload()
        return float(above) / float(below)


def worker(server: Gearmand, counter: Counter) -> Worker:
    """A worker with listeners, ready to run()."""
    dispatcher = EventDispatcher()
    dispatcher.add_subscriber(counter)
    dispatcher.add_subscriber(LoggingSubscriber())
    dispatcher.add_subscriber(MaxRuntime(timedelta(hours=1)))
    jobs.add(Divide())
    return Worker(server.address, jobs, dispatcher, serializer=JsonSerializer())


def client(server: Gearmand) -> dict[str, Any]:
    """Makes a call of each kind; returns the results."""
    servers = ServerCollection([Server(server.host, server.port)])
    updates: list[JobUpdate] = []
    learned: dict[str, Any] = {}
    with Client(servers, JsonSerializer(), timeout=timedelta(seconds=20)) as client:
        assert_type(client, Client)
        learned["add"] = client.execute_job("add", [1, 2], Priority.HIGH, on_update=updates.append)
        learned["statuses"] = [assert_type(update.fraction, float | None) for update in updates if update.denominator]
        handle = assert_type(client.execute_in_background("add", [3], unique="three", delay=0, retries=1), str)
        assert_type(client.wait_for(handle, timeout=20), bool)
        assert_type(client.wait_for(unique="k", retries=5), bool)
        status = assert_type(client.get_job_status(handle), JobStatus)
        learned["status"] = assert_type(status.is_completed, bool) or status.is_known
        try:
            client.execute_job("divide", [1, 0])
        except JobException as error:
            learned["raised"] = assert_type(error.remote_type, str | None)
            assert_type(error.return_code, ReturnCode)
        answers = client.execute_jobs((Job("divide", [one, 2]) for one in range(3)), on_error="return")
        learned["divide"] = answers
        learned["streamed"] = sum(answer for _, answer in client.stream_jobs([Job("add", [1])] * 3, in_flight=2))
        jobs = [Job("add", [5])] * 2
        assert_type(client.execute_jobs_in_background(jobs), list[str])
        assert_type(client.execute_jobs_in_background(jobs, on_error="return"), list[str | GearmanError])
        for update in client.watch_job("add", [4]):
            assert_type(update.data, bytes)
        learned["awaited"] = assert_type(awaited.submit(client, 5), str)
        learned["scaled"] = assert_type(scale.submit(client, 1.5, by=3), float)
        assert_type(scale.with_options(priority=Priority.HIGH).submit_background(client, 1), str)
        client.execute_jobs([assert_type(scale.job(number=1.5), Job)])
    return learned


async def asynchronous(client: aio.Client) -> float:
    """With an aio.Client the same calls are awaited."""
    await assert_type(scale.submit(client, 1.5), Coroutine[Any, Any, float])
    assert_type(await scale.submit_background(client, 1.5), str)
    assert_type(await awaited(5), str)
    assert_type(await awaited.submit(client, 5), str)
    return await scale.submit(client, 2, by=3)


def declared(task: Task[[str, int], list[str]], client: Client) -> list[str]:
    """A function can take a task."""
    assert_type(current_job(), Job)
    return task.submit(client, "a", 1)


def admin(server: Gearmand) -> list[FunctionStatus]:
    """Asks the server, with types; a failure is in the place of the answer."""
    admin = Admin(server.address, timeout=5)
    for address, answer in admin.gather(Admin.status).items():
        assert_type(address, Server)
        assert_type(answer, list[FunctionStatus] | GearmanError)
    return admin.status()


def serializers() -> list[Serializer]:
    """The program's own serializer needs no base class."""
    return [JsonSerializer(), UpperCase()]


def test_in_the_users_suite(gearmand: Gearmand) -> None:
    """The fixture of the plugin has a type."""
    assert assert_type(gearmand.address, str)
    assert assert_type(gearmand.ask("version"), str)
