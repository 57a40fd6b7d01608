"""Tasks whose connection is lost while they are sent."""

from __future__ import annotations

import pytest

from gearman_cffi.ext import GEARMAN_COULD_NOT_CONNECT, GEARMAN_LOST_CONNECTION, GearmanClient
from gearman_cffi.testing import Gearmand
from tests.support import Child, serving

RESETTING = """
import socket, struct
listener = socket.create_server(("127.0.0.1", 0))
def reset():
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
threading.Thread(target=reset, daemon=True).start()
client = GearmanClient()
client.addServer("127.0.0.1", PORTS[0])
client.addServer("127.0.0.1", listener.getsockname()[1], False)
client.setTimeout(200)
for _ in range(50):
    client.addTask("f", "x")
    client.runTasks()
say("ended")
"""


class TestUnsent:
    """In a process of its own, because libgearman alone continues with a freed task when it is run again."""

    @pytest.mark.parametrize("raises", [False, True])
    def test_a_large_workload(self, gearmand: Gearmand, raises: bool) -> None:
        """The server is killed meanwhile: the fail callback is called once, and the run ends."""
        program = f"""
client, failed = client_of(*PORTS), []
def fail(task):
    failed.append(task.functionName())
    if {raises}: raise ValueError("of the callback")
client.setFailCallback(fail)
client.addTask("f", b"x" * 30_000_000)
os.kill(SERVER, signal.SIGSTOP)
client.setTimeout(100)
say(client.runTasks(), client.returnCode() == GEARMAN_TIMEOUT)
os.kill(SERVER, signal.SIGKILL)
import socket
while not socket.socket().connect_ex(("127.0.0.1", PORTS[0])): pass  # until its port is closed
for _ in range(5):
    try: client.runTasks()
    except ValueError as error: say(error)
say(failed, client.runTasks())
client.addTask("f", "y")
say(client.runTasks())
""".replace("SERVER", str(gearmand.pid))
        with Child(program, gearmand.port) as child:
            child.expect("False True")
            if raises:
                child.expect("of the callback")
            child.expect("['f'] True")
            child.expect("False")
            assert child.end() == 0, child.errors()

    def test_a_connection_that_is_reset_at_once(self, gearmand: Gearmand) -> None:
        """Nothing was sent over it before; every call returns."""
        with Child(RESETTING, gearmand.port) as child:
            child.expect("ended")
            assert child.end() == 0, child.errors()

    @pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")
    def test_a_server_that_is_up_at_the_next_run(self, gearmand: Gearmand) -> None:
        """One task is submitted then; the program learns that the others are lost."""
        gearmand.stop()
        client = GearmanClient()
        client.addServer(gearmand.host, gearmand.port, False)
        done: list[bytes | bool] = []
        client.setCompleteCallback(lambda task: done.append(task.data()))
        for number in range(3):
            client.addTask("echo", f"{number}")
        assert not client.runTasks()
        assert client.returnCode() == GEARMAN_COULD_NOT_CONNECT
        gearmand.start()
        with serving(gearmand, echo=lambda job, _: job.workload()):
            assert not client.runTasks()
            assert client.returnCode() == GEARMAN_LOST_CONNECTION
            assert len(done) == 1
            client.addTask("echo", "after")
            assert client.runTasks()
            assert done[1:] == [b"after"]
