"""For all tests: no servers from the environment, and the signal handlers that a terminal would give."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

ROOT = Path(__file__).resolve().parents[1]

# Background jobs of a shell ignore SIGINT, and processes under nohup SIGHUP. Their child processes would too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _no_servers_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """libgearman reads GEARMAN_SERVERS, and would use those servers too."""
    monkeypatch.delenv("GEARMAN_SERVERS", raising=False)


@pytest.fixture(scope="module")
def measured_programs() -> Iterator[None]:
    """Measures the coverage of the programs that the tests start, if coverage is measured.

    Only for tests of code that runs in child processes. Elsewhere it would double the time of tests that start many
    processes, and disturb tests of memory, exits and signals.
    """
    with pytest.MonkeyPatch.context() as environment:
        if Coverage.current() is not None:
            environment.setenv("COVERAGE_PROCESS_START", str(ROOT / "pyproject.toml"))
            environment.setenv("COVERAGE_FILE", str(ROOT / ".coverage_cache/data"))
        yield
