"""The GearmanClient of a Client. It is created on first use, once per process, and gets each server once."""

from __future__ import annotations

import os
import threading
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


class Connection:
    """A collection of servers and the GearmanClient that has them.

    timeout_ms is the GearmanClient's own timeout, connect_ms the limit for opening a connection; None for no limit.
    Calls of a Client pass their timeouts one by one.
    """

    def __init__(self, servers: ServerCollection, timeout_ms: int | None, connect_ms: int | None) -> None:
        self.servers = servers
        self._limits = _Limits(timeout_ms, connect_ms)
        self.set_client(None)

    def set_client(self, client: GearmanClient | None) -> None:
        """Uses this GearmanClient from now on, and adds the servers to it on the next get(); None creates a new one."""
        self._setup = _Setup(self.servers, self._limits, client)

    def get(self) -> GearmanClient:
        """Returns the GearmanClient, with all servers that are in the collection now.

        Raises NoServers if the collection is empty, ConnectionFailed if no host name can be resolved.
        """
        setup = self._setup  # another thread's call may replace it
        if setup.process != os.getpid():  # a forked child must not use its parent's connection
            setup = self._setup = _Setup(self.servers, self._limits, None)
        return setup.get()


class _Limits:
    """The limits of a GearmanClient, in milliseconds; NO_TIMEOUT for none."""

    def __init__(self, timeout_ms: int | None, connect_ms: int | None) -> None:
        self.call = NO_TIMEOUT if timeout_ms is None else timeout_ms
        self.connect = NO_TIMEOUT if connect_ms is None else connect_ms
        self.query = min((limit for limit in (timeout_ms, connect_ms) if limit is not None), default=NO_TIMEOUT)


class _Setup:
    """A GearmanClient, and which servers of the collection it has."""

    def __init__(self, servers: ServerCollection, limits: _Limits, client: GearmanClient | None) -> None:
        self.process = os.getpid()
        self._servers = servers
        self._limits = limits
        self._client = client
        self._is_supplied = client is not None
        self._lock = threading.RLock()  # one thread creates the client, the others wait for it
        self._added = 0  # how many servers of the collection the GearmanClient was given
        self._resolved = 0  # how many of these have a host name that could be resolved

    def get(self) -> GearmanClient:
        """Does what Connection.get() does."""
        client = self._client
        if client is not None and self._added == len(self._servers):
            return client
        with self._lock:
            return self._set_up()

    def _set_up(self) -> GearmanClient:
        """Creates the GearmanClient if there is none, and adds the servers that it lacks."""
        if not self._servers and not self._is_supplied:
            raise NoServers("there is no server to ask: give the client at least one, such as 'localhost:4730'")
        client = self._client
        if client is None:
            client = self._client = NonWarningClient()
            client._enable_exceptions()
        client._set_connect_timeout(self._limits.connect)
        unknown = self._add_new(client)
        if unknown and not self._resolved:
            self._added = 0  # resolve the names again in the next call
            raise failure(ReturnCode.GETADDRINFO, server=str(self._servers), detail=client.error())
        for server in unknown:
            warnings.warn(GearmanWarning(f"{server} is left out: its host name cannot be resolved"), stacklevel=6)
        return client

    def _add_new(self, client: GearmanClient) -> list[Server]:
        """Adds the servers that are new in the collection; returns those whose host names cannot be resolved."""
        unknown = []
        for server in self._servers.get_servers()[self._added :]:
            if self._add(client, server):
                self._resolved += 1
            else:
                unknown.append(server)
            self._added += 1  # not if addServer() raised, because another thread uses the client
        return unknown

    def _add(self, client: GearmanClient, server: Server) -> bool:
        """Adds one server; returns False if its host name cannot be resolved.

        addServer() of a GearmanClient that the caller supplied connects to all servers so far, and raises
        GearmanException if one of them does not answer. The server is added nevertheless; the next request tries it.
        """
        client.setTimeout(self._limits.query)
        try:
            return client.addServer(server.host, server.port, self._is_supplied)
        except GearmanWarning:  # the supplied client warns, and warnings are errors
            return False
        except GearmanException:
            return True
        finally:
            client.setTimeout(self._limits.call)
