"""The Sentry page in a pool: the SDK sends to a server of the test."""

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

from gearman_cffi import Client
from gearman_cffi.testing import Gearmand
from tests.docs.blocks import blocks
from tests.pool.commands import WorkerCommand
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
