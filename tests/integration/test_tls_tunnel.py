"""The tunnel of docs/how-to/tls.md, with an own certificate authority, and Admin with TLS of its own."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gearman_cffi import Admin, Client, ConnectionFailed, ConnectionLost, GearmanError, InvalidArgument, Job
from gearman_cffi.admin import ServerTimeout
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers, running
from tests.support import HOST, ROOT, queued, wait_until

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
RIGHT_NAME = "subjectAltName=DNS:localhost,DNS:queue.example"
WRONG_NAME = "subjectAltName=DNS:other.example"


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, timeout=20, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with NAME.pem and NAME.key: two authorities, and certificates of each."""
    folder = tmp_path_factory.mktemp("certificates")

    def make(name: str, authority: str, subject_name: str, days: int = 2) -> None:
        request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
        extensions.write_text(subject_name)
        openssl("req", *EC, "-keyout", folder / f"{name}.key", "-out", request, "-subj", f"/CN={name}")
        signed_by: list[str | Path] = [
            "-CA",
            folder / f"{authority}.pem",
            "-CAkey",
            folder / f"{authority}.key",
            "-CAcreateserial",
        ]
        more: list[str | Path] = ["-extfile", extensions, "-days", str(days), "-out", folder / f"{name}.pem"]
        openssl("x509", "-req", "-in", request, *signed_by, *more)

    for authority in ("ca", "foreign-ca"):
        files: list[str | Path] = ["-keyout", folder / f"{authority}.key", "-out", folder / f"{authority}.pem"]
        usage = "keyUsage=critical,keyCertSign,cRLSign"  # Python 3.13 requires it of an authority
        openssl("req", "-x509", *EC, *files, "-subj", f"/CN={authority}", "-days", "2", "-addext", usage)
    make("server", "ca", RIGHT_NAME)
    make("server-foreign", "foreign-ca", RIGHT_NAME)
    make("server-wrong-name", "ca", WRONG_NAME)
    make("server-expired", "ca", RIGHT_NAME, days=0)
    make("client", "ca", WRONG_NAME)
    make("client-foreign", "foreign-ca", WRONG_NAME)
    make("client-expired", "ca", WRONG_NAME, days=0)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Tunnel:
    """One end of a tunnel: a stunnel process."""

    def __init__(self, folder: Path, port: int, *lines: str) -> None:
        self.port = port
        self._file = folder / f"{port}.conf"
        self._file.write_text("\n".join(["foreground = yes", "pid =", "[gearman]", f"accept = {HOST}:{port}", *lines]))
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(["stunnel", self._file], stderr=subprocess.DEVNULL)
        wait_until(self._listens, "stunnel listens")

    def _listens(self) -> bool:
        assert self._process.poll() is None, "stunnel has ended"
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), 5):
            return True
        return False

    def kill(self) -> None:
        """Ends the process without a word to its peers."""
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def server_end(certificates: Path, folder: Path, gearmand: Gearmand, certificate: str = "server") -> Iterator[Tunnel]:
    """The end at gearmand, which lets in clients with a certificate of the authority."""
    files = [f"cert = {certificates}/{certificate}.pem", f"key = {certificates}/{certificate}.key"]
    checks = [f"CAfile = {certificates}/ca.pem", "verifyChain = yes", "requireCert = yes"]
    tunnel = Tunnel(folder, free_port(), f"connect = {HOST}:{gearmand.port}", *files, *checks)
    try:
        yield tunnel
    finally:
        tunnel.kill()


@contextlib.contextmanager
def client_end(
    certificates: Path, folder: Path, server: Tunnel, certificate: str | None = "client"
) -> Iterator[Tunnel]:
    """The end at clients and workers, which checks the server's certificate and its name."""
    own = [f"cert = {certificates}/{certificate}.pem", f"key = {certificates}/{certificate}.key"] if certificate else []
    checks = [f"CAfile = {certificates}/ca.pem", "verifyChain = yes", "checkHost = queue.example"]
    tunnel = Tunnel(folder, free_port(), "client = yes", f"connect = {HOST}:{server.port}", *own, *checks)
    try:
        yield tunnel
    finally:
        tunnel.kill()


