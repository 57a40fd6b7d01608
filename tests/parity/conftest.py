"""The parity tests measure coverage in the scenarios too."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def _measured(measured_programs: None) -> None:
    """See measured_programs."""
