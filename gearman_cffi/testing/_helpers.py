"""Small parts of the test server that need no state: finding gearmand, free ports, the text protocol."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from contextlib import closing
from pathlib import Path

from gearman_cffi.testing.errors import GearmandError, GearmandNotFound

# Free ports are taken from below the range that systems give to outgoing connections. In that range a client
# that keeps trying a stopped server can be connected to itself, and then holds the port against a restart.
PORTS = range(10000, 32000)
SYSTEM_PATHS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/opt/homebrew/bin")


def find_gearmand() -> str:
    """The path of gearmand: $GEARMAND, or the first one in PATH and where systems put daemons."""
    program = os.environ.get("GEARMAND") or "gearmand"
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_PATHS])
    found = shutil.which(program, path=search)
    if found is None:
        raise GearmandNotFound.looked_for(program)
    return os.path.abspath(found)


def free_port(host: str) -> int:
    """A TCP port on which nobody listens right now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    problem: OSError | None = None
    for _ in range(50):
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((host, port))
            except OSError as error:
                problem = error
                continue
            return port
    raise GearmandError(f"cannot listen on {host}: {problem}") from problem


def ask(host: str, port: int, command: str, timeout: float, end: bytes = b"\n") -> str:
    """The answer to one command of gearmand's text protocol, up to and with its end; OSError without one."""
    answer = b""
    with closing(socket.create_connection((host, port), timeout)) as connection:
        connection.sendall(command.encode() + b"\n")
        while not answer.endswith(end):
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionError(f"no whole answer to {command!r} from port {port}")
            answer += piece
    return answer.decode("utf-8", "replace")


def stands_still(process: int) -> bool:
    """Whether all threads of a process are stopped. True where the system has no /proc to look into."""
    tasks = Path(f"/proc/{process}/task")
    if not tasks.is_dir():
        return True
    states = [(task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks.iterdir()]
    return all(state in ("T", "t") for state in states)
