"""The state machines of this directory, with a few programs that are always the same. PHP is used if it is there."""

from __future__ import annotations

import pytest

from tests.model.machines import MACHINES
from tests.model.profiles import run_small

# A machine takes a few seconds, and many times that if much else runs. One step may wait for PHP for 45 seconds.
pytestmark = pytest.mark.timeout(180)


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
