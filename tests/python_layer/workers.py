"""Workers of the Python layer in threads of the test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gearman_cffi import EventDispatcher, FunctionHandler, Job, JobCollection, JobHandlerInterface, Worker
from gearman_cffi.events import Event, EventName
from gearman_cffi.testing import Gearmand

NOISE = frozenset({EventName.IO_WAIT, EventName.NO_JOBS, EventName.WORK})


def handlers(**functions: Callable[[Job], Any]) -> JobCollection:
    """A collection of plain functions."""
    return JobCollection([FunctionHandler(name, function) for name, function in functions.items()])


def recorded_events(scenario: str) -> list[str]:
    """The events that dmank dispatched in PHP, with their classes."""
    text = Path(__file__).with_name("dmank_events.txt").read_text()
    return text.partition(f"== {scenario}\n")[2].partition("\n\n")[0].splitlines()


class Trace(EventDispatcher):
    """Records every event before the listeners get it."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def has_listeners(self, event_name: str) -> bool:
        return True

    def dispatch(self, event_name: str, event: Event | None = None) -> Event:
        assert event is not None
        assert event.name == event_name
        self.events.append(event)
        return super().dispatch(event_name, event)

    def lines(self) -> list[str]:
        """The names and classes of the events, without those that depend on time."""
        return [f"{event.name} {type(event).__name__}" for event in self.events if event.name not in NOISE]

    def names(self) -> list[str]:
        return [str(event.name) for event in self.events]


class Running(threading.Thread):
    """Runs a worker in a thread. raised: what run() raised."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(daemon=True)
        self.worker = worker
        self.raised: BaseException | None = None

    def run(self) -> None:
        try:
            self.worker.run()
        except BaseException as error:
            self.raised = error

    def await_end(self, seconds: float = 20) -> None:
        self.join(seconds)
        assert not self.is_alive(), "run() does not return"
        if self.raised is not None:
            raise self.raised


@contextmanager
def running(
    servers: Gearmand | str,
    jobs: JobCollection | Iterable[JobHandlerInterface],
    dispatcher: EventDispatcher | None = None,
    **options: Any,
) -> Iterator[Worker]:
    """Runs a worker for these handlers during the block. Raises what run() raised."""
    address = servers.address if isinstance(servers, Gearmand) else servers
    worker = Worker(address, jobs, dispatcher, **{"idle_interval": 1.0, **options})
    with running_already(worker):
        yield worker


@contextmanager
def running_already(worker: Worker) -> Iterator[None]:
    """Runs the worker during the block. Raises what run() raised."""
    thread = Running(worker)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.await_end()
