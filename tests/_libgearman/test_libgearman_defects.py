"""Sequences in which libgearman alone crashes, spins, or mixes up the data of two jobs."""

from __future__ import annotations

import contextlib
import signal
import socket

import pytest

from gearman_cffi.ext import GEARMAN_CLIENT_NON_BLOCKING, GearmanClient
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import fake_server, packet
from tests.support import Child, client_of, queued, serving, wait_until

JOB_ASSIGN, JOB_CREATED, WORK_COMPLETE, GRAB = 11, 8, 13, b"\0REQ\0\0\0\x27"
# Freed memory is overwritten at once, so that its use shows.
OVERWRITTEN = {"MALLOC_PERTURB_": "165", "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0", "PYTHONMALLOC": "malloc"}
SIZES = [(50_000_000, 100), (300_000, 3_000), (3_000, 20_000), (100, 100_000), (20_000, 3_000)]


def truncating(kind: int, first: int, second: int, stays: bool = False) -> contextlib.AbstractContextManager[int]:
    """A server that ends its first answer in the middle of the data, with or without closing; the second is whole."""

    def serve(connection: socket.socket, number: int) -> None:
        data = b"ab"[number : number + 1] * (first, second)[number]
        connection.settimeout(20)
        if kind == JOB_ASSIGN:
            while (got := connection.recv(65536)) and GRAB not in got:
                pass
            names = [b"H:x:1", b"f"]
        else:
            connection.recv(65536)
            connection.sendall(packet(JOB_CREATED, b"H:x:1"))
            names = [b"H:x:1"]
        connection.sendall(packet(kind, *names, data, missing=0 if number else 2 * first))
        while (number or stays) and connection.recv(65536):
            pass

    return fake_server(serve)


class TestTruncatedPackets:
    """A connection ends within a packet. The next packet is not written behind the truncated one (Q07)."""

    @pytest.mark.parametrize(("first", "second"), SIZES)
    @pytest.mark.parametrize("submit", ["client.doNormal('f', 'x')", "task()"], ids=["call", "task"])
    def test_a_client(self, first: int, second: int, submit: str) -> None:
        program = f"""
client = client_of()
client.addServer("127.0.0.1", *PORTS, False)
client.setTimeout(15_000)
got = []
client.setCompleteCallback(lambda task: got.append(task.data()))
def task():
    client.addTask("f", "x")
    return got.pop() if client.runTasks() and got else b""
say(len({submit}), client.returnCode() == GEARMAN_LOST_CONNECTION)
say({submit} == b"b" * {second})
"""
        with truncating(WORK_COMPLETE, first, second) as port, Child(program, port) as child:
            child.expect("0 True")
            child.expect("True")
            assert child.end() == 0, child.errors()

    @pytest.mark.parametrize(("first", "second"), SIZES)
    def test_a_worker(self, first: int, second: int) -> None:
        program = f"""
worker = GearmanWorker()
worker.addServer("127.0.0.1", *PORTS, False)
worker.setTimeout(15_000)
worker.addFunction("f", lambda job: say(job.workload() == b"b" * {second}))
while not worker.work(): pass
"""
        with truncating(JOB_ASSIGN, first, second) as port, Child(program, port) as child:
            child.expect("True")
            assert child.end() == 0, child.errors()


@pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")
class TestCounts:
    """A lost or refused connection makes libgearman's counts of jobs wrong (Q06): answers are not mixed up."""

    @pytest.mark.parametrize("preferred", [0, 1])
    def test_a_server_that_comes_back(self, gearmand: Gearmand, preferred: int) -> None:
        def echo(job: object, context: object) -> bytes:
            return job.workload()  # type: ignore[attr-defined,no-any-return]

        with Gearmand() as other, serving(other, echo=echo):
            client = GearmanClient()
            for server in (gearmand, other) if preferred else (other, gearmand):
                client.addServer("127.0.0.1", server.port, False)
            client.setTimeout(15_000)
            with serving(gearmand, echo=echo):
                assert client.doNormal("echo", "both") == b"both"
            gearmand.stop()
            assert [client.doNormal("echo", str(number)) for number in range(4)][1:] == [b"1", b"2", b"3"]
            gearmand.start()
            seen: dict[str, object] = {}
            client.setCompleteCallback(lambda task, name: seen.update({name: task.data()}))
            for name in "ABCD":
                client.addTask("echo", f"workload of {name}", name)
            with serving(gearmand, echo=echo):
                assert client.runTasks()
                assert client.doNormal("echo", "end") == b"end"
            assert seen == {name: f"workload of {name}".encode() for name in "ABCD"}

    def test_tasks_that_were_running(self, gearmand: Gearmand) -> None:
        """They fail with their server, and get no answer of other tasks."""
        client = client_of(gearmand)
        client.setTimeout(15_000)
        seen: list[object] = []
        client.setCompleteCallback(lambda task: seen.append(task.data()))
        for name in "AB":
            client.addTask("echo", name)
        client.addOptions(GEARMAN_CLIENT_NON_BLOCKING)
        wait_until(lambda: client.runTasks() and queued(gearmand, "echo") == 2, "they are submitted")
        client.removeOptions(GEARMAN_CLIENT_NON_BLOCKING)
        gearmand.kill()
        assert not client.runTasks()
        gearmand.start()
        with serving(gearmand, echo=lambda job, _: job.workload()):
            answers = [client.doNormal("echo", str(number)) for number in range(3)]
        assert answers == [b"0", b"1", b"2"]
        assert seen == []


class TestPausedPackets:
    """A callback stops the run, and stops it again during the single job that follows."""

    @pytest.mark.parametrize("call", ["doNormal('echo', 'x')", "doBackground('echo', 'x')", "jobStatus('H:1')"])
    @pytest.mark.parametrize("event", ["Created", "Data", "Complete"])
    @pytest.mark.parametrize("code", ["GEARMAN_PAUSE", "GEARMAN_WORK_FAIL"])
    def test_the_job_is_not_submitted(self, gearmand: Gearmand, call: str, event: str, code: str) -> None:
        """As in PHP it fails with the callback's code. It is not submitted later, and the task continues."""
        program = f"""
client = client_of(*PORTS)
client.setTimeout(15_000)
holds = True
client.set{event}Callback(lambda task: {code} if holds else None)
client.addTask("parts", "x")
client.runTasks()
client.{call}
say(client.returnCode() == {code})
holds = False
say(client.runTasks(), client.doNormal("count", "x"))
"""
        done: list[bytes] = []

        def parts(job: object, context: object) -> str:
            job.sendData("data")  # type: ignore[attr-defined]
            return "end"

        def echo(job: object, context: object) -> bytes:
            done.append(job.workload())  # type: ignore[attr-defined]
            return done[-1]

        functions = {"parts": parts, "echo": echo, "count": lambda job, _: str(len(done))}
        with serving(gearmand, **functions), Child(program, gearmand.port) as child:
            child.expect("True")
            child.expect("True b'0'")
            assert child.end() == 0, child.errors()

    def test_another_job_is_refused(self, gearmand: Gearmand) -> None:
        """The server refuses a job in the run after the one that was stopped (Q31)."""
        program = """
client = client_of(*PORTS)
client.setTimeout(15_000)
holds = [GEARMAN_PAUSE]
client.setCreatedCallback(lambda task: holds.pop() if holds else None)
for _ in range(2): client.addTaskBackground("full", "x")
for _ in range(4): client.runTasks()
say(client.doBackground("other", "x") != "")
"""
        client_of(gearmand).doBackground("full", "x")
        gearmand.ask("maxqueue full 2")
        with Child(program, gearmand.port) as child:
            child.expect("True")
            assert child.end() == 0, child.errors()


