"""Conversations with a server that spoils its answers: documented errors, no crash, no hang, and right answers later.

The same few each time. script/fuzz has others, and shows what is left of a conversation that fails.
"""

from __future__ import annotations

import pytest

from gearman_cffi.testing import Gearmand
from tests.hostile.conversations import PROGRAMS, converse

GROUPS = [range(1, 9), range(9, 17)]


@pytest.mark.parametrize("seeds", GROUPS, ids=lambda seeds: f"seeds {seeds[0]} to {seeds[-1]}")
@pytest.mark.parametrize("name", PROGRAMS)
def test_conversations(name: str, seeds: range) -> None:
    """Calls return or raise what is documented, within their timeouts, and keep no descriptors and no memory.

    Afterwards a client gets the right answer, and a worker runs a job of a real server.
    """
    with Gearmand() as real:
        assert list(converse(name, seeds, real)) == list(seeds)
