"""Serves the metrics of a pool's processes from the parent process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from gearman_cffi.cli.errors import with_address_in_errors


@contextmanager
def serving(host: str, port: int) -> Iterator[str]:
    """Serves metrics during the block; yields the directory that the processes write their metrics to."""
    with tempfile.TemporaryDirectory(prefix="gearman-cffi-metrics-", ignore_cleanup_errors=True) as directory:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=directory)  # type: ignore[no-untyped-call]
        with with_address_in_errors(host, port):
            server, thread = start_http_server(port, host, registry)
        try:
            yield directory
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
