"""Looks host names up without blocking the event loop: libgearman would block it."""

from __future__ import annotations

import asyncio
import socket
import warnings
from asyncio import AbstractEventLoop

from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import NoServers
from gearman_cffi.ext import GearmanWarning, ReturnCode
from gearman_cffi.servers import Server, ServerCollection

# How long a name may take, in seconds.
LOOKUP_SECONDS = 10.0

Addresses = list[list[tuple[str, int]]]


def is_numeric(host: str) -> bool:
    """Whether a host is an IPv4 or IPv6 address, so that nothing needs to be looked up."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except OSError:
            continue
        return True
    return False


async def look_up(loop: AbstractEventLoop, servers: ServerCollection) -> Addresses:
    """Returns the addresses of each server, in the order in which they are tried: last to first.

    A server whose name is unknown is left out, with a GearmanWarning. Raises NoServers if the collection is empty,
    ConnectionFailed if no name can be resolved.
    """
    if not servers:
        raise NoServers("there is no server to ask: give the client at least one, such as 'localhost:4730'")
    found: Addresses = []
    unknown: dict[Server, str] = {}
    for server in servers:
        try:
            found.append(await _addresses(loop, server))
        except (OSError, UnicodeError) as error:
            unknown[server] = f"{server} getaddrinfo:{getattr(error, 'strerror', None) or error}"
    if not found:
        raise failure(ReturnCode.GETADDRINFO, server=str(servers), detail=list(unknown.values())[-1])
    for server in unknown:
        warnings.warn(GearmanWarning(f"{server} is left out: its host name cannot be resolved"), stacklevel=2)
    return found[::-1]


async def _addresses(loop: AbstractEventLoop, server: Server) -> list[tuple[str, int]]:
    """Raises OSError or UnicodeError if the name is unknown."""
    if is_numeric(server.host):
        return [(server.host, server.port)]
    looking = loop.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    try:
        entries = await asyncio.wait_for(looking, LOOKUP_SECONDS)
    except asyncio.TimeoutError:
        raise OSError(f"no answer in {LOOKUP_SECONDS:g} seconds") from None
    return list(dict.fromkeys((str(address[0]), server.port) for *_, address in entries))
