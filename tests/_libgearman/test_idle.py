"""An idle wait makes no system calls: checked with strace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from gearman_cffi.testing import Gearmand
from tests.support import Child

# A wait checks for signals once more after 50 ms. After that it makes no system call.
SETTLED = 0.3
SECONDS = 2.0

# The alarm's handler ends the wait. What strace wrote in between is what the wait did.
PROGRAM = f"""
class Over(Exception): pass
def end(number, frame): raise Over
signal.signal(signal.SIGALRM, end)
client, worker = client_of(*PORTS), worker_of(*PORTS, echo=echo)
client.addTask("nobody", "x")
for made in client, worker: made.setTimeout(TIMEOUT)
signal.setitimer(signal.ITIMER_REAL, {SECONDS})
try: CALL()
except Over: say("over")
"""
LINE = re.compile(r"(?:\d+ +)?(\d+\.\d+) (.*)")


def events(trace: Path) -> Iterator[tuple[float, str]]:
    """The time and the text of every line of strace."""
    for line in trace.read_text("utf-8", "replace").splitlines():
        found = LINE.fullmatch(line)
        assert found, line
        yield float(found[1]), found[2]


class TestIdle:
    """Waits for an answer, with and without a timeout, with one server and with two."""

    def test_no_system_calls(self, gearmand: Gearmand, tmp_path: Path) -> None:
        """After the second check for signals the process makes no system call for some seconds."""
        with ExitStack() as stack:
            one, two = [gearmand.port], [gearmand.port, stack.enter_context(Gearmand()).port]
            waits = [("worker.work()", ports, timeout) for ports in (one, two) for timeout in (-1, 60_000)]
            waits += [("client.runTasks()", two, -1), ("client.doNormal('f', 'x')", two, -1)]
            children = {}
            for number, (call, ports, timeout) in enumerate(waits):
                trace = tmp_path / f"trace {number}"
                under = ["strace", "-f", "-qq", "-ttt", "-o", str(trace)]
                program = f"TIMEOUT, CALL = {timeout}, lambda: {call}\n{PROGRAM}"
                children[trace] = stack.enter_context(Child(program, *ports, under=under))
            for trace, child in children.items():
                child.expect("over")
                assert child.end() == 0, child.errors()
                self.assert_silent(list(events(trace)))

    def assert_silent(self, seen: list[tuple[float, str]]) -> None:
        """The wait, its second check for signals, and then nothing until the alarm."""
        begin = max(at for at, text in seen if text.startswith("setitimer("))
        end = min(at for at, text in seen if text.startswith("--- SIGALRM"))
        assert end - begin > SECONDS - 0.1
        assert [text for at, text in seen if begin + SETTLED < at < end] == []
        polls = [text for at, text in seen if begin < at < end and re.match(r"(poll|ppoll)\w*\(", text)]
        assert 1 <= len(polls) <= 12, polls
