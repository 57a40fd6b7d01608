"""A port where something else than a gearmand answers: an error, and no crash, also at the calls after it."""

from __future__ import annotations

import contextlib
import socket

import pytest

from tests._libgearman.fake_servers import fake_server
from tests.support import Child

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
    """The port of a server that answers whatever comes first so, and hangs up a moment later."""

    def serve(connection: socket.socket, number: int) -> None:
        connection.settimeout(0.3)
        connection.recv(4096)
        connection.sendall(answer)
        while connection.recv(4096):
            pass

    return fake_server(serve)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_every_call(answer: bytes) -> None:
    """Each comes back, one after the other in one process, three times."""
    program = "".join(PROGRAM.replace("CALL", call) for call in CALLS.values())
    with answering(answer) as port, Child(program, port) as child:
        for call in CALLS:
            assert child.line(20) == "alive", call
        assert child.end() == 0, child.errors()


def test_what_the_python_layer_says() -> None:
    """That there is no gearmand."""
    program = """
from gearman_cffi import Client, RawSerializer, ServerError
try: Client(f"127.0.0.1:{PORTS[0]}", RawSerializer(), timeout=5).execute_job("f", b"x")
except ServerError as error: say(error)
"""
    with answering(b"OK\n") as port, Child(program, port) as child:
        assert "does not speak Gearman's protocol" in child.line()
        assert child.end() == 0, child.errors()
