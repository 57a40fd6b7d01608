"""Several servers: no call hangs although its answer has arrived (Q04). tests/stress has a long version."""

from __future__ import annotations

import pytest

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
