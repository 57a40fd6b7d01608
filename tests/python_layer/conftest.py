"""Workers for the tests of the client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from gearman_cffi import Client, Job, ServerCollection
from gearman_cffi.ext import GearmanException, GearmanJob, GearmanWorker
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers, running

Function = Callable[[GearmanJob, object], object]
StartWorker = Callable[..., None]


def echo(job: GearmanJob, context: object) -> bytes:
    """A worker's function that returns its workload."""
    return job.workload()


def double(job: Job) -> Any:
    """A handler that doubles the workload, or raises for "raise"."""
    value = job.get_workload()
    if value == "raise":
        raise ValueError("no double")
    return value * 2


def _work(addresses: str, functions: dict[str, Function], stop: threading.Event) -> None:
    worker = GearmanWorker()
    worker.setTimeout(50)
    for server in ServerCollection(addresses):
        with suppress(GearmanException):  # the server is down; it is added nevertheless
            worker.addServer(server.host, server.port)
    for name, function in functions.items():
        worker.addFunction(name, function)
    while not stop.is_set():
        with suppress(ValueError):  # work() raises what the functions of these tests raise
            worker.work()


@pytest.fixture
def start_worker(shared_gearmand: Gearmand) -> Iterator[StartWorker]:
    """start_worker(name=function, ..., servers=None) starts a worker in a thread; it is stopped after the test."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(servers: str | None = None, **functions: Function) -> None:
        arguments = (servers or shared_gearmand.address, functions, stop)
        threads.append(threading.Thread(target=_work, args=arguments, daemon=True))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def client(shared_gearmand: Gearmand) -> Client:
    return Client(shared_gearmand.address, timeout=10)


@pytest.fixture
def served(gearmand: Gearmand) -> Iterator[Gearmand]:
    """A gearmand with a worker that doubles."""
    with running(gearmand, handlers(double=double)):
        yield gearmand
