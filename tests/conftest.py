"""For all tests: which of them are selected, no servers from the environment, and the signal handlers of a terminal."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

from tests.needs import NEEDS

ROOT = Path(__file__).resolve().parents[1]

# Background jobs of a shell ignore SIGINT, and processes under nohup SIGHUP. Their child processes would too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

MISSING = [need for need, is_there in NEEDS.items() if not is_there()]


def pytest_report_header() -> list[str]:
    """Says which tests are not selected."""
    return [f"deselected: tests that need {need}" for need in MISSING]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects the tests that need what is missing here."""
    chosen: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        needs = {mark.args[0] for mark in item.iter_markers("needs")}
        assert needs <= NEEDS.keys(), item
        (others if needs.intersection(MISSING) else chosen).append(item)
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = chosen


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
