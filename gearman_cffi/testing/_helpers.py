"""Functions that Gearmand uses: finding the program, free ports, the text protocol."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from contextlib import closing
from pathlib import Path

from gearman_cffi.testing.errors import GearmandError, GearmandNotFound

# Below the range from which systems take the ports of outgoing connections. In that range a client that retries a
# stopped server can connect to itself; the port is then in use when the server starts again.
PORTS = range(10000, 32000)
SYSTEM_PATHS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/opt/homebrew/bin")


def find_gearmand() -> str:
    """Returns the path of gearmand: $GEARMAND, or the first one in PATH and in the system's folders for daemons."""
    program = os.environ.get("GEARMAND") or "gearmand"
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_PATHS])
    found = shutil.which(program, path=search)
    if found is None:
        raise GearmandNotFound.looked_for(program)
    return os.path.abspath(found)


def free_port(host: str) -> int:
    """Returns a TCP port on which no program listens now."""
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
    """Returns the answer to a command of gearmand's text protocol, its end included. Raises OSError without one."""
    answer = b""
    with closing(socket.create_connection((host, port), timeout)) as connection:
        connection.sendall(command.encode() + b"\n")
        while not answer.endswith(end):
            data = connection.recv(65536)
            if not data:
                raise ConnectionError(f"incomplete answer to {command!r} from port {port}")
            answer += data
    return answer.decode("utf-8", "replace")


def is_stopped(process: int) -> bool:
    """Whether all threads of a process are stopped by a signal. True if the system has no /proc."""
    tasks = Path(f"/proc/{process}/task")
    if not tasks.is_dir():
        return True
    states = [(task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks.iterdir()]
    return all(state in ("T", "t") for state in states)
