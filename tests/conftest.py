"""What holds for every test: no servers but those that it starts itself."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_servers_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """libgearman itself reads GEARMAN_SERVERS and would use those servers beside the test's own."""
    monkeypatch.delenv("GEARMAN_SERVERS", raising=False)
