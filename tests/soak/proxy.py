"""A TCP proxy whose connections can be cut."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from enum import Enum
from types import TracebackType
from typing import TypeVar

from gearman_cffi.testing._helpers import free_port
from tests.soak.plan import TCP_TIMEOUT
from tests.support import HOST

_Result = TypeVar("_Result")


class Cut(Enum):
    """How connections end."""

    CLOSED = "closed"
    RESET = "reset"
    TRUNCATED = "truncated in a packet"
    UNANSWERED = "lost before the next answer"


class Proxy:
    """Forwards connections to a port of this machine, in a thread, until the end of the block.

    busy: is locked while it refuses connections.
    """

    def __init__(self, target: int, chance: random.Random) -> None:
        self._target = target
        self._chance = chance
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy of {target}", daemon=True)
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self.port = free_port(HOST)
        self.busy = threading.Lock()

    def __enter__(self) -> Proxy:
        self._thread.start()
        self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()
        self.cut(Cut.CLOSED)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{HOST}:{self.port}"

    def listen(self) -> None:
        """Accepts connections."""

        async def listen() -> None:
            self._server = await asyncio.start_server(self._accept, HOST, self.port, limit=2**20)

        self._run(listen())

    def refuse(self) -> None:
        """Refuses connections until listen() is called."""

        async def refuse() -> None:
            assert self._server is not None
            self._server.close()

        self._run(refuse())

    def cut(self, how: Cut, only_pending: bool = False) -> int:
        """Ends connections; those that are TRUNCATED or UNANSWERED with the next data. Returns how many.

        only_pending: those that had no data since they were to be TRUNCATED or UNANSWERED.
        """

        async def cut() -> int:
            connections = [one for one in self._connections if one.pending or not only_pending]
            for connection in connections:
                connection.cut(how)
            return len(connections)

        return self._run(cut())

    def _run(self, coroutine: Coroutine[None, None, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection(HOST, self._target, limit=2**20)
        except OSError:
            writer.close()
            return
        connection = _Connection((reader, writer), there, self._chance)
        self._connections.add(connection)
        await connection.run()
        self._connections.discard(connection)


class _Connection:
    """A connection of a client or worker, and the one to the server."""

    def __init__(
        self,
        here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        chance: random.Random,
    ) -> None:
        self._pairs = ((here[0], there[1]), (there[0], here[1]))
        self._from_server = there[0]
        self._sockets: list[socket.socket] = [one[1].get_extra_info("socket") for one in (here, there)]
        self._chance = chance
        self.pending: Cut | None = None
        for one in self._sockets:  # detect a vanished host, as the package's own sockets do
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_TIMEOUT * 1000)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)

    async def run(self) -> None:
        """Forwards in both directions, until one of them ends."""
        pumps = [asyncio.ensure_future(self._pump(*pair)) for pair in self._pairs]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        self.cut(Cut.CLOSED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    def cut(self, how: Cut) -> None:
        """Ends the connection."""
        if how in (Cut.TRUNCATED, Cut.UNANSWERED):
            self.pending = how
            return
        for _, writer in self._pairs:
            if how is Cut.RESET:
                with suppress(OSError):
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(2**18):
                if self.pending is Cut.UNANSWERED and reader is self._from_server:
                    return
                if self.pending is Cut.TRUNCATED and len(data) > 1:
                    writer.write(data[: self._chance.randrange(1, len(data))])
                    await writer.drain()
                    return
                writer.write(data)
                await writer.drain()
