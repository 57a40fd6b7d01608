"""Client: a timeout bounds the call also while packets keep coming."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest

from gearman_cffi import Client, Job, JobTimeout, JobUpdate, RawSerializer
from gearman_cffi.ext import GearmanClient, GearmanWorker, ReturnCode
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import fake_server, packet, requests
from tests.support import HOST, Child, CpuWait

TIMEOUT = 0.3
# How much later a call may return on a busy machine. A call that goes on with the packets takes FLOOD_SECONDS.
LATE = 1.0
FLOOD_SECONDS = 4.0

NOOP, JOB_CREATED, WORK_STATUS, OPTION_RES, WORK_DATA, WORK_WARNING = 6, 8, 12, 27, 28, 29
SUBMISSIONS = {7, 18, 21, 32, 33, 34}

Call = Callable[[Client], object]
CALLS: dict[str, Call] = {
    "execute_job": lambda client: client.execute_job("f", b"x", timeout=TIMEOUT),
    "execute_job with updates": lambda client: client.execute_job("f", b"x", timeout=TIMEOUT, on_update=len_of),
    "watch_job": lambda client: client.watch_job("f", b"x", timeout=TIMEOUT).result(),
    "execute_jobs": lambda client: client.execute_jobs([Job("f", b"x")] * 3, timeout=TIMEOUT),
    "stream_jobs": lambda client: raise_first(client.stream_jobs([Job("f", b"x")] * 3, timeout=TIMEOUT)),
}
UNANSWERED: dict[str, Call] = {
    "execute_in_background": lambda client: client.execute_in_background("f", b"x", timeout=TIMEOUT),
    "execute_jobs_in_background": lambda client: client.execute_jobs_in_background([Job("f", b"x")], timeout=TIMEOUT),
    "get_job_status": lambda client: client.get_job_status("H:7", timeout=TIMEOUT),
    "get_job_status_by_unique": lambda client: client.get_job_status_by_unique("key", timeout=TIMEOUT),
}
FLOODS = {
    "status": packet(WORK_STATUS, b"H:1", b"1", b"2") * 300,
    "warnings": packet(WORK_WARNING, b"H:1", b"w") * 300,
    "data": packet(WORK_DATA, b"H:1", b"d") * 300,
    "large data": packet(WORK_DATA, b"H:1", bytes(65536)),
    "status of another job": packet(WORK_STATUS, b"H:2", b"1", b"2") * 300,
    "data of another job": packet(WORK_DATA, b"H:2", bytes(65536)),
}


def len_of(update: JobUpdate) -> int:
    return len(update.data)


def raise_first(answers: Iterator[tuple[object, object]]) -> None:
    for _, answer in answers:
        if isinstance(answer, Exception):
            raise answer


@contextmanager
def flooding(flood: bytes, acknowledges: bool = True, pause: float = 0.0) -> Iterator[str]:
    """A server that answers the first request with packets without end. Yields its address."""

    def serve(connection: socket.socket, number: int) -> None:
        kind, _ = next(requests(connection), (None, b""))
        if acknowledges and kind in SUBMISSIONS:
            connection.sendall(packet(JOB_CREATED, b"H:1"))
        end = time.monotonic() + FLOOD_SECONDS
        while time.monotonic() < end:
            connection.sendall(flood)
            time.sleep(pause)

    with fake_server(serve) as port:
        yield f"{HOST}:{port}"


@contextmanager
def dripping(drip: bytes) -> Iterator[str]:
    """A server that answers the first request with these bytes, one after the other."""

    def serve(connection: socket.socket, number: int) -> None:
        next(requests(connection))
        end = time.monotonic() + FLOOD_SECONDS
        for byte in itertools.cycle(drip):
            connection.sendall(bytes([byte]))
            time.sleep(0.01)
            if time.monotonic() > end:
                return

    with fake_server(serve) as port:
        yield f"{HOST}:{port}"


@contextmanager
def within_the_timeout() -> Iterator[None]:
    began, waited = time.monotonic(), CpuWait()
    with pytest.raises(JobTimeout):
        yield
    spent = time.monotonic() - began
    assert TIMEOUT - 0.01 <= spent < TIMEOUT + LATE + waited.seconds()


@pytest.mark.parametrize("flood", FLOODS)
class TestAFlood:
    @pytest.mark.parametrize("call", CALLS)
    def test_for_an_accepted_job(self, call: str, flood: str) -> None:
        with flooding(FLOODS[flood]) as address, within_the_timeout():
            CALLS[call](Client(address, RawSerializer()))

    @pytest.mark.parametrize("call", UNANSWERED)
    def test_in_place_of_an_answer(self, call: str, flood: str) -> None:
        with flooding(FLOODS[flood], acknowledges=False) as address, within_the_timeout():
            UNANSWERED[call](Client(address, RawSerializer()))


@pytest.mark.parametrize("call", CALLS | UNANSWERED)
class TestADrip:
    def test_of_a_packet(self, call: str) -> None:
        """Each wait for the rest of it ends at once."""
        with dripping(packet(WORK_DATA, b"H:1", bytes(1000))) as address, within_the_timeout():
            (CALLS | UNANSWERED)[call](Client(address, RawSerializer()))

    def test_of_packets_for_nobody(self, call: str) -> None:
        with dripping(packet(WORK_STATUS, b"H:2", b"1", b"2")) as address, within_the_timeout():
            (CALLS | UNANSWERED)[call](Client(address, RawSerializer()))


@pytest.mark.parametrize("call", ["execute_job", "execute_in_background", "execute_jobs", "execute_jobs_in_background"])
def test_a_server_that_reads_slowly(call: str) -> None:
    """The call ends in the middle of the workload."""

    def serve(connection: socket.socket, number: int) -> None:
        while received := connection.recv(4096):
            if received.startswith(b"\0REQ\0\0\0\x1a"):
                connection.sendall(packet(OPTION_RES, received[12:]))
            time.sleep(0.01)

    with fake_server(serve) as port:
        client, workload = Client(f"{HOST}:{port}", RawSerializer(), timeout=TIMEOUT), bytes(20_000_000)
        calls: dict[str, Callable[[], object]] = {
            "execute_job": lambda: client.execute_job("f", workload),
            "execute_in_background": lambda: client.execute_in_background("f", workload),
            "execute_jobs": lambda: client.execute_jobs([Job("f", workload)]),
            "execute_jobs_in_background": lambda: client.execute_jobs_in_background([Job("f", workload)]),
        }
        with within_the_timeout():
            calls[call]()


def test_a_slow_update_function() -> None:
    """The updates that came before the timeout are dropped when it is over."""

    def slow(update: JobUpdate) -> None:
        time.sleep(0.01)

    with flooding(FLOODS["status"], pause=0.2) as address, within_the_timeout():
        Client(address, RawSerializer()).execute_job("f", b"x", timeout=TIMEOUT, on_update=slow)


def test_updates_without_a_timeout() -> None:
    """They are yielded while more are coming."""
    with flooding(FLOODS["status"]) as address:
        began = time.monotonic()
        updates = list(itertools.islice(Client(address, RawSerializer()).watch_job("f", b"x"), 1000))
        assert len(updates) == 1000
        assert time.monotonic() - began < FLOOD_SECONDS / 2


def test_answers_of_a_stream_come_beside_a_flood() -> None:
    """The job that floods does not keep the answers of the others back."""

    def serve(connection: socket.socket, number: int) -> None:
        submissions = (kind for kind, _ in requests(connection) if kind in SUBMISSIONS)
        next(submissions), next(submissions)
        connection.sendall(packet(JOB_CREATED, b"H:1") + packet(JOB_CREATED, b"H:2") + packet(13, b"H:2", b"done"))
        end = time.monotonic() + FLOOD_SECONDS
        while time.monotonic() < end:
            connection.sendall(FLOODS["data"])

    with fake_server(serve) as port:
        began = time.monotonic()
        _, answer = next(Client(f"{HOST}:{port}", RawSerializer()).stream_jobs([Job("f", b"x"), Job("f", b"y")]))
        assert answer == b"done"
        assert time.monotonic() - began < FLOOD_SECONDS / 2


class TestTheMirror:
    def test_a_timeout_is_for_each_wait(self) -> None:
        """As in PHP: do* goes on while something comes."""
        client = GearmanClient()
        with flooding(packet(WORK_STATUS, b"H:1", b"1", b"2"), pause=0.01) as address:
            client.setTimeout(1000)
            client.addServer(HOST, int(address.partition(":")[2]), False)
            began = time.monotonic()
            with pytest.warns(match="doNormal"):
                client.doNormal("f", "x")
            assert time.monotonic() - began > FLOOD_SECONDS - 1

    @pytest.mark.parametrize("call", ["work", "grabJob"])
    @pytest.mark.parametrize("flood", [packet(NOOP), packet(NOOP) * 1000])
    def test_a_worker_that_is_woken_up_without_end(self, call: str, flood: bytes) -> None:
        """NOOP after NOOP, in place of an answer."""
        worker = GearmanWorker()
        worker.setTimeout(300)
        worker.addFunction("f", lambda job: None)
        with flooding(flood) as address:
            worker.addServer(HOST, int(address.partition(":")[2]), False)
            began = time.monotonic()
            with nullcontext() if call == "work" else pytest.warns(match="grabJob"):
                assert getattr(worker, call)() is False
            assert TIMEOUT - 0.01 <= time.monotonic() - began < TIMEOUT + LATE
            assert worker.returnCode() == ReturnCode.TIMEOUT


class TestWithoutATimeout:
    """A call that receives without a pause still obeys signals and stop()."""

    @pytest.mark.parametrize(
        ("call", "flood"),
        [
            ("client.doNormal('f', 'x')", packet(WORK_STATUS, b"H:1", b"1", b"2") * 5000),
            ("client.doNormal('f', 'x')", packet(WORK_DATA, b"H:2", bytes(1 << 20))),
            ("worker.work()", packet(NOOP) * 5000),
            ("worker.grabJob()", packet(NOOP) * 5000),
        ],
    )
    def test_a_signal(self, call: str, flood: bytes) -> None:
        program = f"""
        client, worker = GearmanClient(), GearmanWorker()
        client.addServer("127.0.0.1", PORTS[0], False)
        worker.addServer("127.0.0.1", PORTS[0], False)
        worker.addFunction("f", echo)
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        began = time.monotonic()
        try:
            {call}
        except KeyboardInterrupt:
            spent = time.monotonic() - began
            with open("/proc/self/schedstat") as file: waited = int(file.read().split()[1]) / 1e9  # for a CPU
            say(spent, waited)
        """
        with flooding(flood) as address, Child(program, int(address.partition(":")[2])) as child:
            spent, waited = map(float, child.line().split())
            assert 0.49 < spent < 0.5 + LATE + waited

    def test_stop(self) -> None:
        """It waits two seconds at most for the answer to the request for a job."""
        worker = GearmanWorker()
        worker.addFunction("f", lambda job: None)
        with flooding(packet(NOOP) * 5000) as address:
            worker.addServer(HOST, int(address.partition(":")[2]), False)
            threading.Timer(0.2, worker.stop).start()
            began = time.monotonic()
            worker.work()
            assert time.monotonic() - began < 2.2 + LATE


CHATTER = """
def chatter(job):
    end = time.monotonic() + 2
    while time.monotonic() < end:
        for n in range(50):
            KINDS[job.workload().decode()](job)
    return "chatted"
