"""A private gearmand for tests, and a pytest plugin that hands it out.

The plugin is found by pytest by itself once the package is installed; its fixtures are `gearmand`
and `shared_gearmand` (see gearman_cffi.testing.plugin). Outside pytest:

    with Gearmand() as server:
        client.addServer(server.host, server.port)
"""

from __future__ import annotations

from gearman_cffi.testing.errors import GearmandError, GearmandNotFound
from gearman_cffi.testing.server import Gearmand

__all__ = ["Gearmand", "GearmandError", "GearmandNotFound"]
