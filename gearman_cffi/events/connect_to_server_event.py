"""The events around connecting."""

from __future__ import annotations

from gearman_cffi.events.event import Event
from gearman_cffi.servers import ServerCollection


class ConnectToServerEvent(Event):
    """The worker is given its servers: server_on_connect before that, server_on_connected after it.

    server_on_connected comes once more whenever a server is back after none could be reached.
    """

    __slots__ = ("servers",)

    def __init__(self, name: str, servers: ServerCollection) -> None:
        super().__init__(name)
        self.servers = servers

    def get_server_collection(self) -> ServerCollection:
        """The worker's servers."""
        return self.servers
