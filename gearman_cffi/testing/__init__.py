"""For tests: a private gearmand, and handlers that run without a server.

Gearmand starts the system's gearmand on a free port. pytest has it as the fixtures `gearmand` and `shared_gearmand`
(see gearman_cffi.pytest_plugin), which need no set-up. Elsewhere:

    with Gearmand() as server:
        client = Client(server.address)

LocalGearman runs the handlers of a JobCollection in the process of the test:

    local = LocalGearman(jobs)
    assert local.client.execute_job("reverse", "abc") == "cba"
"""

from __future__ import annotations

from gearman_cffi.testing.errors import GearmandError, GearmandNotFound
from gearman_cffi.testing.local import DoneJob, LocalGearman, LocalJob
from gearman_cffi.testing.server import Gearmand

__all__ = ["DoneJob", "Gearmand", "GearmandError", "GearmandNotFound", "LocalGearman", "LocalJob"]
