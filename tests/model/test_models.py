"""The state machines of this directory, with a few programs that are always the same. PHP is used if it is there."""

from __future__ import annotations

import pytest

from tests.model.machines import MACHINES
from tests.model.profiles import run_small


@pytest.mark.parametrize(
    "name",
    [
        "client",
        "worker",
        "retries",
        "scheduling",
        pytest.param("layer", marks=pytest.mark.needs("gearmand 1")),  # LocalGearman takes jobs in its order
    ],
)
def test_the_same_few_programs(name: str) -> None:
    run_small(MACHINES[name])
