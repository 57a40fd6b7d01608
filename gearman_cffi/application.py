"""Application: a whole program for workers, as one object for the worker command, a Worker, and tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from gearman_cffi.checks import check_namespace
from gearman_cffi.events import Dispatcher, EventDispatcher, EventSubscriber
from gearman_cffi.handlers import JobCollection, JobHandlerInterface, check_concurrency
from gearman_cffi.serializers import Serializer
from gearman_cffi.servers import Server, ServerCollection
from gearman_cffi.worker import Worker

_Hook = TypeVar("_Hook", bound=Callable[[], object])


def _call(when: str, hook: Callable[[], object]) -> None:
    hook()


class Application:
    """The handlers of a program, and what its worker processes need besides.

        app = Application(jobs, serializer=JsonSerializer(), subscribers=[Audit()])

        @app.on_start
        def connect():
            database.connect()

    `gearman-cffi worker shop.tasks:app` runs it in a pool of processes, app.run() in this process, and
    LocalGearman(app) in a test.

    jobs: a JobCollection or handlers. serializer: None for PHP's format. dispatcher: gets the worker's events; None for
    a new EventDispatcher. subscribers: are added to the dispatcher. worker_class: gearman_cffi.dmank.Worker for a
    program whose listeners call dmank's methods of events and of the worker. The other arguments are those of Worker,
    with its defaults; options of the command come first. Raises TypeError or ValueError for arguments that cannot be
    used.
    """

    def __init__(
        self,
        jobs: JobCollection | Iterable[JobHandlerInterface] = (),
        *,
        serializer: Serializer | None = None,
        dispatcher: Dispatcher | None = None,
        subscribers: Iterable[EventSubscriber] = (),
        servers: ServerCollection | Iterable[Server | str] | Server | str | None = None,
        namespace: str | None = None,
        worker_class: type[Worker] = Worker,
        concurrency: int | None = None,
        threads: int | None = None,
        client_id: str | None = None,
        idle_interval: float | timedelta | None = None,
        connect_timeout: float | timedelta | None = None,
    ) -> None:
        self.jobs = jobs if isinstance(jobs, JobCollection) else JobCollection(jobs)
        self.serializer = serializer
        self.dispatcher: Dispatcher = EventDispatcher() if dispatcher is None else dispatcher
        for subscriber in subscribers:
            if not isinstance(self.dispatcher, EventDispatcher):
                raise TypeError(f"a {type(self.dispatcher).__name__} gets no subscribers here: add them to it yourself")
            self.dispatcher.add_subscriber(subscriber)
        if servers is not None and not isinstance(servers, ServerCollection):
            servers = ServerCollection(servers)
        self.servers = servers
        check_namespace(namespace)
        self.namespace = namespace
        self.worker_class = worker_class
        check_concurrency(concurrency)
        check_concurrency(threads, "threads")
        self.concurrency = concurrency
        self.threads = threads
        self.client_id = client_id
        self.idle_interval = idle_interval
        self.connect_timeout = connect_timeout
        self._on_start: list[Callable[[], object]] = []
        self._on_stop: list[Callable[[], object]] = []

    def on_start(self, hook: _Hook) -> _Hook:
        """Decorator: the function is called in each process, before its worker connects and registers its functions.

        In a pool that is after the fork: the place for connections to a database. If it raises, the process ends
        without the functions of on_stop(), and the pool starts another one after a while.
        """
        self._on_start.append(hook)
        return hook

    def on_stop(self, hook: _Hook) -> _Hook:
        """Decorator: the function is called in each process when its worker has disconnected, the last one first.

        It is not called if the process is killed.
        """
        self._on_stop.append(hook)
        return hook

    @contextmanager
    def running(self, call: Callable[[str, Callable[[], object]], object] = _call) -> Iterator[None]:
        """Calls the functions of on_start() before the block, and those of on_stop() after it, whatever it raises.

        call: calls one of them; it gets "on_start" or "on_stop", and the function. For the pool, which logs failures.
        """
        with ExitStack() as stack:
            for hook in self._on_start:
                call("on_start", hook)
            for hook in self._on_stop:
                stack.callback(call, "on_stop", hook)
            yield

    def make_worker(self, **options: Any) -> Worker:
        """Returns a Worker of this program, which does not call the functions of on_start() and on_stop().

        options: arguments of Worker, which come before those of the program.
        """
        own = {
            "servers": self.servers,
            "jobs": self.jobs,
            "dispatcher": self.dispatcher,
            "serializer": self.serializer,
            "namespace": self.namespace,
            "concurrency": self.concurrency,
            "threads": self.threads,
            "client_id": self.client_id,
            "idle_interval": self.idle_interval,
            "connect_timeout": self.connect_timeout,
        }
        return self.worker_class(**{**{name: value for name, value in own.items() if value is not None}, **options})

    def run(self, **options: Any) -> None:
        """Runs a Worker in this process until it is stopped. options: arguments of Worker."""
        worker = self.make_worker(**options)
        with self.running():
            worker.run()

    def __repr__(self) -> str:
        return f"<Application with {len(self.jobs)} handlers>"
