"""One connection of a Client: a GearmanClient, which gets each server of the collection once."""

from __future__ import annotations

import copy
import warnings
from typing import ClassVar

from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import GearmanException, NoServers
from gearman_cffi.ext import GearmanClient, GearmanWarning, ReturnCode
from gearman_cffi.servers import Server, ServerCollection

NO_TIMEOUT = -1


class NonWarningClient(GearmanClient):
    """A GearmanClient that reports failures by its return code only, because Client raises exceptions for them.

    It does not read GEARMAN_SERVERS: ServerCollection does.
    """

    _from_environment: ClassVar[bool] = False

    def _warn(self, call: str, text: str | None = None) -> None:
        pass


class ConnectionLimits:
    """The limits of a GearmanClient, in milliseconds; NO_TIMEOUT for none.

    timeout_ms is the GearmanClient's own timeout, connect_ms the limit for opening a connection; None for no limit.
    Calls of a Client pass their timeouts one by one.
    """

    def __init__(self, timeout_ms: int | None, connect_ms: int | None) -> None:
        self.call = NO_TIMEOUT if timeout_ms is None else timeout_ms
        self.connect = NO_TIMEOUT if connect_ms is None else connect_ms
        self.query = min((limit for limit in (timeout_ms, connect_ms) if limit is not None), default=NO_TIMEOUT)


class Connection:
    """A GearmanClient, and which servers of the collection it has. One thread at a time may use it.

    supplied: the GearmanClient of the caller; None creates a new one.
    """

    def __init__(
        self, servers: ServerCollection, limits: ConnectionLimits, supplied: GearmanClient | None = None
    ) -> None:
        self.client = NonWarningClient() if supplied is None else supplied
        self.idle_since = 0.0  # by time.monotonic()
        self._is_supplied = supplied is not None
        self._servers = servers
        self._limits = limits
        self._added = 0  # how many servers of the collection the GearmanClient was given
        self._resolved = 0  # how many of these have a host name that could be resolved
        if supplied is None:
            self.client._enable_exceptions()
        self.client._set_connect_timeout(limits.connect)

    def copy(self) -> Connection:
        """Returns another one with the same servers and settings. What one leaves out, the other does too."""
        twin = copy.copy(self)
        twin.client = self.client._clone(NonWarningClient)
        return twin

    def prepare(self) -> None:
        """Adds the servers that are new in the collection.

        Raises NoServers if the collection is empty, ConnectionFailed if no host name can be resolved.
        """
        if not self._added or self._added != len(self._servers):
            self._add_servers()

    def _add_servers(self) -> None:
        if not self._servers and not self._is_supplied:
            raise NoServers("there is no server to ask: give the client at least one, such as 'localhost:4730'")
        unknown = self._add_new()
        if unknown and not self._resolved:
            self._added = 0  # resolve the names again in the next call
            raise failure(ReturnCode.GETADDRINFO, server=str(self._servers), detail=self.client.error())
        for server in unknown:
            warnings.warn(GearmanWarning(f"{server} is left out: its host name cannot be resolved"), stacklevel=7)

    def _add_new(self) -> list[Server]:
        """Adds the servers that are new in the collection; returns those whose host names cannot be resolved."""
        unknown = []
        for server in self._servers.get_servers()[self._added :]:
            if self._add(server):
                self._resolved += 1
            else:
                unknown.append(server)
            self._added += 1  # not if addServer() raised, because another thread uses the client
        return unknown

    def _add(self, server: Server) -> bool:
        """Adds one server; returns False if its host name cannot be resolved.

        addServer() of a GearmanClient that the caller supplied connects to all servers so far, and raises
        GearmanException if one of them does not answer. The server is added nevertheless; the next request tries it.
        """
        client = self.client
        client.setTimeout(self._limits.query)
        try:
            return client.addServer(server.host, server.port, self._is_supplied)
        except GearmanWarning:  # the supplied client warns, and warnings are errors
            return False
        except GearmanException:
            return True
        finally:
            client.setTimeout(self._limits.call)
