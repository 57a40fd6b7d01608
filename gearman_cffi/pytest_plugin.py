"""pytest plugin: a gearmand for tests. pytest finds it through the package's entry point.

    def test_something(gearmand):
        client = Client(gearmand.address)

gearmand             a server for one test, stopped after it. The test may stop, kill and pause it.
shared_gearmand      one server for the whole session, for tests that use function names of their own and leave no jobs
                     behind. Under pytest-xdist each worker process has its own.
gearmand_aio_client  a gearman_cffi.aio.Client of `gearmand`, for tests that are coroutines, with pytest-asyncio, anyio
                     or another plugin that runs them.

The first two are gearman_cffi.testing.Gearmand. A test that uses them fails if gearmand or libgearman is not installed;
the message names the package to install. Other tests are not affected.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gearman_cffi import aio
    from gearman_cffi.testing import Gearmand


@pytest.fixture
def gearmand() -> Iterator[Gearmand]:
    """A private gearmand, started for this test."""
    with _started() as server:
        yield server


@pytest.fixture(scope="session")
def shared_gearmand() -> Iterator[Gearmand]:
    """One gearmand for all tests of the session."""
    with _started() as server:
        yield server


@pytest.fixture
def gearmand_aio_client(gearmand: Gearmand) -> Iterator[aio.Client]:
    """An aio.Client of the server `gearmand`, for the event loop of the test."""
    # A plain fixture: it works whatever runs the coroutines.
    from gearman_cffi.testing._aio_client import open_aio_client

    with open_aio_client(gearmand.address) as client:
        yield client


@contextmanager
def _started() -> Iterator[Gearmand]:
    # pytest imports this module in every test run of the environment, which must not fail without libgearman.
    try:
        from gearman_cffi.testing import Gearmand
    except ImportError as error:
        pytest.fail(str(error), pytrace=False)
    with Gearmand() as server:
        yield server
