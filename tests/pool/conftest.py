"""Measures the coverage of the command's processes."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def _measured(measured_programs: None) -> None:
    """See measured_programs."""
