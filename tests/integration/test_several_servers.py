"""Several servers: no call hangs although its answer has arrived (Q04), or a server hangs. tests/stress is longer."""

from __future__ import annotations

import pytest

from tests.stress import hanging_servers
from tests.stress.several_servers import run

PROCESSES = 12


@pytest.mark.parametrize("restarts", [False, True], ids=["quiet", "restarting"])
@pytest.mark.parametrize("servers", [2, 3])
def test_no_process_hangs(servers: int, restarts: bool) -> None:
    """Every call ends, and with the right answer if the servers stay up."""
    outcome = run(PROCESSES if not restarts else PROCESSES // 3, servers, restarts)
    assert outcome.failed == []
    assert outcome.hung == 0
    assert outcome.longest < 10
    if not restarts:
        assert outcome.unanswered == 0


@pytest.mark.parametrize("servers", [2, 3])
def test_servers_that_stand_still(servers: int) -> None:
    """Every process ends, and every job that a server has taken is done."""
    outcome = hanging_servers.run(4, servers)
    assert outcome.failed == []
    assert outcome.hung == 0
    assert outcome.acknowledged > 0
    assert outcome.lost == 0
