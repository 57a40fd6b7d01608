"""What differs with libgearman 2.0 and later; here a library in front of the system's pretends to be one."""

from __future__ import annotations

import shutil
import socket
import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests._libgearman.fake_servers import fake_server, packet
from tests.support import WITHOUT_INTERPOSITION, Child, preloaded

SOURCE = Path(__file__).with_name("later_libgearman.c")
CREATED, DATA, COMPLETE, FAIL, EXCEPTION = 8, 28, 13, 14, 25


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment of a program that has the pretended library."""
    library = tmp_path_factory.mktemp("later") / "later_libgearman.so"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gearmand"], capture_output=True, text=True, check=True)
    # -fno-builtin: it calls strncmp(), as libgearman does. It looks the functions of the real library up by name, which
    # the linker does not see.
    command = [shutil.which("cc") or "gcc", "-shared", "-fPIC", "-fno-builtin", "-Wall", "-Werror", "-o", str(library)]
    command += [str(SOURCE), "-Wl,--no-as-needed", *flags.stdout.split(), "-ldl"]
    subprocess.run(command, check=True, timeout=30)
    return {**preloaded(library), "LATER_VERSION": "2.0.0"}


@pytest.mark.parametrize("version", ["2.0.0", "", "0.0.0", "e4f600b6"])
def test_it_is_known_by_what_it_exports(later: Mapping[str, str], version: str) -> None:
    """The version of a library that was built from an archive or a checkout can be anything."""
    program = """
    from gearman_cffi.ext import capabilities as found
    say(repr(found.version), found.submits_newest_first, found.stop_wait_on_signal, found.needs_interposition)
    say(found.has("gearman_worker_set_ssl"), found.interruptible_waits, found.tls)
    """
    with Child(program, **{**later, "LATER_VERSION": version}) as child:
        child.expect(f"{version!r} False True True")
        child.expect("True True True")


def test_without_interposition_it_is_refused(later: Mapping[str, str]) -> None:
    """import raises an ImportError with the reason and the remedy."""
    with Child("", **later, **WITHOUT_INTERPOSITION) as child:
        assert child.end() == 1
        assert "ImportError: gearman-cffi cannot load libgearman" in child.errors()
        assert "libgearman 2.0.0 gives the answers of some jobs to other jobs" in child.errors()
        assert "GEARMAN_CFFI_NO_INTERPOSE" in child.errors()


def test_its_tls_is_refused(later: Mapping[str, str]) -> None:
    """It is there, and not safe: setSSL() raises before anything connects."""
    program = """
    for kind in GearmanClient, GearmanWorker:
        try: kind().setSSL(True, "ca.pem", "certificate.pem", "key.pem")
        except MissingCapabilityError as error: say(error)
    """
    reason = (
        "libgearman 2.0.0 cannot encrypt safely: its TLS checks no certificates, and a lost server crashes the process"
    )
    with Child("from gearman_cffi.ext import MissingCapabilityError\n" + textwrap.dedent(program), **later) as child:
        for _ in range(2):
            assert child.line().startswith(f"{reason}. Use a tunnel that verifies both sides, such as stunnel")


class TestHandles:
    """The pretended library gives a packet to the first task whose handle is its beginning (Q41)."""

    @pytest.mark.parametrize("pieces", [1, 5, 100_000], ids=["byte by byte", "five bytes", "at once"])
    def test_of_jobs_with_handles(self, later: Mapping[str, str], pieces: int) -> None:
        """Handles that begin alike are told apart, also those at the end of a packet, with whatever follows."""
        handles = [b"H:x:1", b"H:x:10", b"H:x:100", b"H:x:2"]
        answers = b"".join(packet(CREATED, handle) for handle in handles)
        wanted = []
        for number in (1, 0, 2, 3, 1, 0):
            answers += packet(DATA, handles[number], b"part") + packet(COMPLETE, handles[number], b"all")
            wanted += [f"{number} {DATA} part", f"{number} {COMPLETE} all"]
            for fail in (packet(FAIL, handles[number]), packet(FAIL, handles[number], b"")):
                answers += packet(FAIL, b"H:x:1000") + fail  # a short handle behind a long one
                wanted += [f"-1 {FAIL} ", f"{number} {FAIL} "]
        assert self.matched(later, answers, len(handles), pieces) == wanted

    @pytest.mark.parametrize("pieces", [1, 100_000], ids=["byte by byte", "at once"])
    def test_of_jobs_without_a_handle(self, later: Mapping[str, str], pieces: int) -> None:
        """A late packet is nobody's as long as the server has not named the job."""
        late = packet(COMPLETE, b"H:x:7", b"late") + packet(FAIL, b"H:x:7") + packet(EXCEPTION, b"H:x:7", b"late")
        answers = late + packet(CREATED, b"H:x:70") + late + packet(COMPLETE, b"H:x:70", b"own")
        wanted = [f"-1 {COMPLETE} late", f"-1 {FAIL} ", f"-1 {EXCEPTION} late"] * 2 + [f"0 {COMPLETE} own"]
        assert self.matched(later, answers, 2, pieces) == wanted

    def test_of_many_jobs_that_fail(self, later: Mapping[str, str]) -> None:
        """More than fit into libgearman's buffer, with the shortest handle there is."""
        count = 2000
        answers = packet(CREATED, b"H") + packet(FAIL, b"H") * count
        assert self.matched(later, answers, 1, 100_000) == [f"0 {FAIL} "] * count

    def matched(self, later: Mapping[str, str], answers: bytes, tasks: int, pieces: int) -> list[str]:
        """Which task gets each packet: its number and the command, with the data."""

        def serve(connection: socket.socket, number: int) -> None:
            connection.settimeout(20)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection.makefile("rb") as stream:
                stream.read(16 * tasks)  # all, or closing would reset the connection
            for at in range(0, len(answers), pieces):
                connection.sendall(answers[at : at + pieces])
            connection.shutdown(socket.SHUT_WR)

        program = """
        import ctypes
        packets_of_tasks = ctypes.CDLL(None).packets_of_tasks
        packets_of_tasks.restype = ctypes.c_char_p
        warnings.simplefilter("ignore")
        client = GearmanClient()
        client.addServer("127.0.0.1", *PORTS, False)
        client.addTask("f", "x")
        client.runTasks()
        for line in packets_of_tasks().decode().splitlines(): say(line)
        say("done")
        os._exit(0)
        """
        with fake_server(serve) as port:
            environment = {**later, "LATER_PORT": str(port), "LATER_TASKS": str(tasks)}
            with Child(program, port, **environment) as child:
                lines = []
                while (line := child.line()) != "done":
                    lines.append(line)
                return lines
