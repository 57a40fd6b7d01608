"""What the examples of gearman_cffi.testing need: a server, and a queue without one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from gearman_cffi import Client
from gearman_cffi.testing import Gearmand, LocalGearman
from tests.docs.addresses import Addresses
from tests.docs.examples import Example, Execute, Preparation
from tests.docs.preparations.names import names, served
from tests.python_layer.workers import running


@contextmanager
def _with_server() -> Iterator[Execute]:
    """`server` is a running Gearmand, `client` its client, and `handle` a job. Servers of the example are stopped."""

    def execute(example: Example) -> None:
        with Gearmand() as server, running(server, served()):
            client = Client(server.address, timeout=8)
            handle = client.execute_in_background("ship", {"order": 7})
            given = names(server=server, client=client, handle=handle)
            example.run(given, addresses)
            if isinstance(given["server"], Gearmand):
                given["server"].stop()

    with Addresses() as addresses:
        yield execute


@contextmanager
def _with_local_gearman() -> Iterator[Execute]:
    """`local` runs the handlers `jobs`."""

    def execute(example: Example) -> None:
        with LocalGearman(served()) as local:
            example.run(names(local=local, jobs=served()), addresses)

    with Addresses() as addresses:
        yield execute


PREPARATIONS: Mapping[str, Preparation] = {
    "gearman_cffi.testing.": _with_server,
    "gearman_cffi.testing.local.": _with_local_gearman,
}
