"""The GearmanClient behind a Client: made on first use, once for each process, with every server added once."""

from __future__ import annotations

import os
import threading
import warnings
from contextlib import suppress

from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import GearmanException, NoServers
from gearman_cffi.ext import GearmanClient, GearmanWarning, ReturnCode
from gearman_cffi.servers import Server, ServerCollection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

# Adding a server to a client that was given asks it for an option. Without a limit a server that accepts and says
# nothing would hold a client for ever that has other servers to turn to.
CONNECT_MILLISECONDS = 10_000
NO_TIMEOUT = -1


class SilentClient(GearmanClient):
    """A GearmanClient that reports by its return code alone: here, failures are raised.

    It has the servers of the collection only. GEARMAN_SERVERS is read by ServerCollection, in one place.
    """

    _from_environment: ClassVar[bool] = False

    def _warn(self, call: str, text: str | None = None) -> None:
        pass


class Connection:
    """Servers and, once it is needed, a GearmanClient that has them.

    timeout, in ms, is that of the GearmanClient outside submissions, which bring their own.
    """

    def __init__(self, servers: ServerCollection, timeout: int | None) -> None:
        self.servers = servers
        self._timeout = NO_TIMEOUT if timeout is None else timeout
        self.use(None)

    def use(self, client: GearmanClient | None) -> None:
        """Takes this GearmanClient from now on, and adds the servers to it; None has one made."""
        self._client = client
        self._given = client is not None
        self._process = os.getpid()
        self._setup = threading.RLock()  # one thread makes the client, and others wait for it
        self._added = 0  # how many of the collection's servers were given to the GearmanClient ...
        self._resolved = 0  # ... and how many of them have a host that could be looked up

    def get(self) -> GearmanClient:
        """The GearmanClient. Servers that were added to the collection since the last call are added to it.

        Raises NoServers where there is none, ConnectionFailed where no host of them can be looked up.
        """
        client = self._client
        if client is not None and self._added == len(self.servers) and self._process == os.getpid():
            return client  # which is how it is but for the first call
        if self._process != os.getpid():
            self.use(None)  # a forked child: the connection is its parent's
        with self._setup:
            return self._set_up()

    def _set_up(self) -> GearmanClient:
        """Makes the GearmanClient if there is none, and adds the servers that it lacks."""
        if not self.servers and not self._given:
            raise NoServers("there is no server to ask: give the client at least one, such as 'localhost:4730'")
        if self._client is None:
            self._client = SilentClient()
            self._client._expect_exceptions()
        unknown = self._add_new(self._client)
        if unknown and not self._resolved:
            self._added = 0  # the next call looks the names up again
            raise failure(ReturnCode.GETADDRINFO, server=str(self.servers), detail=self._client.error())
        for server in unknown:
            warnings.warn(GearmanWarning(f"{server} is left out: its host is unknown"), stacklevel=5)
        return self._client

    def _add_new(self, client: GearmanClient) -> list[Server]:
        """Adds what is not added yet; returns those whose hosts cannot be looked up."""
        unknown = []
        for server in self.servers.get_servers()[self._added :]:
            if self._add(client, server):
                self._resolved += 1
            else:
                unknown.append(server)
            self._added += 1  # not before: a call of another thread may have refused the server
        return unknown

    def _add(self, client: GearmanClient, server: Server) -> bool:
        """Adds one server; False where its host cannot be looked up.

        Our own client asks for exceptions as each connection is opened, within the timeout of the call that opens it.
        GearmanException says that some server so far does not answer, which may be another one than this.
        Whether one does is for the submission to find out: an unreachable server is in the list all the same.
        """
        shorter = 0 < self._timeout < CONNECT_MILLISECONDS
        client.setTimeout(self._timeout if shorter else CONNECT_MILLISECONDS)
        try:
            with suppress(GearmanWarning):  # of a given client, where warnings are errors
                return client.addServer(server.host, server.port, self._given)
        except GearmanException:
            return True
        finally:
            client.setTimeout(self._timeout)
        return False
