"""What the examples of clients need: a client of a server with a worker, and jobs for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gearman_cffi import Admin, Client, FunctionHandler, Job, JobCollection, ServerCollection, aio
from tests.docs.addresses import Addresses
from tests.docs.examples import Example, Execute, Preparation
from tests.docs.preparations.names import EndingWorker, names, served
from tests.python_layer.workers import running

_TIMEOUT = 8.0  # seconds


def _resize(path: str, width: int = 80) -> str:
    return f"{path} is {width} pixels wide"


async def _fetch(url: str) -> str:
    return f"the page {url}"


@contextmanager
def _served() -> Iterator[Addresses]:
    with Addresses() as addresses, running(addresses.server(), served()):
        yield addresses


def _client(addresses: Addresses) -> Client:
    return Client(addresses.server().address, timeout=_TIMEOUT)


@contextmanager
def _with_client() -> Iterator[Execute]:
    """`client` has a server with a worker. `resize` and `fetch` are tasks."""

    def execute(example: Example) -> None:
        client = _client(addresses)
        tasks = JobCollection()
        given = {
            "client": client,
            "fetch": tasks.task("fetch")(_fetch),
            "handle": client.execute_in_background("mail", "anna@example.org"),
            "jobs": [Job("reverse", "abc")] if "stream_jobs" in example.home else names()["jobs"],
            "resize": tasks.task("resize")(_resize),
            "servers": ServerCollection(addresses.server().address),
        }
        example.run(names(**given), addresses)

    with _served() as addresses:
        yield execute


@contextmanager
def _with_aio_client() -> Iterator[Execute]:
    """`client` is an aio.Client of a server with a worker."""

    def execute(example: Example) -> None:
        client = aio.Client(addresses.server().address, timeout=_TIMEOUT)
        handle = _client(addresses).execute_in_background("mail", "anna@example.org")
        example.run(names(client=client, handle=handle, jobs=[Job("reverse", "abc")]), addresses)
        client.forget()

    with _served() as addresses:
        yield execute


@contextmanager
def _with_admin() -> Iterator[Execute]:
    """`admin` and `client` have a server, whose queue has a job."""

    def execute(example: Example) -> None:
        client = _client(addresses)
        client.execute_in_background("ship", {"order": 7}, unique="order-7")
        example.run(names(admin=Admin(addresses.server().address), client=client), addresses)

    with _served() as addresses:
        yield execute


@contextmanager
def _in_job() -> Iterator[Execute]:
    """A handler with `job` runs the example."""

    def execute(example: Example) -> None:
        raised: list[BaseException] = []

        def run_example(job: Job) -> Any:
            try:
                example.run(names(job=job), addresses)
            except BaseException as error:
                raised.append(error)

        _client(addresses).execute_in_background("example", "hello")
        EndingWorker(addresses.server().address, [FunctionHandler("example", run_example)]).run()
        if raised:
            raise raised[0]

    with Addresses() as addresses:
        yield execute


PREPARATIONS: Mapping[str, Preparation] = {
    **dict.fromkeys(
        (
            "gearman_cffi._libgearman.errors.",
            "gearman_cffi.client.",
            "gearman_cffi.exceptions.",
            "gearman_cffi.job_status.",
            "gearman_cffi.job_update.",
            "gearman_cffi.job_watch.",
            "gearman_cffi.jobs.",
            "gearman_cffi.priorities.",
            "gearman_cffi.serializers.",
            "gearman_cffi.servers.",
            "gearman_cffi.tasks.",
        ),
        _with_client,
    ),
    "gearman_cffi.admin.": _with_admin,
    "gearman_cffi.aio.": _with_aio_client,
    "gearman_cffi.jobs.Job.": _in_job,
}
