"""The events around connecting."""

from __future__ import annotations

from gearman_cffi.events.event import Event
from gearman_cffi.servers import ServerCollection


class ConnectToServerEvent(Event):
    """worker.server_on_connect before the worker connects, worker.server_on_connected after it has its servers.

    worker.server_on_connected is dispatched again when a server is back after none could be reached.

    Attributes:
        servers: The worker's ServerCollection.

    Example:
            def on_connected(event: ConnectToServerEvent):
                logger.info("connected to %s", event.servers)

            dispatcher.add_listener(EventName.CONNECTED_TO_SERVER, on_connected)
    """

    __slots__ = ("servers",)

    def __init__(self, name: str, servers: ServerCollection) -> None:
        super().__init__(name)
        self.servers = servers
