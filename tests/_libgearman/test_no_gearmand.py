"""Another program than gearmand listens on the port: errors, and no crash in this or a later call."""

from __future__ import annotations

import contextlib
import socket

import pytest

from gearman_cffi.ext import GEARMAN_LOST_CONNECTION, GEARMAN_SUCCESS, GEARMAN_TOO_MANY_ARGS, GearmanWorker
from tests._libgearman.fake_servers import fake_server, packet
from tests.support import Child, client_of

ANSWERS = {
    "a line": b"OK\n",
    "an empty line": b"\n",
    "a banner": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "no line": b"220",
    "every byte": bytes(range(256)),
    "an unknown command": b"\0RES\0\0\0\xf0\0\0\0\x02ab",
    "a negative command": b"\0RES\xff\0\0\x1f\0\0\0\x02ab",
    "a size that its parts exceed": b"\0RES\0\0\0\x0b\0\0\0\x02ab\0cd\0ef" + b"y" * 50,
    "a packet, then a line": b"\0RES\0\0\0\x08\0\0\0\x03H:1OK\n",
    "a request": b"\0REQ\0\0\0\x04\0\0\0\0",
}
CALLS = {
    "doNormal": "client.doNormal('f', 'x')",
    "runTasks": "client.addTask('f', 'x'), client.runTasks()",
    "jobStatus": "client.jobStatus('H:1')",
    "ping": "client.ping('x')",
    "enableExceptionHandler": "client.enableExceptionHandler()",
    "work": "worker.work()",
    "grabJob": "worker.grabJob()",
    "execute_job": "layer.execute_job('f', b'x')",
    "execute_jobs": "layer.execute_jobs([Job('f', b'x')] * 3)",
    "execute_jobs_in_background": "layer.execute_jobs_in_background([Job('f', b'x')] * 3)",
}
PROGRAM = """
from gearman_cffi import Client, Job, RawSerializer
client, worker = GearmanClient(), GearmanWorker()
for each in client, worker:
    each.addServer("127.0.0.1", *PORTS, False)
    each.setTimeout(400)
worker.addFunction("f", lambda job: "done")
layer = Client(f"127.0.0.1:{PORTS[0]}", RawSerializer(), timeout=0.4)
for _ in range(3):
    try: CALL
    except Exception as error: pass
say("alive")
"""


def answering(answer: bytes) -> contextlib.AbstractContextManager[int]:
    """A server that answers whatever it receives first, and closes the connection a moment later."""

    def serve(connection: socket.socket, number: int) -> None:
        connection.settimeout(0.3)
        connection.recv(4096)
        connection.sendall(answer)
        while connection.recv(4096):
            pass

    return fake_server(serve)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_every_call(answer: bytes) -> None:
    """Each call returns or raises, three times one after the other in one process."""
    program = "".join(PROGRAM.replace("CALL", call) for call in CALLS.values())
    with answering(answer) as port, Child(program, port) as child:
        for call in CALLS:
            assert child.line(20) == "alive", call
        assert child.end() == 0, child.errors()


def test_what_the_python_layer_says() -> None:
    """The message says that the server does not speak Gearman's protocol."""
    program = """
from gearman_cffi import Client, RawSerializer, ServerError
try: Client(f"127.0.0.1:{PORTS[0]}", RawSerializer(), timeout=5).execute_job("f", b"x")
except ServerError as error: say(error)
"""
    with answering(b"OK\n") as port, Child(program, port) as child:
        assert "does not speak Gearman's protocol" in child.line()
        assert child.end() == 0, child.errors()


