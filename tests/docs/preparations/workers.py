"""What the examples of workers, handlers, events and subscribers need: jobs, and a worker that ends."""

from __future__ import annotations

import inspect
import logging
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from gearman_cffi import Application, Client, ConnectionFailed, EventDispatcher, FunctionHandler, Job, RetryPolicy
from gearman_cffi.events import Event, EventName, WorkerExceptionEvent
from gearman_cffi.handlers import JobCollection
from tests.docs.addresses import Addresses
from tests.docs.examples import Example, Execute, Preparation
from tests.docs.preparations.names import EndingWorker, Reverse, names


class StrictDispatcher(EventDispatcher):
    """Remembers what listeners raise: a worker goes on after it. The worker logs no failures of jobs."""

    def __init__(self) -> None:
        super().__init__()
        self.raised: list[Exception] = []
        self.add_listener(EventName.FUNCTION_FAILURE, lambda event: None)

    def dispatch(self, event_name: str, event: Event | None = None) -> Event:
        try:
            return super().dispatch(event_name, event)
        except Exception as error:
            self.raised.append(error)
            raise


class _Formatting(logging.Handler):
    """Formats records. It keeps none: their tracebacks would keep workers connected, and gearmand slow to stop."""

    def emit(self, record: logging.LogRecord) -> None:
        self.format(record)


@contextmanager
def formatted_log() -> Iterator[None]:
    """Formats all that is logged in the block, and shows nothing."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = [_Formatting()]
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def _flaky(job: Job) -> str:
    if job.attempt == 1:
        raise OSError("the disk is full")
    return "done"


def _broken(job: Job) -> str:
    raise OSError("the disk is full")


def _handlers() -> JobCollection:
    """Of jobs that are done, that fail, and that are tried again."""
    again = RetryPolicy(retries=1, backoff=0)
    flaky = FunctionHandler("flaky", _flaky, retry_policy=again)
    return JobCollection([Reverse(), flaky, FunctionHandler("broken", _broken)])


def _submit(address: str) -> None:
    client = Client(address)
    for function in ("reverse", "flaky", "broken"):
        client.execute_in_background(function, "abc")


@contextmanager
def _with_worker() -> Iterator[Execute]:
    """`worker` and `app` have jobs. They end when these are done, or by signals, whose handlers are restored."""

    def execute(example: Example) -> None:
        address = addresses.server().address
        _submit(address)
        dispatcher = StrictDispatcher()
        given = {
            "app": Application([Reverse()], worker_class=EndingWorker),
            "dispatcher": dispatcher,
            "worker": EndingWorker(address, _handlers(), dispatcher),
        }
        before = signal.getsignal(signal.SIGHUP)
        try:
            example.run(names(**given), addresses)
        finally:
            signal.signal(signal.SIGHUP, before)
        assert dispatcher.raised == []

    with Addresses() as addresses:
        yield execute


@contextmanager
def _with_events() -> Iterator[Execute]:
    """The listeners that the example adds to `dispatcher` are called, and those of the subscribers that it defines."""

    def execute(example: Example) -> None:
        address = addresses.server().address
        dispatcher = StrictDispatcher()
        given = names(dispatcher=dispatcher)
        before = set(given)
        example.run(given, addresses)
        for name in given.keys() - before:
            if inspect.isclass(given[name]) and hasattr(given[name], "get_subscribed_events"):
                dispatcher.add_subscriber(given[name]())
        _submit(address)
        worker = EndingWorker(address, _handlers(), dispatcher)
        worker.run()
        failure = WorkerExceptionEvent(EventName.WORKER_FAILURE, worker, ConnectionFailed("no server can be reached"))
        dispatcher.dispatch(EventName.WORKER_FAILURE, failure)
        assert dispatcher.raised == []

    with Addresses() as addresses, formatted_log():
        yield execute


PREPARATIONS: Mapping[str, Preparation] = {
    **dict.fromkeys(
        (
            "gearman_cffi.application.",
            "gearman_cffi.handlers.",
            "gearman_cffi.job_log_filter.",
            "gearman_cffi.retries.",
            "gearman_cffi.worker.",
        ),
        _with_worker,
    ),
    **dict.fromkeys(("gearman_cffi.events.", "gearman_cffi.subscribers."), _with_events),
}
