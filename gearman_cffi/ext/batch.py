"""libgearman calls for the bulk calls of the Python layer. PHP has nothing like them."""

from __future__ import annotations

from collections.abc import Sequence

from gearman_cffi._libgearman import NativeBatchClient
from gearman_cffi._libgearman import wait_for_any as _wait_for_any
from gearman_cffi.ext.client import GearmanClient
from gearman_cffi.ext.task_registry import TaskRegistry


class BatchSubmitter:
    """Submits background jobs in batches, over its own connections to the servers of a GearmanClient.

    rotation: by how many positions the list of servers is rotated, so that it tries another server first.
    """

    def __init__(self, client: GearmanClient, rotation: int = 0) -> None:
        self._native = NativeBatchClient(TaskRegistry(), like=client._native, rotation=rotation)

    def load(
        self,
        kinds: bytes,
        functions: bytes,
        keys: bytes,
        workloads: bytes,
        sizes: bytes,
        epochs: bytes,
        timeout_ms: int = -1,
    ) -> int:
        """Adds jobs, column by column; returns a return code.

        kinds: the JobKind of each. functions, keys: names and unique keys ("" for none), each with a NUL after it.
        workloads: one after the other. sizes: those of the workloads. epochs: before which each is not run, as Unix
        times, 0 for none. Both are 64-bit integers in native byte order. timeout_ms: bounds the opening of a connection
        for delayed jobs, which are sent at once.
        """
        return self._native.batch_add(kinds, functions, keys, workloads, sizes, epochs, timeout_ms)

    def run(self, waits: bool, timeout_ms: int = -1) -> int:
        """Submits the jobs; returns a return code, GEARMAN_IO_WAIT if answers are still to come.

        waits: whether to wait for all answers. If False, does what is possible now. timeout_ms: -1 for no limit; it
        also bounds the wait for a new connection.
        """
        return self._native.batch_run(waits, timeout_ms)

    def unload(self, count: int, rc: int) -> tuple[list[str], list[int]]:
        """Returns the handles and the return codes of all jobs; rc is that of a job without an answer."""
        return self._native.batch_results(count, rc)

    def error(self) -> str | None:
        """Returns libgearman's text for the last failure."""
        return self._native.error()


def wait_for_any(clients: Sequence[GearmanClient | BatchSubmitter], timeout_ms: int) -> int:
    """Waits until one of the clients can receive or send; returns a return code.

    timeout_ms: -1 for no limit. Returns GEARMAN_SUCCESS or GEARMAN_TIMEOUT; GEARMAN_NO_ACTIVE_FDS at once if one of the
    clients is not connected.
    """
    return _wait_for_any([client._native for client in clients], timeout_ms)
