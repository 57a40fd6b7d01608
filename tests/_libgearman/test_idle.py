"""What a wait costs while nothing happens, as strace sees it: nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from gearman_cffi.testing import Gearmand
from tests.support import Child

# A second look at signals 50 ms after the start of a wait is by design; from then on there is silence.
SETTLED = 0.3
SECONDS = 2.0

# The alarm's handler ends the wait; what strace has written between the two is what the wait costs.
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
    """The time and text of every line of strace."""
    for line in trace.read_text("utf-8", "replace").splitlines():
        found = LINE.fullmatch(line)
        assert found, line
        yield float(found[1]), found[2]


class TestIdle:
    """Waits without an answer, with and without a timeout, with one server and with two."""

    def test_silence(self, gearmand: Gearmand, tmp_path: Path) -> None:
        """From its second look on, for some seconds, the process makes no system call: no wake-up, no packet."""
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
        """There is the wait, its second look, and then nothing until the alarm."""
        begin = max(at for at, text in seen if text.startswith("setitimer("))
        end = min(at for at, text in seen if text.startswith("--- SIGALRM"))
        assert end - begin > SECONDS - 0.1
        assert [text for at, text in seen if begin + SETTLED < at < end] == []
        polls = [text for at, text in seen if begin < at < end and re.match(r"(poll|ppoll)\w*\(", text)]
        assert 1 <= len(polls) <= 12, polls
