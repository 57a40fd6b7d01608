"""The command with closed, full and abandoned standard streams, and with hostile texts from the network."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from gearman_cffi.testing import Gearmand
from tests.cli.programs import Terminal, environment_of, run
from tests.python_layer.workers import handlers, running

# Arguments, the exit code, and whether the command prints to stdout.
COMMANDS = [
    (["--help"], 0, True),
    (["no-such-command"], 2, False),
    (["top", "--once", "--json"], 0, True),
    (["workers"], 0, True),
    (["jobs"], 0, True),
    (["ping"], 0, True),
    (["version"], 0, True),
    (["status", "H:no:1"], 9, True),
    (["cancel", "H:no:1"], 9, False),
    (["submit", "echo", "text"], 0, True),
    (["submit", "echo", "text", "--serializer=raw"], 0, True),
    (["submit", "echo", "@/etc/hostname", "--lines"], 0, True),
    (["submit", "later", "text", "--background"], 0, True),
    (["submit", "fail", "text"], 5, False),
    (["submit", "echo", "@/no/such/file"], 1, False),
    (["worker", "no_such_module:jobs", "-p1"], 3, False),
    (["exporter", "--host=no-such-host.invalid"], 1, False),
]


@pytest.fixture
def server(gearmand: Gearmand) -> Iterator[Gearmand]:
    """A server with a worker."""

    def fail(job: object) -> None:
        raise ValueError("no good")

    with running(gearmand, handlers(echo=lambda job: job.get_workload(), fail=fail)):
        yield gearmand


def started(server: Gearmand, redirection: str, arguments: list[str]) -> subprocess.Popen[bytes]:
    """Starts the command with a redirection in bash's syntax; the other streams are pipes."""
    return subprocess.Popen(
        ["bash", "-c", f'exec "$@" {redirection}', "bash", sys.executable, "-m", "gearman_cffi", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment_of(server),
    )


def all_ended(server: Gearmand, redirection: str) -> Iterator[tuple[list[str], int, bool, int, str]]:
    """Runs all commands: arguments, expected exit code, whether it prints, exit code, and stderr without tracebacks."""
    for arguments, code, prints in COMMANDS:
        process = started(server, redirection, arguments)
        _, err = process.communicate(timeout=30)
        text = err.decode()
        assert "Exception ignored" not in text, (arguments, text)
        assert "Traceback" not in text or arguments[0] == "worker", (arguments, text)  # of the module's import
        yield arguments, code, prints, process.returncode, text


@pytest.mark.parametrize("redirection", [">&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_streams_without_effect(server: Gearmand, redirection: str) -> None:
    """A closed stdout or stderr, or a full stderr, does not change the exit code."""
    for arguments, code, _, ended, text in all_ended(server, redirection):
        assert ended == code, (arguments, text)


def test_full_stdout(server: Gearmand) -> None:
    """If the output cannot be written, the command prints one line and exits with code 1."""
    for arguments, code, prints, ended, text in all_ended(server, ">/dev/full"):
        assert ended == (1 if prints else code), (arguments, text)
        assert not prints or text == "gearman-cffi: cannot write to stdout: No space left on device\n", arguments


def test_broken_pipe(server: Gearmand) -> None:
    """If the reader of stdout has gone, as with `| head`, the command prints nothing and exits with code 1."""
    for arguments, code, prints in COMMANDS:
        read_end, write_end = os.pipe()
        os.close(read_end)
        process = subprocess.run(
            [sys.executable, "-m", "gearman_cffi", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=write_end,
            stderr=subprocess.PIPE,
            env=environment_of(server),
            timeout=30,
            check=False,
        )
        os.close(write_end)
        assert process.returncode == (1 if prints else code), (arguments, process.stderr)
        assert not prints or process.stderr == b"", arguments


def test_closed_stdin(server: Gearmand) -> None:
    """A closed stdin is an error, not an empty workload."""
    for arguments in (["submit", "echo", "-"], ["submit", "echo", "--lines"]):
        process = started(server, "<&-", arguments)
        assert process.communicate(timeout=30) == (b"", b"gearman-cffi: cannot read stdin: it is closed\n")
        assert process.returncode == 1


def test_limited_encoding(server: Gearmand) -> None:
    """Letters that the encoding of stdout does not have are escaped; the result of a job is not changed."""
    ended = run(server, "submit", "gr\xf6\xdfe", "x", "--background", "--timeout=5", PYTHONIOENCODING="ascii")
    assert ended.code == 0
    assert r"gr\xf6\xdfe" in run(server, "top", PYTHONIOENCODING="ascii").out
    assert run(server, "submit", "echo", "gr\xf6\xdfe", PYTHONIOENCODING="ascii").out == "gr\xf6\xdfe\n"


# ------------------------------------------------------------------------------------------------- hostile texts

# Its colour is one that the command never uses.
HOSTILE = "\x1b[35mred\x1b]0;title\x07\x9b31m\x7f\r\nINJECTED \u202e"
# Control characters including C1, and bidirectional formatting characters; not a line end.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\nINJECTED")


class HostileServer:
    """A server whose answers contain HOSTILE wherever possible."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            try:
                while start := stream.read(1):
                    if start == b"\0":
                        kind, size = struct.unpack(">II", stream.read(11)[3:])
                        connection.sendall(self._answer(kind, stream.read(size)))
                    else:
                        connection.sendall(self._text((start + stream.readline()).decode().strip()))
            except OSError:
                return

    def _text(self, command: str) -> bytes:
        text = HOSTILE.replace("\r\n", "\r")
        word = re.sub(r"\s", "", text)
        answers = {
            "status": f"name{text}\t5\t1\t0\n.\n",
            "workers": f"12 127.0.0.1 id{text} : name{word}\n.\n",
            "version": f"OK 1.1.20{text}\n",
            "show jobs": f"H:{word}\t0\t0\t1\n.\n",
        }
        return answers.get(command, f"ERR CODE{word} {word}\n").encode()

    def _answer(self, kind: int, data: bytes) -> bytes:
        handle = f"H:{HOSTILE}".encode()
        text = HOSTILE.encode()
        if kind == 26:  # OPTION_REQ
            return _packet(27, data)
        if kind == 15:  # GET_STATUS: waiting
            return _packet(20, data, b"1", b"0", b"0", b"0")
        if kind == 18:  # SUBMIT_JOB_BG
            return _packet(8, handle)
        created, function = _packet(8, handle), data.partition(b"\0")[0]
        warning = _packet(29, handle, b"careful" + text)
        if function == b"exception":
            return created + warning + _packet(25, handle, b"Error" + text + b": " + text)
        return created + warning + (_packet(14, handle) if function == b"fail" else _packet(13, handle, b"done"))


def _packet(kind: int, *arguments: bytes) -> bytes:
    data = b"\0".join(arguments)
    return b"\0RES" + struct.pack(">II", kind, len(data)) + data


@pytest.fixture
def hostile() -> Iterator[str]:
    with closing(HostileServer()) as server:
        yield server.address


HOSTILE_COMMANDS = [
    ["status", "H:x:1"],
    ["cancel", "H:x:1"],
    ["top", "--once"],
    ["top", "--once", "--json"],
    ["workers"],
    ["workers", "--json"],
    ["jobs"],
    ["jobs", "--json"],
    ["ping"],
    ["ping", "--json"],
    ["version"],
    ["version", "--json"],
    ["submit", "fail", "x"],
    ["submit", "exception", "x"],
    ["submit", "exception", "@/etc/hostname", "--lines"],
    ["submit", "done", "x"],
    ["submit", "done", "x", "--background"],
    ["submit", "done", "@/etc/hostname", "--background", "--lines"],
]


@pytest.mark.parametrize("arguments", HOSTILE_COMMANDS, ids=" ".join)
def test_hostile_texts(hostile: str, arguments: list[str]) -> None:
    """Texts from servers, workers and clients are escaped: on stderr, in pipes and on terminals."""
    ended = run(hostile, *arguments, "--timeout=5")
    shown = ended.out + ended.err
    assert UNSAFE.findall(shown) == [], shown
    assert "red" in shown or "done" in shown or arguments[0] == "status"
    with Terminal(hostile, 400, *arguments, "--timeout=5") as terminal:
        text = re.sub("\x1b\\[(?!35)[0-9;]*m", "", terminal.text_at_end().replace("\r\n", "\n"))  # its own styles
    assert UNSAFE.findall(text) == [], text


def test_json_stays_json(hostile: str) -> None:
    """JSON documents have JSON's escapes."""
    (row,) = json.loads(run(hostile, "workers", "--json").out)
    assert row["id"] == "id" + HOSTILE.replace("\r\n", "\r")


def test_a_result_is_data(server: Gearmand) -> None:
    """`submit` writes a result unchanged."""
    assert run(server, "submit", "echo", "\x1b[31mred").out == "\x1b[31mred\n"
