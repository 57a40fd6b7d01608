"""For tests: a private gearmand, a pytest plugin that hands it out, and jobs that run without a server.

The plugin is found by pytest by itself once the package is installed; its fixtures are `gearmand`
and `shared_gearmand` (see gearman_cffi.pytest_plugin). Outside pytest:

    with Gearmand() as server:
        client.addServer(server.host, server.port)

LocalGearman runs the handlers of a JobCollection in the test's own process:

    local = LocalGearman(jobs)
    assert local.client.execute_job("reverse", "abc") == "cba"
"""

from __future__ import annotations

from gearman_cffi.testing.errors import GearmandError, GearmandNotFound
from gearman_cffi.testing.local import DoneJob, LocalGearman, LocalJob
from gearman_cffi.testing.server import Gearmand

__all__ = ["DoneJob", "Gearmand", "GearmandError", "GearmandNotFound", "LocalGearman", "LocalJob"]
