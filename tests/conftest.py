"""What holds for every test: no servers but those that it starts itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from coverage import Coverage

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _no_servers_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """libgearman itself reads GEARMAN_SERVERS and would use those servers beside the test's own."""
    monkeypatch.delenv("GEARMAN_SERVERS", raising=False)


@pytest.fixture
def measured_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where coverage is measured, the programs that the test starts are measured too.

    For rooms that live in processes of their own. Elsewhere it would double the time of tests that start many, and
    change what they look at: memory, ends, signals.
    """
    if Coverage.current() is not None:
        monkeypatch.setenv("COVERAGE_PROCESS_START", str(ROOT / "pyproject.toml"))
        monkeypatch.setenv("COVERAGE_FILE", str(ROOT / ".coverage_cache/data"))
