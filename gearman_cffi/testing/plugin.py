"""pytest plugin: a gearmand for tests. It comes with the package; nothing has to be switched on.

    def test_something(gearmand):
        client = Client(gearmand.address)

gearmand         a fresh server for one test, ended with it. The test may stop, kill and pause it.
shared_gearmand  one server for the whole session, for tests that only add jobs of their own names
                 and leave no queue behind. Under pytest-xdist each worker process has its own.

Both are gearman_cffi.testing.Gearmand. Where gearmand is not installed the test errors with the
package's name.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gearman_cffi.testing.server import Gearmand


@pytest.fixture
def gearmand() -> Iterator[Gearmand]:
    """A private gearmand, started for this test."""
    with Gearmand() as server:
        yield server


@pytest.fixture(scope="session")
def shared_gearmand() -> Iterator[Gearmand]:
    """One gearmand for all tests of the session."""
    with Gearmand() as server:
        yield server
