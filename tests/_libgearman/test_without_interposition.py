"""The guarantees if libgearman's poll() cannot be replaced, and the limits: the table in docs/inside.md."""

from __future__ import annotations

import re
import signal
import socket
import textwrap
import time

import pytest

from gearman_cffi.ext import GearmanJob
from gearman_cffi.testing import Gearmand
from tests._libgearman.blocking import DEFINITIONS, NOT_IN_SLICES
from tests.support import HOST, IF_ALLOWED, ROOT, WITHOUT_INTERPOSITION, Child, client_of, frozen, serving


def fails(job: GearmanJob, context: object) -> None:
    raise ValueError("no")


def without_interposition(program: str, *ports: int, **environment: str) -> Child:
    program = "from gearman_cffi import *\n" + textwrap.dedent(program)
    return Child(program, *ports, **WITHOUT_INTERPOSITION, **environment)


@IF_ALLOWED
class TestGuarantees:
    """Guaranteed in both modes. Signals in the calls that wait in slices are in test_every_call."""

    def test_answers(self, shared_gearmand: Gearmand) -> None:
        """Single jobs, jobs together and large ones come back right."""
        program = """
        client = Client(f"127.0.0.1:{PORTS[0]}", RawSerializer(), timeout=20)
        say([client.execute_job("twice", b"%d" % number) for number in range(3)])
        say(client.execute_jobs([Job("twice", b"%d" % number) for number in range(3)]))
        say(len(client.execute_job("twice", b"x" * 200_000)))
        """
        with (
            serving(shared_gearmand, twice=lambda job, context: 2 * job.workload()),
            without_interposition(program, shared_gearmand.port) as child,
        ):
            for _ in range(2):
                child.expect("[b'00', b'11', b'22']")
            child.expect("400000")
            assert child.end() == 0, child.errors()

    def test_timeouts(self, shared_gearmand: Gearmand) -> None:
        """A call of the Python layer ends when its time is over."""
        program = """
        began = time.monotonic()
        try: Client(f"127.0.0.1:{PORTS[0]}", timeout=0.3).execute_job("nobody does it", 1)
        except JobTimeout: say(0.25 < time.monotonic() - began < 5)
        """
        with without_interposition(program, shared_gearmand.port) as child:
            child.expect("True")
            assert child.end() == 0, child.errors()

    def test_exceptions_that_were_asked_for(self, shared_gearmand: Gearmand) -> None:
        """After enableExceptionHandler() a client of the mirror gets the exception of a job."""
        program = """
        client = client_of(*PORTS)
        client.enableExceptionHandler()
        client.doNormal("fails", "x")
        say(client.returnCode() == GEARMAN_WORK_EXCEPTION)
        """
        with (
            serving(shared_gearmand, fails=fails),
            without_interposition(program, shared_gearmand.port) as child,
        ):
            child.expect("True")
            assert child.end() == 0, child.errors()

    def test_a_worker_stops(self, shared_gearmand: Gearmand) -> None:
        """Worker.run() returns after SIGTERM, while it waits for jobs."""
        program = """
        worker = Worker(f"127.0.0.1:{PORTS[0]}", [FunctionHandler("idle", print)])
        worker.dispatcher.add_listener("worker.on_no_jobs", lambda event: say("waits"))
        worker.run()
        say("stopped")
        """
        with without_interposition(program, shared_gearmand.port) as child:
            child.expect("waits")
            child.await_blocked(0.002)
            began = time.monotonic()
            child.send(signal.SIGTERM)
            while (line := child.line()) == "waits":
                pass
            assert line == "stopped"
            assert time.monotonic() - began < 2
            assert child.end() == 0, child.errors()


@IF_ALLOWED
class TestLimits:
    """Different without interposition, as the table says."""

    def test_calls_that_no_signal_interrupts(self) -> None:
        """Handlers run when the call returns: at the timeout of setTimeout(), which a signal restarts."""
        program = (
            DEFINITIONS
            + f"NAMES = {NOT_IN_SLICES}"
            + """
made = {name: make(400, True) for name in NAMES}
signal.signal(signal.SIGUSR1, lambda number, frame: say("handled", time.monotonic()))
say("made")
sys.stdin.readline()
for name in NAMES:
    say(name)
    try: CALLS[name](*made[name])
    except GearmanException: pass
    say("returned")
"""
        )
        with Gearmand() as server, without_interposition(program, server.port) as child:
            child.expect("made")
            with frozen(server):
                child.go_on()
                for name in NOT_IN_SLICES:
                    child.expect(name)
                    child.await_blocked(0.002)
                    began = time.monotonic()
                    child.send(signal.SIGUSR1)
                    word, at = child.line().split()
                    assert word == "handled"
                    assert 0.35 < float(at) - began < 5, name
                    child.expect("returned")
                assert child.end() == 0, child.errors()

    def test_a_result_that_is_sent(self, gearmand: Gearmand) -> None:
        """While a worker sends a result, handlers do not run before the server reads it."""
        program = """
        signal.signal(signal.SIGUSR1, lambda number, frame: say("handled"))
        def large(job, context):
            say("runs")
            sys.stdin.readline()
            return bytes(4_000_000)
        say(worker_of(*PORTS, large=large).work())
        """
        client_of(gearmand).doBackground("large", "x")
        with without_interposition(program, gearmand.port) as child:
            child.expect("runs")
            with frozen(gearmand):
                child.go_on()
                child.await_blocked()
                child.send(signal.SIGUSR1)
                with pytest.raises(AssertionError, match=r"the program says nothing for 0\.3 s"):
                    child.line(0.3)
            child.expect("handled")
            child.expect("True")

    def test_exceptions_of_jobs(self, shared_gearmand: Gearmand) -> None:
        """Client does not notice that a job's function raised. Its call ends by the timeout."""
        program = """
        try: Client(f"127.0.0.1:{PORTS[0]}", timeout=0.5).execute_job("fails", 1)
        except JobTimeout: say("timeout")
        """
        with (
            serving(shared_gearmand, fails=fails),
            without_interposition(program, shared_gearmand.port) as child,
        ):
            child.expect("timeout")
            assert child.end() == 0, child.errors()

    def test_the_servers_of_the_environment(self, shared_gearmand: Gearmand) -> None:
        """libgearman adds those of GEARMAN_SERVERS to the client's own, and fails if it cannot read them."""
        program = """
        try: Client(f"127.0.0.1:{PORTS[0]}", timeout=5).execute_in_background("f", 1)
        except GearmanException as error: say(error)
        """
        with without_interposition(program, shared_gearmand.port, GEARMAN_SERVERS="[::1]:4730") as child:
            child.expect("Memory allocation failure")
            assert child.end() == 0, child.errors()

    def test_a_server_that_is_no_gearmand(self) -> None:
        """A line of text ends the process."""
        with socket.create_server((HOST, 0)) as server:
            program = "client = client_of()\nclient.addServer('127.0.0.1', PORTS[0], False)\nclient.doNormal('f', 'x')"
            with (
                without_interposition(program, server.getsockname()[1]) as child,
                server.accept()[0] as connection,
            ):
                connection.recv(100)
                connection.sendall(b"OK\n")
                assert child.end() == -signal.SIGSEGV


def test_the_page_names_the_calls() -> None:
    """docs/inside.md names the calls that no signal interrupts, and no others."""
    text = (ROOT / "docs/inside.md").read_text("utf-8")
    (named,) = re.findall(r"^- when the call returns, in (.*?) of `gearman_cffi.ext`", text, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`(\w+)\(\)`", named)) == {name.partition(".")[2] for name in NOT_IN_SLICES}
