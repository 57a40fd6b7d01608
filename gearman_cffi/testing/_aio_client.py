"""An aio.Client for a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gearman_cffi import aio


@contextmanager
def open_aio_client(servers: str) -> Iterator[aio.Client]:
    """Yields an aio.Client. Closes its connections although no event loop runs: the fixture is no coroutine."""
    client = aio.Client(servers)
    try:
        yield client
    finally:
        client.forget()