NOOP, NO_JOB, JOB_ASSIGN, ECHO_RES, ALL_YOURS, OPTION_RES, JOB_ASSIGN_ALL = 6, 10, 11, 17, 24, 27, 40
JOB_CREATED, WORK_STATUS, WORK_COMPLETE, WORK_FAIL, ERROR, STATUS_RES, WORK_DATA = 8, 12, 13, 14, 19, 20, 28
# Packets that gearmand never sends to a client that runs jobs: wrong commands, and packets without their arguments.
NOT_FOR_CLIENTS = {
    "WORK_FAIL without a handle": packet(WORK_FAIL),
    "JOB_CREATED without a handle": packet(JOB_CREATED),
    "NOOP": packet(NOOP),
    "NO_JOB": packet(NO_JOB),
    "JOB_ASSIGN": packet(JOB_ASSIGN, b"H:1", b"f", b"x"),
    "JOB_ASSIGN_ALL": packet(JOB_ASSIGN_ALL, b"H:1", b"f", b"u", b"", b"x"),
    "ECHO_RES": packet(ECHO_RES),
    "OPTION_RES": packet(OPTION_RES, b"exceptions"),
    "ALL_YOURS": packet(ALL_YOURS),
    "a request": packet(WORK_FAIL, b"H:1").replace(b"RES", b"REQ"),
    "WORK_STATUS without a denominator": packet(WORK_STATUS, b"H:1", b"1"),
    "WORK_STATUS with a handle alone": packet(WORK_STATUS, b"H:1"),
    "WORK_COMPLETE without data": packet(WORK_COMPLETE, b"H:1"),
    "WORK_DATA of no byte": packet(WORK_DATA),
    "ERROR without a text": packet(ERROR, b"code"),
    "STATUS_RES with four arguments": packet(STATUS_RES, b"H:1", b"1", b"1", b"0"),
}
NOT_FOR_WORKERS = {
    "JOB_CREATED": packet(JOB_CREATED, b"H:1"),
    "WORK_COMPLETE": packet(WORK_COMPLETE, b"H:1", b"x"),
    "STATUS_RES": packet(STATUS_RES, b"H:1", b"1", b"1", b"0", b"0"),
    "ALL_YOURS": packet(ALL_YOURS),
    "NOOP with data": packet(NOOP, b"data"),
    "JOB_ASSIGN without a function": packet(JOB_ASSIGN, b"H:1"),
    "JOB_ASSIGN without a workload": packet(JOB_ASSIGN, b"H:1", b"f"),
    "JOB_ASSIGN_ALL with the arguments of JOB_ASSIGN": packet(JOB_ASSIGN_ALL, b"H:1", b"f", b"x"),
}


def sending_pieces(first: bytes, later: bytes, size: int) -> contextlib.AbstractContextManager[int]:
    """A server with one answer for its first connection and one for later ones, sent in pieces of this size."""

    def serve(connection: socket.socket, number: int) -> None:
        answer = first if number == 0 else later
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(10)
        connection.recv(4096)
        for at in range(0, len(answer), size):
            connection.sendall(answer[at : at + size])
        while connection.recv(4096):
            pass

    return fake_server(serve)


@pytest.mark.parametrize("size", [1, 4096])
class TestForeignPackets:
    """A server sends a packet that gearmand never sends there: an error, and no byte of it is used (Q37)."""

    DONE = packet(JOB_CREATED, b"H:1") + packet(WORK_COMPLETE, b"H:1", b"done")

    @pytest.mark.parametrize("foreign", NOT_FOR_CLIENTS.values(), ids=NOT_FOR_CLIENTS.keys())
    @pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")
    def test_to_a_client(self, foreign: bytes, size: int) -> None:
        """The packet before it is for an unknown handle, and libgearman would compare its freed arguments."""
        unknown = packet(WORK_STATUS, b"N" * 300, b"1", b"2")
        created, complete = self.DONE[:15], self.DONE[15:]
        with sending_pieces(created + unknown + foreign + complete, self.DONE, size) as port:
            client = client_of()
            client.addServer("127.0.0.1", port, False)
            client.setTimeout(10_000)
            assert client.doNormal("f", "x") == b""
            assert client.returnCode() in {GEARMAN_TOO_MANY_ARGS, GEARMAN_LOST_CONNECTION}
            assert client.doNormal("f", "x") == b"done"
            del client

    @pytest.mark.parametrize("foreign", NOT_FOR_WORKERS.values(), ids=NOT_FOR_WORKERS.keys())
    @pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")
    def test_to_a_worker(self, foreign: bytes, size: int) -> None:
        """It reconnects, and runs the job that it gets there."""
        first, second = (packet(JOB_ASSIGN_ALL, handle, b"f", b"u", b"", b"x") for handle in (b"H:1", b"H:2"))
        ran: list[str] = []
        with sending_pieces(foreign + first, second, size) as port:
            worker = GearmanWorker()
            worker.addServer("127.0.0.1", port, False)
            worker.setTimeout(10_000)
            worker.addFunction("f", lambda job: ran.append(job.handle()))
            codes = set()
            while not ran:
                worker.work()
                codes.add(worker.returnCode())
            del worker
        assert ran == ["H:2"]
        assert codes <= {GEARMAN_SUCCESS, GEARMAN_TOO_MANY_ARGS, GEARMAN_LOST_CONNECTION}

    def test_what_a_gearmand_may_send(self, size: int) -> None:
        """Packets for the handles of abandoned jobs, one of them without data."""
        others = packet(WORK_STATUS, b"H:9", b"1", b"2")
        others += packet(WORK_COMPLETE, b"H:9", b"") + packet(WORK_FAIL, b"H:9")
        answers = self.DONE[:15] + others + self.DONE[15:]
        with sending_pieces(answers, b"", size) as port:
            client = client_of()
            client.addServer("127.0.0.1", port, False)
            client.setTimeout(10_000)
            assert client.doNormal("f", "x") == b"done"
            del client
