"""The addresses in texts of the documentation, and the servers that a test has in their place."""

from __future__ import annotations

import re
from contextlib import ExitStack

from gearman_cffi.testing import Gearmand

# An address in code and in commands: "10.0.0.5:4730", ("127.0.0.1", 4730), --port=4730.
_ADDRESS = re.compile(r"\b(127\.0\.0\.1|localhost|10\.0\.0\.\d+)(:|\", )(47\d\d)\b|(--port=)(47\d\d)\b")
_OTHER_PORTS = range(4740, 4750)  # for servers that are not gearmands


class Addresses:
    """Starts a gearmand for each address that a text has. They end with the block."""

    def __init__(self) -> None:
        self.servers: dict[tuple[str, int], Gearmand] = {}
        self.starts_servers = True  # otherwise a program of the text does
        self._stack = ExitStack()

    def __enter__(self) -> Addresses:
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def here(self, text: str) -> str:
        """The text with the addresses of the test's servers instead of its own."""

        def replace(found: re.Match[str]) -> str:
            if found[4]:
                return f"{found[4]}{self.server('127.0.0.1', int(found[5])).port}"
            server = self.server(found[1].replace("localhost", "127.0.0.1"), int(found[3]))
            return f"{server.host}{found[2]}{server.port}"

        return _ADDRESS.sub(replace, text)

    def there(self, text: str) -> str:
        """The text with its own addresses instead of those of the test's servers."""
        for (host, port), server in self.servers.items():
            text = text.replace(server.address, f"{host}:{port}").replace(str(server.port), str(port))
        return text

    def server(self, host: str = "127.0.0.1", port: int = 4730) -> Gearmand:
        """The server for an address. It is stopped if another program uses its port."""
        server = self.servers.get((host, port))
        if server is None:
            server = self.servers[host, port] = self._stack.enter_context(Gearmand())
            if not self.starts_servers or port in _OTHER_PORTS:
                server.stop()
        return server
