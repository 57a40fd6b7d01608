"""The state machines of this directory, with a few programs that are always the same."""

from __future__ import annotations

import pytest

from tests.model.machines import MACHINES
from tests.model.profiles import run_small

pytestmark = pytest.mark.timeout(300)  # the search for the smallest program that fails takes a while


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("layer", marks=pytest.mark.needs("gearmand 1")),  # LocalGearman takes jobs in its order
    ],
)
def test_the_same_few_programs(name: str) -> None:
    run_small(MACHINES[name])
