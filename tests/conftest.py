"""What holds for every test: no servers but those that it starts itself, and signals as a terminal has them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

ROOT = Path(__file__).resolve().parents[1]

# A shell's background jobs ignore SIGINT, what nohup starts SIGHUP, and so would the programs that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _no_servers_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """libgearman itself reads GEARMAN_SERVERS and would use those servers beside the test's own."""
    monkeypatch.delenv("GEARMAN_SERVERS", raising=False)


@pytest.fixture(scope="module")
def measured_programs() -> Iterator[None]:
    """Where coverage is measured, the programs that the tests start are measured too.

    For rooms that live in processes of their own. Elsewhere it would double the time of tests that start many, and
    change what they look at: memory, ends, signals.
    """
    with pytest.MonkeyPatch.context() as environment:
        if Coverage.current() is not None:
            environment.setenv("COVERAGE_PROCESS_START", str(ROOT / "pyproject.toml"))
            environment.setenv("COVERAGE_FILE", str(ROOT / ".coverage_cache/data"))
        yield
