"""However the process that started a private gearmand ends, gearmand ends too."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from gearman_cffi.testing import Gearmand
from tests.support import wait_until


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


OWNER = textwrap.dedent(
    """
    import os, signal, sys, time
    from gearman_cffi.testing import Gearmand
    server = Gearmand().start()
    {before}
    print(server.pid, flush=True)
    {after}
    """
)


def run_owner(before: str, after: str) -> tuple[subprocess.Popen[str], int]:
    """Starts a process that starts a gearmand; yields both, gearmand by its process id."""
    script = OWNER.format(before=before, after=after)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        return process, int(process.stdout.readline())


class TestEndOfTheOwner:
    """However the process that started it ends, gearmand ends too."""

    @pytest.mark.parametrize(
        "end",
        [
            "os.kill(os.getpid(), signal.SIGKILL)",
            "os._exit(3)",
            "os.abort()",
            "sys.exit(0)",
            "raise SystemError",
            "os.execv(sys.executable, [sys.executable, '-c', ''])",
        ],
    )
    def test_it_ends_with_its_owner(self, end: str) -> None:
        process, pid = run_owner("os.dup2(os.open(os.devnull, os.O_WRONLY), 2)", end)
        process.wait(20)
        wait_until(lambda: not is_running(pid), "gearmand is gone")

    def test_a_forked_child_does_not_keep_it_alive(self) -> None:
        """The child has the owner's pipe open. The end of the owner is detected nevertheless."""
        before = "child = os.fork()\nif not child: os.close(1); time.sleep(60); os._exit(0)"
        process, pid = run_owner(before, "print(child, flush=True); os.kill(os.getpid(), signal.SIGKILL)")
        process.wait(20)
        wait_until(lambda: not is_running(pid), "gearmand is gone")

    def test_a_forked_child_does_not_end_it(self) -> None:
        with Gearmand() as server:
            child = os.fork()
            if not child:  # pragma: no cover: another process
                server.stop()
                os._exit(0 if not server.running else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert server.ask("version").startswith("OK ")

    def test_a_forked_child_can_have_its_own(self) -> None:
        with Gearmand() as server:
            child = os.fork()
            if not child:  # pragma: no cover: another process
                with Gearmand() as other:
                    os._exit(0 if other.ask("version").startswith("OK ") and other.port != server.port else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert server.ask("version").startswith("OK ")

    def test_an_interrupt_at_the_terminal_does_not_reach_it(self) -> None:
        """It is in its own session: Ctrl-C interrupts the tests, which then stop it."""
        with Gearmand() as server:
            assert os.getsid(server.pid) != os.getsid(0)