REFUSED = {
    "a foreign authority of the server": ("server-foreign", "client"),
    "another server's name": ("server-wrong-name", "client"),
    "an expired certificate of the server": ("server-expired", "client"),
    "no certificate of the client": ("server", None),
    "a foreign authority of the client": ("server", "client-foreign"),
    "an expired certificate of the client": ("server", "client-expired"),
}


class TestTunnel:
    """stunnel at both ends, as on the page."""

    def test_the_right_certificates(self, certificates: Path, tmp_path: Path, gearmand: Gearmand) -> None:
        """Jobs of every size go through it, from the client and to the worker, and a plain client gets nothing."""
        with (
            server_end(certificates, tmp_path, gearmand) as server,
            client_end(certificates, tmp_path, server) as tunnel,
            running(f"{HOST}:{tunnel.port}", handlers(reverse=lambda job: job.get_workload()[::-1])),
        ):
            client = Client(f"{HOST}:{tunnel.port}", timeout=20)
            assert client.execute_job("reverse", "olleh") == "hello"
            assert client.execute_job("reverse", "ab" * 500_000) == "ba" * 500_000
            assert client.execute_jobs([Job("reverse", f"{number}") for number in range(30)])
            with pytest.raises(GearmanError):
                Client(f"{HOST}:{server.port}", timeout=1).execute_job("reverse", "in plain text")

    @pytest.mark.parametrize(("server_has", "client_has"), REFUSED.values(), ids=list(REFUSED))
    def test_refused(
        self, certificates: Path, tmp_path: Path, gearmand: Gearmand, server_has: str, client_has: str | None
    ) -> None:
        """The call raises within its timeout, and nothing reaches gearmand."""
        with (
            server_end(certificates, tmp_path, gearmand, server_has) as server,
            client_end(certificates, tmp_path, server, client_has) as tunnel,
        ):
            client = Client(f"{HOST}:{tunnel.port}", timeout=10)
            with pytest.raises((ConnectionLost, ConnectionFailed)):
                client.execute_job("reverse", "x")
            with pytest.raises((ConnectionLost, ConnectionFailed)):
                client.execute_in_background("reverse", "x")
            assert queued(gearmand, "reverse") == 0

    @pytest.mark.parametrize("server_has", ["server", "server-foreign", "server-wrong-name", "server-expired"])
    def test_the_sidecar(self, certificates: Path, tmp_path: Path, gearmand: Gearmand, server_has: str) -> None:
        """The configuration for containers, with the addresses and files of this test, verifies the server too."""
        page = (ROOT / "docs/how-to/tls.md").read_text("utf-8")
        text = textwrap.dedent(page.partition("stunnel.conf: |\n")[2].partition("---\n")[0]).partition("[gearman]\n")[2]
        with server_end(certificates, tmp_path, gearmand, server_has) as server:
            for there, here in {
                "queue.example:4741": f"{HOST}:{server.port}",
                "/tls/tls.crt": f"{certificates}/client.pem",
                "/tls/tls.key": f"{certificates}/client.key",
                "/tls/ca.crt": f"{certificates}/ca.pem",
            }.items():
                assert there in text
                text = text.replace(there, here)
            tunnel = Tunnel(tmp_path, free_port(), *(line for line in text.splitlines() if "accept" not in line))
            client = Client(f"{HOST}:{tunnel.port}", timeout=20)
            try:
                if server_has == "server":
                    client.execute_in_background("reverse", "x")
                else:
                    with pytest.raises((ConnectionLost, ConnectionFailed)):
                        client.execute_in_background("reverse", "x")
            finally:
                tunnel.kill()
            assert queued(gearmand, "reverse") == (server_has == "server")

    def test_it_is_killed_in_the_middle(self, certificates: Path, tmp_path: Path, gearmand: Gearmand) -> None:
        """The client that waits for a job gets an error; with a new tunnel the client and the worker go on."""
        at_work, go_on = threading.Event(), threading.Event()
        caught: list[BaseException] = []

        def slow(job: Job) -> str:
            at_work.set()
            assert go_on.wait(20)
            return "done"

        with (
            server_end(certificates, tmp_path, gearmand) as server,
            client_end(certificates, tmp_path, server) as tunnel,
            running(f"{HOST}:{tunnel.port}", handlers(slow=slow)),
        ):
            client = Client(f"{HOST}:{tunnel.port}", timeout=20)

            def wait_for_it() -> None:
                with pytest.raises(ConnectionLost) as error:
                    client.execute_job("slow", 1)
                caught.append(error.value)

            waiting = threading.Thread(target=wait_for_it, daemon=True)
            waiting.start()
            assert at_work.wait(20)
            tunnel.kill()
            waiting.join(20)
            go_on.set()
            assert f"lost the connection to {HOST}:{tunnel.port}" in str(caught[0])
            tunnel.start()
            assert client.execute_job("slow", 2) == "done"


