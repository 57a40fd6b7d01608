"""One job on its way."""

from __future__ import annotations

from collections.abc import Callable

from gearman_cffi.bulk.reading import Entry
from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext import GearmanTask, ReturnCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What a server's end looks like. Jobs that it has not answered are submitted again where there is another one.
LOST = frozenset({int(ReturnCode.LOST_CONNECTION), int(ReturnCode.ERRNO)})


class Submission:
    """What is sent, and what has come back. is_done tells that it is over; error, that it failed."""

    def __init__(self, job: Any, entry: Entry) -> None:
        self.job = job
        _, self.kind, self.name, self.key, self.workload = entry
        self.handle = ""
        self.data: list[bytes] = []
        self.error: GearmanError | None = None
        self.is_done = False
        self.deadline: float | None = None
        self.losses = 0  # how many servers went away with it
        self.watch: Callable[[str, str, GearmanTask], None] | None = None

    @property
    def function(self) -> str:
        """The name of the function that is asked for."""
        return self.name.decode()

    @property
    def answer(self) -> bytes:
        """Parts and end of the result."""
        return b"".join(self.data)

    def start_again(self) -> None:
        """Forgets what a server that went away had sent."""
        self.losses += 1
        self.handle = ""
        self.data.clear()

    def failure(self, rc: int, servers: str, detail: str | bool | None, exception: bytes | None = None) -> GearmanError:
        """The exception for a return code."""
        return failure(
            rc, server=servers, function=self.function, handle=self.handle, detail=detail, exception=exception
        )
