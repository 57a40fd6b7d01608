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

    `gearman-cffi worker shop.tasks:app` runs it in a pool of processes, app.run() in this process, and
    LocalGearman(app) in a test.

    Args:
        jobs: A JobCollection or handlers.
        serializer: None for PHP's format.
        dispatcher: Gets the worker's events; None for a new EventDispatcher.
        subscribers: Are added to the dispatcher.
        servers: As for Worker. Options of the command come before these arguments.
        namespace: As for Worker.
        worker_class: gearman_cffi.dmank.Worker for a program whose listeners call dmank's methods of events and of the
            worker.
        concurrency: As for Worker.
        threads: As for Worker.
        client_id: As for Worker.
        idle_interval: As for Worker.
        connect_timeout: As for Worker.

    Raises:
        TypeError: An argument has a wrong type.
        ValueError: An argument is out of range.

    Example:
            app = Application(jobs, serializer=JsonSerializer(), subscribers=[Audit()])

            @app.on_start
            def connect():
                database.connect()
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
        """Decorator: the function is called in each process before its worker connects.

        In a pool that is after the fork: the place for connections to a database. If it raises, the process ends, and
        the pool starts another one after a while.

        Args:
            hook: A function without parameters.

        Returns:
            The function.

        Example:
                @app.on_start
                def connect():
                    database.connect()
        """
        self._on_start.append(hook)
        return hook

    def on_stop(self, hook: _Hook) -> _Hook:
        """Decorator: the function is called in each process when its worker has ended, the last one first.

        It is not called if the process is killed.

        Args:
            hook: A function without parameters.

        Returns:
            The function.

        Example:
                @app.on_stop
                def disconnect():
                    database.close()
        """
        self._on_stop.append(hook)
        return hook

    @contextmanager
    def running(self, call: Callable[[str, Callable[[], object]], object] = _call) -> Iterator[None]:
        """Calls the functions of on_start() before the block, and those of on_stop() after it, whatever it raises.

        Args:
            call: Called with the name of the hook and each function, to call it; by default calls the function.

        Returns:
            A context manager.

        Example:
                with app.running():  # a test whose handler needs the connections of on_start()
                    handler = app.jobs.get_job("reverse")
                    assert handler.execute(Job("reverse", "abc")) == "cba"
        """
        with ExitStack() as stack:
            for hook in self._on_start:
                call("on_start", hook)
            for hook in self._on_stop:
                stack.callback(call, "on_stop", hook)
            yield

    def make_worker(self, **options: Any) -> Worker:
        """Returns a Worker of this program, which does not call the functions of on_start() and on_stop().

        Args:
            options: Arguments of Worker, which come before those of the program.

        Returns:
            The Worker.

        Example:
                worker = app.make_worker(servers="127.0.0.1:4730", client_id="shop-1")
                with app.running():
                    worker.run()
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
        """Runs a Worker in this process until it is stopped.

        Args:
            options: Arguments of Worker.

        Raises:
            Exception: What Worker.run() and the functions of on_start() raise.

        Example:
                app.run(servers="127.0.0.1:4730")  # until SIGTERM or Ctrl-C
        """
        worker = self.make_worker(**options)
        with self.running():
            worker.run()

    def __repr__(self) -> str:
        return f"<Application with {len(self.jobs)} handlers>"