class TestAdmin:
    """Admin at the server's end of the tunnel, without one of its own."""

    def context(self, certificates: Path, certificate: str | None = "client", ca: str = "ca") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(certificates / f"{ca}.pem"))
        if certificate:
            context.load_cert_chain(certificates / f"{certificate}.pem", certificates / f"{certificate}.key")
        return context

    def test_the_right_certificates(self, certificates: Path, tmp_path: Path, gearmand: Gearmand) -> None:
        """Commands with a list and with one answer, of one server and of each."""
        with server_end(certificates, tmp_path, gearmand) as server:
            admin = Admin(f"localhost:{server.port}", tls=self.context(certificates))
            admin.create_function("f")
            assert [row.function for row in admin.status()] == ["f"]
            assert list(admin.version().values()) == list(Admin(gearmand.address).version().values())
            (answer,) = admin.gather(Admin.status).values()
            assert answer == admin.status()

    @pytest.mark.parametrize(
        ("certificate", "reason"),
        [
            ("server-foreign", "unable to get local issuer certificate"),
            ("server-wrong-name", "Hostname mismatch"),
            ("server-expired", "certificate has expired"),
        ],
    )
    def test_a_wrong_server(
        self, certificates: Path, tmp_path: Path, gearmand: Gearmand, certificate: str, reason: str
    ) -> None:
        """The error names the server and the reason."""
        with server_end(certificates, tmp_path, gearmand, certificate) as server:
            admin = Admin(f"localhost:{server.port}", tls=self.context(certificates))
            with pytest.raises(
                ConnectionFailed, match=f"the certificate of localhost:{server.port} is refused: {reason}"
            ):
                admin.status()

    @pytest.mark.parametrize("certificate", [None, "client-foreign", "client-expired"])
    def test_a_wrong_client(
        self, certificates: Path, tmp_path: Path, gearmand: Gearmand, certificate: str | None
    ) -> None:
        """The server ends the connection."""
        with (
            server_end(certificates, tmp_path, gearmand) as server,
            pytest.raises((ConnectionLost, ConnectionFailed)),
        ):
            Admin(f"localhost:{server.port}", tls=self.context(certificates, certificate)).status()

    def test_a_server_without_tls(self, certificates: Path, gearmand: Gearmand) -> None:
        """Nothing is sent in plain text."""
        with pytest.raises((ConnectionLost, ConnectionFailed, ServerTimeout)):
            Admin(f"localhost:{gearmand.port}", timeout=2, tls=self.context(certificates)).status()

    def test_a_silent_server(self, certificates: Path) -> None:
        """The timeout bounds the handshake."""
        with socket.create_server((HOST, 0)) as listener:
            admin = Admin(f"localhost:{listener.getsockname()[1]}", timeout=0.3, tls=self.context(certificates))
            with pytest.raises(ServerTimeout, match="within"):
                admin.version()

    def test_a_context_that_verifies_nothing(self) -> None:
        """It is refused before anything connects."""
        context = ssl.create_default_context()
        context.check_hostname = False
        with pytest.raises(InvalidArgument, match="does not verify the server"):
            Admin("localhost:4730", tls=context)
        context.verify_mode = ssl.CERT_NONE
        with pytest.raises(InvalidArgument, match="does not verify the server"):
            Admin("localhost:4730", tls=context)