KINDS = {
    "status": lambda job: job.sendStatus(1, 2),
    "warning": lambda job: job.sendWarning("w"),
    "data": lambda job: job.sendData("d"),
    "big": lambda job: job.sendData(bytes(65536)),
}
worker = worker_of(*PORTS, chatter=chatter)
say("working")
while True: worker.work()
"""


@pytest.fixture
def chatter(gearmand: Gearmand) -> Iterator[Gearmand]:
    """A gearmand with two workers, in processes of their own, whose jobs send without a pause for two seconds."""
    with Child(CHATTER, gearmand.port) as one, Child(CHATTER, gearmand.port) as other:
        one.expect("working")
        other.expect("working")
        yield gearmand
    gearmand.kill()  # it would first send what its clients have not read


@pytest.mark.parametrize("kind", ["status", "warning", "data", "big"])
class TestARealWorker:
    @pytest.mark.parametrize("call", ["execute_job", "watch_job", "execute_jobs", "stream_jobs"])
    def test_the_timeout(self, chatter: Gearmand, kind: str, call: str) -> None:
        client, workload = Client(chatter.address, RawSerializer(), timeout=TIMEOUT), kind.encode()
        calls: dict[str, Callable[[], object]] = {
            "execute_job": lambda: client.execute_job("chatter", workload),
            "watch_job": lambda: client.execute_job("chatter", workload, on_update=len_of),
            "execute_jobs": lambda: client.execute_jobs([Job("chatter", workload)] * 2),
            "stream_jobs": lambda: raise_first(client.stream_jobs([Job("chatter", workload)] * 2)),
        }
        with within_the_timeout():
            calls[call]()

    def test_calls_after_it(self, chatter: Gearmand, kind: str) -> None:
        """The packets that still come are not taken for answers."""
        client = Client(chatter.address, RawSerializer(), timeout=20)
        with pytest.raises(JobTimeout) as given_up:
            client.execute_job("chatter", kind.encode(), timeout=0.5)
        assert given_up.value.handle is not None
        assert client.get_job_status(given_up.value.handle).is_running
        for _ in range(2):
            handle = client.execute_in_background("nobody", b"x")
            assert client.get_job_status(handle).is_known
            with pytest.raises(JobTimeout):
                client.execute_job("chatter", kind.encode(), timeout=0.1)
        assert client.execute_job("chatter", kind.encode()).endswith(b"chatted")
