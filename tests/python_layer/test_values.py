"""Durations, names, priorities, JobStatus and the version."""

from __future__ import annotations

from datetime import timedelta
from importlib.metadata import version
from typing import Any

import pytest

import gearman_cffi
from gearman_cffi import Admin, InvalidArgument, JobStatus, Priority, Worker
from gearman_cffi.checks import check_name
from gearman_cffi.durations import to_milliseconds
from gearman_cffi.ext import JobKind, capabilities
from gearman_cffi.priorities import job_kind


class TestDurations:
    @pytest.mark.parametrize(
        ("duration", "milliseconds"),
        [(None, None), (1, 1000), (0.25, 250), (0.0001, 1), (1.0001, 1001), (timedelta(minutes=2), 120_000)],
    )
    def test_seconds_become_milliseconds(self, duration: Any, milliseconds: int | None) -> None:
        assert to_milliseconds(duration) == milliseconds

    @pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), 2**31, timedelta(0), timedelta(days=30)])
    def test_out_of_range(self, wrong: Any) -> None:
        with pytest.raises(ValueError, match="patience must be"):
            to_milliseconds(wrong, "patience")

    @pytest.mark.parametrize("wrong", ["5", True, b"5", [5]])
    def test_other_types(self, wrong: Any) -> None:
        with pytest.raises(TypeError, match="timeout must be seconds, a timedelta or None"):
            to_milliseconds(wrong)

    @pytest.mark.parametrize(
        ("wrong", "error"), [(None, TypeError), ("5", TypeError), (0, ValueError), (-1, ValueError)]
    )
    def test_arguments_that_need_a_limit(self, wrong: Any, error: type[Exception]) -> None:
        """None is refused, and the message does not suggest it."""
        with pytest.raises(error, match=r"^idle_interval must be (?!.*None waits)"):
            Worker("127.0.0.1:4730", idle_interval=wrong)
        with pytest.raises(error, match=r"^timeout must be (?!.*None waits)"):
            Admin("127.0.0.1:4730", timeout=wrong)


class TestNames:
    @pytest.mark.parametrize("name", ["x", "a b", "é" * 4, "x" * 8])
    def test_valid_names(self, name: str) -> None:
        check_name(name, "a name", 8)

    @pytest.mark.parametrize("name", ["", "a\0b", "x" * 9, "é" * 5, "\ud800"])
    def test_invalid_names(self, name: str) -> None:
        with pytest.raises(InvalidArgument, match="a name must"):
            check_name(name, "a name", 8)

    @pytest.mark.parametrize("name", [None, 5, b"x"])
    def test_other_types(self, name: Any) -> None:
        with pytest.raises(TypeError, match="a name must be a str"):
            check_name(name, "a name", 8)


class TestPriorities:
    def test_dmanks_values(self) -> None:
        assert [int(priority) for priority in (Priority.LOW, Priority.NORMAL, Priority.HIGH)] == [0, 1, 2]

    def test_kinds(self) -> None:
        assert job_kind(Priority.HIGH, background=False) is JobKind.HIGH
        assert job_kind(0, background=True) is JobKind.LOW_BACKGROUND
        assert job_kind(1, background=True) is JobKind.BACKGROUND

    @pytest.mark.parametrize("wrong", [3, -1, None, "HIGH", 1.5])
    def test_invalid_priorities(self, wrong: Any) -> None:
        with pytest.raises(InvalidArgument, match="priority must be"):
            job_kind(wrong, background=False)


class TestJobStatus:
    @pytest.mark.parametrize(
        ("known", "running", "completed"),
        [(True, True, False), (True, False, False), (False, True, False), (False, False, True)],
    )
    def test_truth_table(self, known: bool, running: bool, completed: bool) -> None:
        status = JobStatus.from_answer([known, running, 0, 0])
        assert (status.is_known, status.is_running, status.is_completed) == (known, running, completed)

    def test_an_empty_one_is_completed(self) -> None:
        assert JobStatus().is_completed

    def test_progress(self) -> None:
        assert JobStatus(True, True, 1, 4).fraction == 0.25
        assert JobStatus(True, True, 1, 0).fraction is None

    def test_it_is_a_value(self) -> None:
        assert JobStatus(True, False, 1, 2) == JobStatus.from_answer((True, False, 1, 2))
        with pytest.raises(AttributeError):
            JobStatus().numerator = 1  # type: ignore[misc]


def test_the_version_is_that_of_the_distribution() -> None:
    assert gearman_cffi.__version__ == version(capabilities.distribution)


def test_all_public_names_are_there() -> None:
    assert all(hasattr(gearman_cffi, name) for name in gearman_cffi.__all__)
    assert gearman_cffi.__all__ == sorted(gearman_cffi.__all__)
