"""What the programs share that run processes while something happens to their servers."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support import Child


@dataclass
class Outcome:
    """How many processes hung or failed."""

    hung: int = 0
    failed: list[str] = field(default_factory=list)

    def await_end(self, child: Child, deadline: float) -> bool:
        """Waits until a process ends, at most this many seconds. Returns whether it ended well."""
        try:
            code = child.end(deadline)
        except subprocess.TimeoutExpired:
            self.hung += 1
            return False
        if code != 0:
            self.failed.append(child.errors())
        return code == 0


@contextmanager
def meanwhile(act: Callable[[threading.Event], object]) -> Iterator[None]:
    """Calls act in a thread during the block, with an event that is set at its end; act must return then."""
    over = threading.Event()
    thread = threading.Thread(target=act, args=(over,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
