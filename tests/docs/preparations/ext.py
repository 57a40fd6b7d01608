"""What the examples of gearman_cffi.ext need: objects with a server, workers, and jobs for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gearman_cffi import ext
from gearman_cffi.ext import (
    GEARMAN_WORK_FAIL,
    GearmanClient,
    GearmanException,
    GearmanJob,
    GearmanTask,
    GearmanWorker,
)
from tests.docs.addresses import Addresses
from tests.docs.examples import Example, Execute, Preparation
from tests.support import client_of, queued, serving, wait_until, worker_of


class _EndingWorker(GearmanWorker):
    """Waits 50 ms for another job, so that loops end."""

    def work(self) -> bool:
        self.setTimeout(50)
        return super().work()


_NAMES = {name: getattr(ext, name) for name in ext.__all__}
_NAMES |= {"GearmanWorker": _EndingWorker, "gearman_worker_create": _EndingWorker}

# ---------------------------------------------------------------------------- handlers


def _reverse(job: GearmanJob, context: Any) -> bytes:
    return job.workload()[::-1]


def _resize(job: GearmanJob, context: Any) -> bytes:
    """Sends all that a job can send before its result."""
    job.sendStatus(1, 2)
    job.sendData("half of the picture, ")
    job.sendWarning("the picture has no colour profile")
    return b"resized " + job.workload()


def _refuse(job: GearmanJob, context: Any) -> None:
    job.setReturn(GEARMAN_WORK_FAIL)


def _crash(job: GearmanJob, context: Any) -> None:
    job.sendException("no such file: " + job.workload().decode())


_FUNCTIONS = {
    "reverse": _reverse,
    "resize": _resize,
    "mail": _reverse,
    "render": _reverse,
    "charge": _refuse,
    "load": _crash,
}

# ------------------------------------------------------------------------ preparations


@contextmanager
def _server() -> Iterator[Addresses]:
    """Servers whose jobs are run."""
    with Addresses() as addresses, serving(addresses.server(), **_FUNCTIONS):
        yield addresses


def _queue(addresses: Addresses) -> None:
    """Submits a job of each function."""
    client = client_of(addresses.server())
    for function in _FUNCTIONS:
        client.doBackground(function, "hello")


def _worker(addresses: Addresses, example: Example) -> GearmanWorker:
    """A worker of `reverse`. If the example has a loop, the worker ends it."""
    worker = _EndingWorker() if "while" in example.source else GearmanWorker()
    worker.addServer(addresses.server().host, addresses.server().port)
    worker.addFunction("reverse", _reverse)
    return worker


@contextmanager
def _with_names() -> Iterator[Execute]:
    """The names of the mirror, and no objects."""
    with Addresses() as addresses:
        yield lambda example: example.run({**_NAMES}, addresses)


@contextmanager
def _with_client() -> Iterator[Execute]:
    """`client` has a server with a worker. Callbacks that the example has set are called for jobs of each function."""

    def execute(example: Example) -> None:
        client = client_of(addresses.server())
        example.run({**_NAMES, "client": client}, addresses)
        if "callback(" in example.source.lower():
            for function in _FUNCTIONS:
                client.addTask(function, "hello", function)
            assert client.runTasks()

    with _server() as addresses:
        yield execute


@contextmanager
def _with_worker() -> Iterator[Execute]:
    """`worker` has a server with a job of each function."""

    def execute(example: Example) -> None:
        _queue(addresses)
        example.run({**_NAMES, "worker": _worker(addresses, example)}, addresses)

    with Addresses() as addresses:
        yield execute


@contextmanager
def _with_both() -> Iterator[Execute]:
    """`client` has a server with a worker, `worker` has one with jobs."""

    def execute(example: Example) -> None:
        _queue(idle)
        names = {"client": client_of(served.server()), "worker": _worker(idle, example)}
        example.run({**_NAMES, **names}, served)

    with _server() as served, Addresses() as idle:
        yield execute


@contextmanager
def _in_job() -> Iterator[Execute]:
    """The worker's function with `job` runs the example. Other jobs are waiting for `worker`."""

    def execute(example: Example) -> None:
        def resize(job: GearmanJob, context: Any) -> None:
            example.run({**_NAMES, "job": job, "worker": _worker(idle, example)}, idle)
            ended.append(job)

        ended: list[GearmanJob] = []
        _queue(idle)
        wait_until(lambda: not queued(addresses.server(), "resize"), "the previous job with this unique key has ended")
        worker = worker_of(addresses.server(), resize=resize)
        client_of(addresses.server()).doBackground("resize", "photo.jpg", "order-7")
        worker.work()
        assert ended

    with Addresses() as addresses, Addresses() as idle:
        yield execute


@contextmanager
def _in_callback() -> Iterator[Execute]:
    """The callback for the end of `task` runs the example. `client` is another client."""

    def execute(example: Example) -> None:
        def complete(task: GearmanTask) -> None:
            example.run({**_NAMES, "task": task, "client": client_of(addresses.server())}, addresses)
            ended.append(task)

        ended: list[GearmanTask] = []
        client = client_of(addresses.server())
        client.setCompleteCallback(complete)
        client.addTask("resize", "photo.jpg", unique_key="order-7")
        assert client.runTasks()
        assert ended

    with _server() as addresses:
        yield execute


@contextmanager
def _with_error() -> Iterator[Execute]:
    """`error` was raised because a server cannot be reached."""

    def execute(example: Example) -> None:
        try:
            GearmanClient().addServer("127.0.0.1", 1)
        except GearmanException as error:
            example.run({**_NAMES, "client": client_of(addresses.server()), "error": error}, addresses)

    with _server() as addresses:
        yield execute


PREPARATIONS: Mapping[str, Preparation] = {
    "gearman_cffi._libgearman.": _with_client,
    "gearman_cffi.ext.base.": _with_both,
    "gearman_cffi.ext.client.": _with_client,
    "gearman_cffi.ext.exception.": _with_error,
    "gearman_cffi.ext.functions.gearman_client_": _with_client,
    "gearman_cffi.ext.functions.gearman_job_": _in_job,
    "gearman_cffi.ext.functions.gearman_task_": _in_callback,
    "gearman_cffi.ext.functions.gearman_worker_": _with_worker,
    "gearman_cffi.ext.job.": _in_job,
    "gearman_cffi.ext.library.": _with_names,
    "gearman_cffi.ext.task.": _in_callback,
    "gearman_cffi.ext.worker.": _with_worker,
}
