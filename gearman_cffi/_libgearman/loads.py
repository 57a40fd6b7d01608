"""Many background jobs that are submitted together, and waiting for several clients."""

from __future__ import annotations

from gearman_cffi._libgearman.capabilities import capabilities
from gearman_cffi._libgearman.client import NativeClient
from gearman_cffi._libgearman.errors import fail
from gearman_cffi._libgearman.native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_HANDLE_SIZE = int(lib.GEARMAN_JOB_HANDLE_SIZE)


class NativeBatchClient(NativeClient):
    """A gearman_client_st for loads of background jobs, one after the other."""

    __slots__ = ()

    def load(self, kinds: bytes, names: bytes, keys: bytes, workloads: bytes, sizes: bytes) -> int:
        """Takes jobs to submit together, column by column: a JobKind for each, the functions' names and the unique
        keys, each with a NUL, the workloads, and the sizes of these, 64 bits each in the machine's order.
        """
        numbers = ffi.from_buffer("uint64_t[]", sizes)
        newest_first = capabilities.submits_newest_first
        return self._call(lib.gcffi_client_load, len(kinds), kinds, names, keys, workloads, numbers, newest_first)

    def run_load(self, waits: bool, timeout: int = -1) -> int:
        """Submits them. waits: until all are answered, for at most timeout ms; else does what is possible now."""
        return self._call(lib.gcffi_client_run_load, waits, timeout)

    def unload(self, count: int, rc: int) -> tuple[list[str], list[int]]:
        """The handles of all jobs of the load, and their return codes: rc for those that were not answered."""
        handles, codes = ffi.new("char[]", count * _HANDLE_SIZE), ffi.new("int[]", count)
        size = self._call(lib.gcffi_client_unload, count, rc, handles, codes)
        return ffi.unpack(handles, size).decode("utf-8", "surrogateescape").split("\0")[:-1], ffi.unpack(codes, count)  # type: ignore[return-value]


def wait_for_any(clients: Sequence[NativeClient], timeout: int) -> int:
    """Waits until something came for one of the clients: SUCCESS, TIMEOUT after timeout ms, or NO_ACTIVE_FDS."""
    structs = ffi.new("gcffi_client *[]", [client.c for client in clients])
    rc = int(lib.gcffi_wait_for_any(structs, len(clients), timeout))
    if rc < 0:
        fail("client", rc)
    return rc
