"""What the examples of gearman_cffi.dmank need: its objects, a server with a worker, and jobs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

from gearman_cffi import dmank
from gearman_cffi.events import EventName
from gearman_cffi.testing import Gearmand
from tests.docs.addresses import Addresses
from tests.docs.examples import Example, Execute, Preparation
from tests.docs.preparations.names import names, served
from tests.docs.preparations.workers import StrictDispatcher, formatted_log
from tests.python_layer.workers import running


class _Worker(dmank.Worker):
    """Ends when no server has a job."""

    def run(self) -> None:
        self.dispatcher.addListener(EventName.NO_JOBS, lambda event: self.stop())  # type: ignore[attr-defined]
        super().run()


class _Reverse(dmank.JobHandlerInterface):
    def listensToJob(self) -> str:  # noqa: N802
        return "reverse"

    def execute(self, job: Any) -> Any:
        return job.getWorkLoad()[::-1]


class _Dispatcher(StrictDispatcher, dmank.EventDispatcher):
    """Remembers what listeners raise."""


def _servers(server: Gearmand) -> dmank.ServerCollection:
    return dmank.ServerCollection([dmank.Server(server.host, server.port)])


def _worker(idle: Gearmand, dispatcher: _Dispatcher) -> _Worker:
    return _Worker(_servers(idle), dmank.JobCollection([_Reverse()]), dispatcher)


def _names(served: Gearmand, idle: Gearmand, dispatcher: _Dispatcher) -> dict[str, Any]:
    servers = _servers(served)
    client = dmank.Client(servers, timeout=8)
    return {
        **names(),
        **{name: getattr(dmank, name) for name in dmank.__all__},
        "Reverse": _Reverse,
        "Worker": _Worker,
        "client": client,
        "countJob": Mock(),
        "dispatcher": dispatcher,
        "handle": client.executeInBackground("mail", "anna@example.org"),
        "job": dmank.Job("reverse", "abc"),
        "jobs": dmank.JobCollection([_Reverse()]),
        "server": dmank.Server(served.host, served.port),
        "servers": servers,
        "worker": _worker(idle, dispatcher),
    }


@contextmanager
def _with_both() -> Iterator[Execute]:
    """A client, a worker, and a worker whose events go to the listeners that the example adds."""

    def execute(example: Example) -> None:
        dispatcher = _Dispatcher()
        given = _names(addresses.server(), idle.server(), dispatcher)
        before = set(given)
        example.run(given, addresses)
        for name in given.keys() - before:
            if inspect.isclass(given[name]) and hasattr(given[name], "getSubscribedEvents"):
                dispatcher.addSubscriber(given[name]())
        client = dmank.Client(idle.server().address)
        for workload in ("abc", 7):  # a number cannot be reversed
            client.executeInBackground("reverse", workload)
        worker = _worker(idle.server(), dispatcher)
        worker.run()
        failure = dmank.WorkerExceptionEvent(worker, OSError("no server can be reached"))
        dispatcher.dispatch(EventName.WORKER_FAILURE, failure)
        assert dispatcher.raised == []

    with Addresses() as addresses, Addresses() as idle, running(addresses.server(), served()), formatted_log():
        yield execute


PREPARATIONS: Mapping[str, Preparation] = {"gearman_cffi.dmank.": _with_both}