class TestWorkers:
    """Programs that say "alive" at their end."""

    @pytest.mark.parametrize(
        "calls",
        [
            "client.doBackground('f', 'x'), worker.work(), worker.grabJob(), worker.work(), worker.grabJob()",
            "worker.setTimeout(0), worker.register('g'), worker.work(), worker.setTimeout(20), worker.unregisterAll(), "
            "worker.work()",
            "worker.setTimeout(0), worker.work(), worker.unregister('f'), worker.work(), worker.setTimeout(20), "
            "worker.work()",
            "worker.addOptions(GEARMAN_WORKER_NON_BLOCKING), worker.grabJob(), "
            "worker.removeOptions(GEARMAN_WORKER_NON_BLOCKING), worker.grabJob(), worker.grabJob()",
            "worker.register('g'), worker.unregister('g'), worker.register('g'), worker.grabJob(), worker.grabJob()",
        ],
        ids=["grab after work", "unregisterAll", "unregister", "grab in steps", "grab after register"],
    )
    def test_no_crash(self, gearmand: Gearmand, calls: str) -> None:
        program = f"""
client = client_of(*PORTS)
worker = worker_of(*PORTS, f=echo)
worker.setTimeout(200)
for _ in range(2): {calls}
worker.addFunction("f", echo)
worker.setTimeout(15_000)
client.doBackground("f", "x")
say(worker.work())
say("alive")
"""
        with Child(program, gearmand.port) as child:
            child.expect("True")
            child.expect("alive")
            assert child.end() == 0, child.errors()

    @pytest.mark.parametrize("call", ["work", "grabJob"])
    def test_a_worker_that_is_dropped_while_it_receives_a_job(self, call: str) -> None:
        """Its connection still points into the job (Q18)."""
        program = f"""
worker = GearmanWorker()
worker.addServer("127.0.0.1", *PORTS, False)
worker.addFunction("f", echo)
worker.setTimeout(50)
worker.{call}()
del worker
gc.collect()
say("alive")
"""
        with (
            truncating(JOB_ASSIGN, 10, 10, stays=True) as port,
            Child(program, port, **OVERWRITTEN) as child,
        ):
            child.expect("alive")
            assert child.end() == 0, child.errors()

    def test_a_large_result_with_a_timeout_of_zero(self, gearmand: Gearmand) -> None:
        """It is sent (Q22), and Ctrl-C ends the wait for a server that does not read it."""
        program = """
worker = worker_of(*PORTS, f=lambda job, context: b"q" * 30_000_000)
client = client_of(*PORTS)
client.doBackground("f", "x")
worker.setTimeout(0)
say(worker.timeout())
while not worker.work(): time.sleep(0.001)
say("sent")
client.doBackground("f", "x")
def stop(job, context):
    os.kill(SERVER, signal.SIGSTOP)
    say("stopped")
    return b"q" * 30_000_000
worker.addFunction("f", stop)
try:
    while not worker.work(): time.sleep(0.001)
except KeyboardInterrupt: say("interrupted")
os.kill(SERVER, signal.SIGCONT)
"""
        with Child(program.replace("SERVER", str(gearmand.pid)), gearmand.port) as child:
            try:
                for line in ("0", "sent", "stopped"):
                    child.expect(line)
                child.await_blocked()
                child.send(signal.SIGINT)
                child.expect("interrupted")
                assert child.end() == 0, child.errors()
            finally:
                gearmand.resume()

    @pytest.mark.parametrize("size", [4, 50, 9_000, 90_000])
    def test_a_clone_has_functions_of_its_own(self, gearmand: Gearmand, size: int) -> None:
        """It does not run the functions that it unregisters; the others get their workloads."""
        program = f"""
client = client_of(*PORTS)
worker = worker_of(*PORTS, f=lambda job, context: say("f", job.workload() == b"2" * {size}), g=echo)
worker.setTimeout(200)
client.doBackground("f", "2" * {size})
worker.work()
warnings.simplefilter("ignore")
copy = worker.clone()
copy.unregister("g")
for name in "g", "f": client.doBackground(name, "2" * {size})
say(copy.work())
say(copy.work(), copy.returnCode() == GEARMAN_TIMEOUT)
"""
        with Child(program, gearmand.port) as child:
            for line in ("f True", "f True", "True", "False True"):
                child.expect(line)
            assert child.end() == 0, child.errors()
