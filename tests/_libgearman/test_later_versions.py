"""Functions of later libgearman versions are used if the loaded one has them; here a fake library adds them."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of, serving

SOURCE = Path(__file__).with_name("later_libgearman.c")
STAND_IN = "import ctypes; stand_in = ctypes.CDLL(None); from gearman_cffi.ext import capabilities as found\n"


@pytest.fixture(scope="module")
def later_libgearman(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The compiled fake library, for LD_PRELOAD."""
    library = tmp_path_factory.mktemp("later") / "later_libgearman.so"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gearmand"], capture_output=True, text=True, check=True)
    command = [shutil.which("cc") or "gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", str(library), str(SOURCE)]
    # It looks the functions of the real library up by name, which the linker does not see.
    command += ["-Wl,--no-as-needed", *flags.stdout.split(), "-ldl"]
    subprocess.run(command, check=True, timeout=30)
    return str(library)


def test_tls_of_workers(later_libgearman: str, tmp_path: Path) -> None:
    """capabilities has the function, and setSSL() passes the names of the files to it."""
    for name in ("ca", "certificate", "key"):
        (tmp_path / name).touch()
    program = """
        stand_in.tls_of_worker.restype = ctypes.c_char_p
        say(found.version, found.tls, found.has("gearman_worker_set_ssl"))
        say(GearmanWorker().setSSL(True, "ca", "certificate", "key"), stand_in.tls_of_worker().decode())
    """
    program = f"import os; os.chdir({str(tmp_path)!r})\n" + STAND_IN + dedented(program)
    with Child(program, LD_PRELOAD=later_libgearman) as child:
        child.expect("2.0.0 True True")
        child.expect("True 1 ca certificate key")


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("worker_of(*PORTS, reverse=lambda job, context: job.workload()[::-1]).work()", "True"),
        ("client_of(*PORTS).doNormal('reverse', 'abc')", "b'cba'"),
    ],
    ids=["worker", "client"],
)
def test_a_signal_ends_a_wait(later_libgearman: str, gearmand: Gearmand, call: str, answer: str) -> None:
    """Without interposition the option is used: the handler runs at once, and the call continues."""
    program = f"""
        signal.signal(signal.SIGUSR1, lambda *_: say("handled", stand_in.waits_ended_by_signals()))
        say(found.stop_wait_on_signal, found.interruptible_waits)
        say({call})
    """
    environment = {"LD_PRELOAD": later_libgearman, "GEARMAN_CFFI_NO_INTERPOSE": "1"}
    with Child(STAND_IN + dedented(program), gearmand.port, **environment) as child:
        child.expect("True False")
        child.await_blocked()
        ended = 0
        for _ in range(100):  # a signal between two waits does not end the next one
            child.send(signal.SIGUSR1)
            handled, _, count = child.line().partition(" ")
            assert handled == "handled"
            ended = int(count)
            if ended:
                break
        assert ended
        if "worker" in call:
            assert client_of(gearmand).doNormal("reverse", "abc") == b"cba"
            child.expect(answer)
        else:
            with serving(gearmand, reverse=lambda job, context: job.workload()[::-1]):
                child.expect(answer)


def dedented(program: str) -> str:
    """A program without the indentation that it has here."""
    return "\n".join(line.strip() for line in program.strip().splitlines()) + "\n"
