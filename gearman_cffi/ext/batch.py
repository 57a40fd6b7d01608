"""Many background jobs at once, and several clients at once: for the Python layer, beside the mirror."""

from __future__ import annotations

from gearman_cffi._libgearman import LoadHandle
from gearman_cffi._libgearman import wait_for_any as _wait_for_any
from gearman_cffi.ext.client import GearmanClient
from gearman_cffi.ext.task_registry import TaskRegistry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class BatchSubmitter:
    """Submits background jobs together, over connections of its own, to the servers of a GearmanClient.

    rotation: by how many places these are turned, so that another one is the first to be submitted to.
    """

    def __init__(self, client: GearmanClient, rotation: int = 0) -> None:
        self._handle = LoadHandle(TaskRegistry(), like=client._handle, rotation=rotation)

    def load(self, kinds: bytes, names: bytes, keys: bytes, workloads: bytes, sizes: bytes) -> int:
        """Takes jobs, column by column; a return code.

        kinds: the JobKind of each. names, keys: functions and unique keys ("" for none), each with a NUL after it.
        workloads: one after the other. sizes: theirs, as numbers of 64 bits in the machine's order.
        """
        return self._handle.load(kinds, names, keys, workloads, sizes)

    def run(self, waits: bool, timeout_ms: int = -1) -> int:
        """Submits them; a return code. waits: until all are answered; otherwise does what is possible now.

        GEARMAN_IO_WAIT says that answers are still to come. timeout_ms bounds both: a connection that is opened waits
        for the server.
        """
        return self._handle.run_load(waits, timeout_ms)

    def unload(self, count: int, rc: int) -> tuple[list[str], list[int]]:
        """The handles and return codes of all the jobs; those without an answer have failed with rc."""
        return self._handle.unload(count, rc)

    def error(self) -> str | None:
        """libgearman's text for the last failure."""
        return self._handle.error()


def wait_for_any(clients: Sequence[GearmanClient | BatchSubmitter], timeout_ms: int) -> int:
    """Waits until something came for one of them: GEARMAN_SUCCESS, or GEARMAN_TIMEOUT after timeout_ms (-1: never).

    GEARMAN_NO_ACTIVE_FDS, without a wait, where one of them is not connected.
    """
    return _wait_for_any([client._handle for client in clients], timeout_ms)
