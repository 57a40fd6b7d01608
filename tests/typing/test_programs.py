"""Runs the programs that type checkers read, so that the types are true."""

from __future__ import annotations

import threading

from gearman_cffi.testing import Gearmand
from tests.support import wait_until
from tests.typing import php_port, python_layer
from tests.typing.python_layer import test_in_the_users_suite as test_in_the_users_suite


def test_the_port_from_php(gearmand: Gearmand) -> None:
    """Every value has the type that the program declares."""
    called: list[list[str]] = []
    thread = threading.Thread(target=lambda: called.append(php_port.worker(gearmand.host, gearmand.port)), daemon=True)
    thread.start()
    learned = php_port.client(gearmand.host, gearmand.port)
    assert learned.pop("handle").startswith("H:")
    assert learned == {"count": b"3", "refused": (b"", True), "tasks": (True, [b"2"]), "finished": True}
    wait_until(lambda: called, "the worker has stopped")
    assert called == [["count", "count", "count"]]
    assert php_port.procedural(gearmand.host, gearmand.port)


def test_the_python_layer(gearmand: Gearmand) -> None:
    """Every value of the program for the Python layer has the type that it names."""
    counter = python_layer.Counter()
    worker = python_layer.worker(gearmand, counter)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    assert python_layer.client(gearmand) == {
        "add": 3,
        "statuses": [1.0],
        "status": True,
        "raised": "ZeroDivisionError",
        "divide": [0.0, 0.5, 1.0],
        "streamed": 3,
        "scaled": 4.5,
        "awaited": "5",
    }
    assert {row.function for row in python_layer.admin(gearmand)} == {"add", "scale", "awaited", "divide"}
    worker.stop()
    wait_until(lambda: not thread.is_alive(), "the worker has stopped")
    assert counter.done > 7
    assert [one.unserialize(one.serialize("text")) for one in python_layer.serializers()] == ["text", "TEXT"]
