"""Fixtures of the command's tests: coverage also measures the processes that they start."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def _measured(measured_programs: None) -> None:
    """See measured_programs."""
