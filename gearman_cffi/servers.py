"""Job servers and ordered collections of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gearman_cffi.messages import short_repr

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 4730
ENVIRONMENT = "GEARMAN_SERVERS"

_MAX_HOST = 255
_NOT_IN_A_HOST = re.compile(r"[\x00-\x20\x7f,\[\]/]")
_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::(.*))?")


@dataclass(frozen=True, order=True)
class Server:
    """The host and port of a gearmand.

    Args:
        host: A name or an address, an IPv6 address without brackets.
        port: From 1 to 65535.

    Raises:
        TypeError: The host is not a str or the port not an int.
        ValueError: The host is empty, too long or contains blanks, commas, brackets, slashes or NUL, or the port is out
            of range.

    Example:
            client = Client([Server("10.0.0.5", 4730), Server("10.0.0.6")])
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT

    def __post_init__(self) -> None:
        host, port = self.host, self.port
        if not isinstance(host, str):
            raise TypeError(f"a server's host must be a str, not {type(host).__name__}")
        if type(port) is not int:
            raise TypeError(f"a server's port must be an int, not {type(port).__name__}")
        if not host:
            raise ValueError(f"a server's host must not be empty; leave it out for {DEFAULT_HOST}")
        unfit = _NOT_IN_A_HOST.search(host)
        if unfit:
            raise ValueError(
                f"a server's host must not contain {unfit.group()!r}: {short_repr(host)}; "
                "Server.from_string() reads 'host:port' and '[::1]:4730'"
            )
        if len(host) > _MAX_HOST:
            raise ValueError(f"a server's host must have at most {_MAX_HOST} characters, not {len(host)}")
        if not 1 <= port <= 65535:
            raise ValueError(f"a server's port must be between 1 and 65535, not {short_repr(port)}")

    @classmethod
    def from_string(cls, text: str) -> Server:
        """Reads 'host', 'host:port', '::1', '[::1]' and '[::1]:4730'; the default port is 4730.

        Args:
            text: The text.

        Returns:
            The Server.

        Raises:
            ValueError: The text is not an address.
            TypeError: It is not a str.

        Example:
                server = Server.from_string("10.0.0.5:4731")
                assert server == Server("10.0.0.5", 4731)
        """
        if not isinstance(text, str):
            raise TypeError(f"a server must be given as a str such as 'host:port', not {type(text).__name__}")
        scheme, is_url, _ = text.partition("://")
        if is_url:
            scheme += is_url
            raise ValueError(f"invalid server address {short_repr(text)}: write host:port without {short_repr(scheme)}")
        bracketed = _BRACKETED.fullmatch(text)
        if bracketed:
            host, port = bracketed.groups()
        elif text.count(":") > 1:  # an IPv6 address without a port
            host, port = text, None
        else:
            host, colon, rest = text.partition(":")
            port = rest if colon else None
        if port is None:
            return cls(host)
        if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65535):
            raise ValueError(f"invalid server address {short_repr(text)}: port must be a number from 1 to 65535")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ServerCollection:
    """Servers in order. The same server may be in it more than once.

    A client submits to the server that was added last. If it cannot connect to it, it tries the others, last to first;
    that is libgearman's order.

    Args:
        servers: Server objects, strings ('host:port', or several with commas in between), or both.

    Raises:
        TypeError: An item is of another type.
        ValueError: A text is not an address.

    Example:
            servers = ServerCollection("10.0.0.5:4730,10.0.0.6:4730")
            client = Client(servers)
    """

    def __init__(self, servers: Iterable[Server | str] | Server | str = ()) -> None:
        self._servers: list[Server] = []
        if isinstance(servers, (Server, str)):
            servers = [servers]
        elif not isinstance(servers, Iterable):
            raise TypeError(f"servers must be 'host:port', a Server or several of them, not {short_repr(servers)}")
        for server in servers:
            if isinstance(server, str):
                self._servers.extend(_read_list(server))
            else:
                self.add(server)

    @classmethod
    def from_environment(cls) -> ServerCollection:
        """Returns the servers of the environment variable GEARMAN_SERVERS.

        Returns:
            The servers; 127.0.0.1:4730 if the variable is not set.

        Raises:
            ValueError: The variable has a text that is not an address.

        Example:
                servers = ServerCollection.from_environment()
                print("submitting to", servers)
        """
        text = os.environ.get(ENVIRONMENT, "").strip()
        if not text:
            return cls([Server()])
        try:
            return cls(text)
        except ValueError as error:
            raise ValueError(f"the environment variable {ENVIRONMENT}: {error}") from None

    def add(self, server: Server) -> None:
        """Adds a server at the end.

        Args:
            server: The Server.

        Raises:
            TypeError: It is not a Server.

        Example:
                servers = ServerCollection()
                servers.add(Server("10.0.0.5", 4730))
        """
        if not isinstance(server, Server):
            raise TypeError(
                f"expected a Server, not {type(server).__name__}; Server.from_string() makes one from a str"
            )
        self._servers.append(server)

    def get_servers(self) -> list[Server]:
        """Returns the servers in order.

        Returns:
            A new list.

        Example:
                for server in servers.get_servers():
                    print(server.host, server.port)
        """
        return list(self._servers)

    def __len__(self) -> int:
        return len(self._servers)

    def __iter__(self) -> Iterator[Server]:
        return iter(self.get_servers())

    def __contains__(self, server: object) -> bool:
        return server in self._servers

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServerCollection):
            return NotImplemented
        return self._servers == other._servers

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __str__(self) -> str:
        return ",".join(map(str, self._servers))

    def __repr__(self) -> str:
        return f"ServerCollection({str(self)!r})"


def servers_or_default(servers: ServerCollection | Iterable[Server | str] | Server | str | None) -> ServerCollection:
    """Returns the collection itself, or a new one of these servers; None for those of the environment."""
    if servers is None:
        return ServerCollection.from_environment()
    return servers if isinstance(servers, ServerCollection) else ServerCollection(servers)


def _read_list(text: str) -> Iterator[Server]:
    """Yields the servers of 'host:port,host:port'; blanks around an address are ignored."""
    for element in text.split(","):
        if not element.strip():
            raise ValueError(f"an address is missing in the list {short_repr(text)} (expected 'host:port,host:port')")
        yield Server.from_string(element.strip())
