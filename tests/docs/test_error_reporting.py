"""The Sentry page: in a pool, whose SDK sends to a server of the test, and in a worker with a fake transport."""

from __future__ import annotations

import gzip
import json
import queue
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from gearman_cffi import Client, EventDispatcher, EventName, Job, JobCollection, Retry
from gearman_cffi.testing import Gearmand
from tests.docs.blocks import blocks
from tests.pool.commands import WorkerCommand
from tests.python_layer.workers import running
from tests.support import ROOT

PAGE = ROOT / "docs/how-to/error-reporting.md"


@pytest.fixture
def sentry() -> Iterator[tuple[str, queue.Queue[Any]]]:
    """The DSN of a server, and the events that it gets."""
    events: queue.Queue[Any] = queue.Queue()

    class Store(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body
            for line in map(json.loads, body.splitlines()):
                if "exception" in line:
                    events.put(line)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://key@127.0.0.1:{server.server_port}/1", events
        server.shutdown()


def test_sentry_in_a_pool(gearmand: Gearmand, tmp_path: Path, sentry: tuple[str, queue.Queue[Any]]) -> None:
    """Each failed job is one event, with its function and handle."""
    dsn, events = sentry
    (tmp_path / "shop").mkdir()
    for block in blocks(PAGE):
        if block.title and block.language == "python":
            (tmp_path / block.title).write_text(block.source)
    options: dict[str, Any] = {"tasks": None, "target": "shop.program:app", "SENTRY_DSN": dsn}
    with WorkerCommand(tmp_path, gearmand, "-p1", **options) as command:
        command.await_ready()
        handle = Client(gearmand.address).execute_in_background("mail", "anna", unique="order-7")
        event = events.get(timeout=20)
        command.send(signal.SIGTERM)
        assert command.end() == 0
    assert event["exception"]["values"][0]["value"] == "no such address: anna"
    assert event["tags"]["gearman.function"] == "mail"
    assert event["contexts"]["gearman"] == {"handle": handle, "unique": "order-7", "attempt": 1}
    assert events.empty()


class Kept(Transport):
    """Keeps the events."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.events.append(envelope.get_event())


def _refuse(event: Any) -> None:
    if event.job.get_job_name() == "refused":
        raise ValueError("refused")


def _handlers(with_coroutine: bool) -> JobCollection:
    jobs = JobCollection()

    @jobs.handler("customer", retries=1)
    def customer(job: Job) -> None:
        sentry_sdk.set_tag("customer", job.get_workload())
        if job.attempt == 1:
            raise Retry(delay=0)
        raise ValueError("not found")

    @jobs.handler("other")
    def other(job: Job) -> None:
        raise ValueError("broken")

    jobs.handler("odd")(lambda job: object())
    jobs.handler("refused")(lambda job: None)
    if with_coroutine:

        @jobs.handler("coroutine")
        async def coroutine(job: Job) -> None:
            sentry_sdk.set_tag("in", "coroutine")
            raise ValueError("broken")

    return jobs


@pytest.mark.parametrize("concurrency", [1, 4])
def test_each_job_has_a_scope(gearmand: Gearmand, concurrency: int) -> None:
    """The report of a job has what its handler has added, and nothing of other jobs; every failure is reported once."""
    (source,) = (block.source for block in blocks(PAGE) if block.title == "shop/errors.py")
    page: dict[str, Any] = {}
    exec(compile(source, str(PAGE), "exec"), page)
    dispatcher = EventDispatcher()
    dispatcher.add_listener(EventName.FUNCTION_BEFORE_EXECUTE, _refuse, priority=1)
    dispatcher.add_subscriber(page["SentryErrors"]())
    names = ["customer", "other", "odd", "refused", *["coroutine"][: concurrency - 1]]
    transport = Kept()
    sentry_sdk.init("https://key@sentry.example.org/1", transport=transport)
    try:
        with running(gearmand, _handlers(concurrency > 1), dispatcher, signals=(), concurrency=concurrency):
            client = Client(gearmand.address, timeout=20)
            for name in names:
                client.execute_jobs([Job(name, "anna", retries=1 if name == "customer" else None)], on_error="return")
    finally:
        sentry_sdk.init(None)
    found = [
        (event["transaction"], event["tags"], event["contexts"]["gearman"]["attempt"]) for event in transport.events
    ]
    added = {"customer": {"customer": "anna"}, "coroutine": {"in": "coroutine"}}
    assert found == [
        (name, {"gearman.function": name, **added.get(name, {})}, 2 if name == "customer" else 1) for name in names
    ]
