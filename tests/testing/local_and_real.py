"""The two environments of a scenario: with a real gearmand, and with LocalGearman."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable
from typing import Any, cast

from gearman_cffi import Client, JobCollection, JobHandlerInterface, Serializer, Worker, aio
from gearman_cffi._worker.handler_adapter import describe
from gearman_cffi.events import Event
from gearman_cffi.testing import Gearmand, LocalGearman
from tests.python_layer.workers import Running, Trace
from tests.support import wait_until
from tests.testing.awaited import AwaitedClient

# A generated unique key: with retries it has no hyphens.
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
_HASH = re.compile(r"(?<!\w)\d{5,10}(?!\w)")  # the unique key of a job with the key "#"
_HANDLE = re.compile(r"H:(test|local):(\d+)")
_SERVER = re.compile(r"local:4730|127\.0\.0\.1:\d+")
# libgearman's explanations, which LocalGearman does not have.
_DETAIL = re.compile(r" \[.*; (GEARMAN_\w+)\]", re.DOTALL)


class Environment(ABC):
    """Handlers, their worker and a client. The worker runs after serve() or during work().

    is_async: the client is an aio.Client, behind the methods of Client.
    """

    def __init__(
        self,
        jobs: JobCollection | Iterable[JobHandlerInterface],
        serializer: Serializer | None = None,
        is_async: bool = False,
    ) -> None:
        self.trace = Trace()
        self.jobs = jobs
        self.serializer = serializer
        self.is_async = is_async
        self.recorded: list[Any] = []

    def client(self, serializer: Serializer | None = None) -> Client:
        if self.is_async:
            return cast(Client, AwaitedClient(self._new_aio_client(serializer)))
        return self.blocking_client(serializer)

    @abstractmethod
    def blocking_client(self, serializer: Serializer | None = None) -> Client:
        """A Client, whatever is_async says."""

    @abstractmethod
    def _new_aio_client(self, serializer: Serializer | None) -> aio.Client: ...

    @abstractmethod
    def serve(self) -> None:
        """Starts the worker, which runs jobs as they come."""

    @abstractmethod
    def work(self) -> None:
        """Starts the worker and returns when it has run all queued jobs."""

    @abstractmethod
    def settle(self, without: Collection[str] = ()) -> None:
        """Returns when the worker has run all jobs. After serve(). without: functions whose jobs stay in the queue."""

    @abstractmethod
    def end(self) -> None:
        """Stops the worker and returns when it has ended."""

    def record(self, *what: Any) -> None:
        """Records something that must be the same in both environments."""
        self.recorded.append(shown(what if len(what) != 1 else what[0]))

    def record_call(self, do: Callable[..., Any], *what: Any, **how: Any) -> None:
        """Calls a function and records what it returns or raises."""
        try:
            self.record("returned", do(*what, **how))
        except Exception as error:
            self.record("raised", error)


class RealEnvironment(Environment):
    def __init__(self, gearmand: Gearmand, *what: Any, **options: Any) -> None:
        super().__init__(*what, **options)
        self._gearmand = gearmand
        self._thread: Running | None = None

    def blocking_client(self, serializer: Serializer | None = None) -> Client:
        return Client(self._gearmand.address, serializer or self.serializer, timeout=20)

    def _new_aio_client(self, serializer: Serializer | None) -> aio.Client:
        return aio.Client(self._gearmand.address, serializer or self.serializer, timeout=20)

    def serve(self) -> None:
        worker = Worker(self._gearmand.address, self.jobs, self.trace, serializer=self.serializer, idle_interval=1)
        self._thread = Running(worker)
        self._thread.start()

    def work(self) -> None:
        self.serve()
        self.settle()

    def settle(self, without: Collection[str] = ()) -> None:
        wait_until(lambda: not self._queued(without), "all jobs are done")

    def end(self) -> None:
        if self._thread is not None:
            self._thread.worker.stop()
            self._thread.await_end()

    def _queued(self, without: Collection[str]) -> int:
        lines = [line.split("\t") for line in self._gearmand.ask("status").splitlines()]
        return sum(int(line[1]) for line in lines if len(line) == 4 and line[0] not in without)


class LocalEnvironment(Environment):
    def __init__(self, *what: Any, **options: Any) -> None:
        super().__init__(*what, **options)
        self._local = LocalGearman(self.jobs, self.trace, serializer=self.serializer)

    def blocking_client(self, serializer: Serializer | None = None) -> Client:
        return self._local.new_client(serializer)

    def _new_aio_client(self, serializer: Serializer | None) -> aio.Client:
        return self._local.new_aio_client(serializer)

    def serve(self) -> None:
        pass

    def work(self) -> None:
        self.settle()

    def settle(self, without: Collection[str] = ()) -> None:
        self._local.work()

    def end(self) -> None:
        self._local.close()


def shown(value: Any) -> Any:
    """Returns a value without what differs between servers and runs, so that it can be compared."""
    if isinstance(value, BaseException):
        return [
            type(value).__mro__,
            plain(describe(value).decode()),
            {name: shown(attribute) for name, attribute in vars(value).items()},
        ]
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, (list, tuple)):
        return [type(value), *map(shown, value)]
    return value


def plain(text: str) -> str:
    text = _UUID.sub("UUID", _SERVER.sub("SERVER", _HANDLE.sub(r"H:\2", text)))
    return _DETAIL.sub(r" [\1]", _HASH.sub("HASH", text))


def events(trace: Trace) -> list[Any]:
    """Returns every event that does not depend on time, with its attributes."""
    lines = set(trace.lines())
    return [_described(event) for event in trace.events if f"{event.name} {type(event).__name__}" in lines]


def _described(event: Event) -> list[Any]:
    """Returns an event's name, class and attributes: a job by its names and handle, other objects by their class."""
    parts = {}
    for name in type(event).__slots__:
        part = getattr(event, name)
        if name == "job":
            part = [plain(text) for text in (part.get_job_name(), part.unique, part.handle)]
        elif name == "worker":
            part = isinstance(part, Worker)
        elif name in ("servers", "jobs", "job_handler"):
            part = type(part)
        elif name in ("exception", "result"):
            part = shown(part)
        parts[name] = part
    return [event.name, type(event), parts]
