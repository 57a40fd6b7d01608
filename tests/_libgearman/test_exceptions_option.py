"""Exceptions of workers: a client that wants them asks for them over each connection that it opens."""

from __future__ import annotations

from gearman_cffi.testing import Gearmand
from tests.support import Child, serving


def fails(job: object, context: object) -> None:
    """A worker's function that raises."""
    raise ValueError("of the worker")


def test_a_client_of_the_python_layer(gearmand: Gearmand) -> None:
    """It gets exceptions from a server that starts after the client was created, and again after a restart."""
    program = """
from gearman_cffi import Client, JobException, RawSerializer
client = Client(f"127.0.0.1:{PORTS[0]}", RawSerializer(), timeout=20)
try: client.execute_job("fails", "x")
except Exception as error: say(type(error).__name__)
for _ in range(2):
    sys.stdin.readline()
    for _ in range(2):
        try: client.execute_job("fails", "x")
        except JobException as error: say(error.remote_message)
        except Exception as error: say(error)
"""
    gearmand.stop()
    with Child(program, gearmand.port) as child:
        assert child.line() in ("ConnectionFailed", "ConnectionLost")
        for _ in range(2):
            gearmand.start()
            with serving(gearmand, fails=fails):
                child.go_on()
                for _ in range(2):
                    child.expect("of the worker")
            gearmand.stop()
        assert child.end() == 0, child.errors()


def test_a_client_that_has_not_asked(gearmand: Gearmand) -> None:
    """It only learns that the job has failed: in a call, in a task, and in a clone of the client."""
    program = """
client = GearmanClient()
client.addServer("127.0.0.1", *PORTS, False)
client.setTimeout(15_000)
say(client.doNormal("fails", "x"), client.returnCode() == GEARMAN_WORK_FAIL)
client.setFailCallback(lambda task: say(task.data(), task.dataSize()))
client.addTask("fails", "x")
say(client.runTasks())
warnings.simplefilter("ignore")
copy = client.clone()
say(copy.doNormal("fails", "x"), copy.returnCode() == GEARMAN_WORK_FAIL)
say(copy.enableExceptionHandler(), copy.doNormal("fails", "x"), copy.returnCode() == GEARMAN_WORK_EXCEPTION)
"""
    with serving(gearmand, fails=fails), Child(program, gearmand.port) as child:
        for line in ("b'' True", "b'' 0", "True", "b'' True", "True b'' True"):
            child.expect(line)
        assert child.end() == 0, child.errors()
