"""A libgearman client."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

from gearman_cffi._libgearman.base import Functions, NativeObject
from gearman_cffi._libgearman.buffers import NULL, Data, decode, decode_name
from gearman_cffi._libgearman.capabilities import capabilities
from gearman_cffi._libgearman.errors import RETURN_CODE_MIN, check, raise_refusal
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.protocols import TaskOwner
from gearman_cffi._libgearman.task import NativeTask

# Bytes. A C reply with more data is not used again, so that its memory is freed.
_MAX_REUSED_REPLY = 65536
# How many freed tasks are released at once.
_RELEASE_BATCH = 256
_HANDLE_SIZE = int(lib.GEARMAN_JOB_HANDLE_SIZE)
_SUCCESS, _WORK_EXCEPTION = int(lib.GEARMAN_SUCCESS), int(lib.GEARMAN_WORK_EXCEPTION)
_NON_BLOCKING = int(lib.GEARMAN_CLIENT_NON_BLOCKING)
# Options that are implemented here: libgearman's NON_BLOCKING is always set, its UNBUFFERED_RESULT never (Q13).
_OURS = _NON_BLOCKING | int(lib.GEARMAN_CLIENT_UNBUFFERED_RESULT)

INVALID_ARGUMENT = int(lib.GEARMAN_INVALID_ARGUMENT)  # PHP has no constant for it


class JobKind(enum.IntEnum):
    """The ways to submit a job: its priority, and whether the client waits for the result."""

    LOW = lib.GCFFI_LOW
    NORMAL = lib.GCFFI_NORMAL
    HIGH = lib.GCFFI_HIGH
    LOW_BACKGROUND = lib.GCFFI_LOW_BACKGROUND
    BACKGROUND = lib.GCFFI_NORMAL_BACKGROUND
    HIGH_BACKGROUND = lib.GCFFI_HIGH_BACKGROUND
    JOB_STATUS = lib.GCFFI_JOB_STATUS
    """Not a job: a request for the status of a job, by its handle."""
    UNIQUE_STATUS = lib.GCFFI_UNIQUE_STATUS
    """A request for the status of a job, by its unique key."""


class TaskEvent(enum.IntEnum):
    """The events of a task. A client may have a callback for each."""

    CREATED = lib.GCFFI_CREATED
    DATA = lib.GCFFI_DATA
    WARNING = lib.GCFFI_WARNING
    STATUS = lib.GCFFI_STATUS
    COMPLETE = lib.GCFFI_COMPLETE
    EXCEPTION = lib.GCFFI_EXCEPTION
    FAIL = lib.GCFFI_FAIL


class Reply:
    """The reply to one submission. No other call of the client changes it.

    rc: a return code. data: the result, None if the call failed. exception: the text that the worker sent with
    WORK_EXCEPTION. handle: the job's handle, "" if the server did not name the job. error: libgearman's text if the
    call failed.
    """

    __slots__ = ("data", "error", "exception", "handle", "rc")

    def __init__(self, rc: int, data: bytes, handle: str, error: str | None = None) -> None:
        """data: the result or the text of an exception."""
        self.rc = rc
        self.data = data if rc == _SUCCESS else None
        self.exception = data if rc == _WORK_EXCEPTION else None
        self.handle = handle
        self.error = error


class StatusReply:
    """A server's answer about one job; status is (known, running, numerator, denominator). Otherwise as Reply."""

    __slots__ = ("error", "rc", "status")

    handle = ""  # no job is submitted

    def __init__(self, rc: int, status: tuple[bool, bool, int, int], error: str | None) -> None:
        self.rc = rc
        self.status = status
        self.error = error


class NativeClient(NativeObject):
    """gearman_client_st."""

    __slots__ = ("_context", "_owner", "_replies")

    _functions = Functions(
        what="client",
        close=lib.gcffi_client_close,
        error=lib.gcffi_client_error,
        errno=lib.gearman_client_errno,
        options=lib.gearman_client_options,
        set_options=lib.gearman_client_set_options,
        add_options=lib.gearman_client_add_options,
        remove_options=lib.gearman_client_remove_options,
        timeout=lib.gearman_client_timeout,
        set_timeout=lib.gearman_client_set_timeout,
        add_server=lib.gcffi_client_add_server,
        add_servers=lib.gcffi_client_add_servers,
        request_option=lib.gcffi_client_request_option,
        echo=lib.gcffi_client_echo,
        wait=lib.gcffi_client_wait,
    )

    def __init__(
        self, owner: TaskOwner, from_environment: bool = True, like: NativeClient | None = None, rotation: int = 0
    ) -> None:
        """owner: gets the events of the tasks; must not refer to this object. from_environment: whether to add the
        servers of GEARMAN_SERVERS. like, rotation: see clone().

        Raises MemoryError if libgearman creates no client: memory, open files, or a bad host in GEARMAN_SERVERS.
        """
        super().__init__()
        if like is None:
            is_open = lib.gcffi_client_open(self.c, from_environment)
        else:
            is_open = self._is_cloned(lib.gcffi_client_clone(self.c, like.c, rotation))
        if not is_open:
            raise self._creation_error()
        self._replies: list[Any] = []  # C replies that no call uses
        self._owner = owner
        self.c.owner = self._context = ffi.new_handle(owner)

    def clone(self, owner: TaskOwner, rotation: int = 0) -> NativeClient:
        """Returns a client with the same servers, options and timeout, and with its own connections.

        rotation: by how many positions its list of servers is rotated, so that it tries another server first.
        """
        return NativeClient(owner, like=self, rotation=rotation)

    def enable_exceptions(self) -> None:
        """Requests the exceptions of workers on each connection when it is opened. Sends nothing now."""
        self._call(lib.gcffi_client_enable_exceptions)

    def set_connect_timeout(self, timeout: int) -> None:
        """Limits how long opening a connection may take, in ms; -1 for no limit."""
        self._call(lib.gcffi_client_set_connect_timeout, timeout)

    # ----------------------------------------------------------------------------- options

    def options(self) -> int:
        """The options that are set, as bits (gearman_client_options)."""
        return super().options() & ~_OURS | int(self.c.options)

    def set_options(self, options: int) -> None:
        """Sets these options and removes the others (gearman_client_set_options)."""
        super().set_options(options & ~_OURS | _NON_BLOCKING)
        self.c.options = options & _OURS

    def add_options(self, options: int) -> None:
        """Sets these options too (gearman_client_add_options)."""
        super().add_options(options & ~_OURS)
        self.c.options |= options & _OURS

    def remove_options(self, options: int) -> None:
        """Removes these options (gearman_client_remove_options)."""
        super().remove_options(options & ~_OURS)
        self.c.options &= ~options

    # -------------------------------------------------------------------------------- jobs

    def submit(
        self, kind: int, function: bytes, unique: bytes, workload: Data | None, timeout: int = -1, epoch: int = 0
    ) -> Reply:
        """Submits a job, and unless it is a background job waits for its end.

        kind: a JobKind. unique: b"" for none. workload None: an empty one that libgearman accepts. timeout: of the
        whole call, in ms; -1 for none. epoch: the Unix time before which a job of kind BACKGROUND is not run, 0 for
        none.
        """
        reply = self._new_reply()
        rc = lib.gcffi_client_do(
            self.c,
            kind,
            function,
            unique,
            pointer(workload),
            len(workload or b""),
            epoch,
            timeout,
            reply,
        )
        if rc < 0:
            rc = self._callback_code(rc)
        size = reply.size
        data = ffi.unpack(reply.data, size) if size else b""
        handle = decode_name(reply.handle) or ""
        error = decode(reply.error) if rc else None
        if size <= _MAX_REUSED_REPLY:
            self._replies.append(reply)
        return Reply(rc, data, handle, error)

    def job_status(self, handle: bytes, timeout: int = -1) -> StatusReply:
        """Asks for the status of a job by its handle. timeout: of the whole call, in ms; -1 for none."""
        return self._ask(JobKind.JOB_STATUS, handle, timeout)

    def unique_status(self, unique: bytes, timeout: int = -1) -> StatusReply:
        """Asks for the status of a job by its unique key.

        Call it on a clone(): the next job over the same connection would never get its handle (Q23).
        """
        return self._ask(JobKind.UNIQUE_STATUS, unique, timeout)

    def _ask(self, kind: int, name: bytes, timeout: int) -> StatusReply:
        reply = self._new_reply()
        rc = lib.gcffi_client_do(self.c, kind, name, b"", NULL, 0, 0, timeout, reply)
        if rc < 0:
            rc = self._callback_code(rc)
        status = bool(reply.known), bool(reply.running), int(reply.numerator), int(reply.denominator)
        answer = StatusReply(rc, status, decode(reply.error) if rc else None)
        self._replies.append(reply)
        return answer

    def _new_reply(self) -> Any:
        """Returns a C reply that no other call uses. list.pop() is atomic, so threads may share the client."""
        try:
            return self._replies.pop()
        except IndexError:
            return ffi.gc(ffi.new("gcffi_reply *"), lib.gcffi_reply_clear)

    def _callback_code(self, rc: int) -> int:
        """Converts a negative code that a callback returned to unsigned, as libgearman does.

        Raises the exception of a callback, or the one for a call that C refused.
        """
        if rc < RETURN_CODE_MIN:
            check("client", rc)
        return rc & 0xFFFFFFFF

    def leave_out_silent(self) -> bool:
        """Call this after a timeout: if the server answers nothing, the next calls use new connections.

        They prefer another server for a while, if there is one. Returns whether it answers nothing.
        """
        is_silent = ffi.new("bool *")
        self._call(lib.gcffi_client_leave_out_silent, is_silent)
        return bool(is_silent[0])

    # ------------------------------------------------------------------------------- tasks

    def add_task(
        self,
        task: NativeTask,
        kind: int,
        number: int,
        callbacks: int,
        name: bytes,
        unique: bytes,
        workload: Data | None,
    ) -> int:
        """Adds a task, which run_tasks() submits.

        task: an empty one; on success it refers to the new C task. number: identifies the task for the TaskOwner.
        callbacks: 1 << TaskEvent for each callback. workload: None for an empty one that libgearman accepts. Callbacks
        of the client may call this.
        """
        if number % _RELEASE_BATCH == 0:  # callbacks may add more and more tasks to the same run
            self._release_freed_tasks()
        task._client, task._owner, task._number = self.c, self._open, number
        task._task = ffi.new("gcffi_task **")  # before C has it: a signal handler or another thread may run it at once
        rc: int = lib.gcffi_client_add_task(
            self.c,
            kind,
            number,
            callbacks,
            name,
            unique,
            pointer(workload),
            len(workload or b""),
            task._task,
        )
        if rc < 0:
            raise_refusal("client", rc)
        return rc

    def run_tasks(self, timeout: int = -1) -> int:
        """Submits the tasks and waits until they end (gearman_client_run_tasks). timeout: of the whole call, in ms."""
        rc = int(lib.gcffi_client_run(self.c, timeout))
        self._release_freed_tasks()
        return self._callback_code(rc) if rc < 0 else rc

    def _release_freed_tasks(self) -> None:
        """Makes the owner forget the tasks that libgearman has freed, then releases their C memory."""
        numbers = ffi.new("int64_t[]", _RELEASE_BATCH)
        while count := lib.gcffi_client_freed_tasks(self.c, numbers, _RELEASE_BATCH):
            self._owner.forget(ffi.unpack(numbers, count))
            lib.gcffi_client_release_freed(self.c, numbers[0], count)


class NativeBatchClient(NativeClient):
    """A gearman_client_st that submits background jobs in batches, one batch after the other."""

    __slots__ = ()

    def batch_add(
        self,
        kinds: bytes,
        names: bytes,
        keys: bytes,
        workloads: bytes,
        sizes: bytes,
        epochs: bytes,
        timeout: int = -1,
    ) -> int:
        """Adds jobs to submit together, column by column.

        kinds: a JobKind for each. names, keys: function names and unique keys, each with a NUL after it. workloads:
        one after the other. sizes: of the workloads. epochs: as in submit(). Both are 64-bit integers in native byte
        order. timeout: in ms, if a connection must be opened for delayed jobs, which are sent now.
        """
        numbers, times = ffi.from_buffer("uint64_t[]", sizes), ffi.from_buffer("int64_t[]", epochs)
        return self._call(
            lib.gcffi_client_batch_add,
            len(kinds),
            kinds,
            names,
            keys,
            workloads,
            numbers,
            times,
            capabilities.submits_newest_first,
            timeout,
        )

    def batch_run(self, waits: bool, timeout: int = -1) -> int:
        """Submits the jobs.

        waits: whether to wait until all are answered, for at most timeout ms. If False, does what is possible now.
        """
        return self._call(lib.gcffi_client_batch_run, waits, timeout)

    def batch_results(self, count: int, rc: int) -> tuple[list[str], list[int]]:
        """Returns the handles and the return codes of all jobs of the batch. rc: of jobs without an answer."""
        handles, codes = ffi.new("char[]", count * _HANDLE_SIZE), ffi.new("int[]", count)
        size = ffi.new("size_t *")
        self._call(lib.gcffi_client_batch_results, count, rc, handles, size, codes)
        names = ffi.unpack(handles, size[0]).decode("utf-8", "surrogateescape").split("\0")[:-1]
        return names, ffi.unpack(codes, count)  # type: ignore[return-value]


def pointer(workload: Data | None) -> Any:
    """Returns the argument for C. Callers do not store it in a variable: a traceback would keep the workload alive."""
    if isinstance(workload, bytes):
        return workload
    return NULL if workload is None else ffi.from_buffer(workload)


def wait_for_any(clients: Sequence[NativeClient], timeout: int) -> int:
    """Waits until one of the clients is ready: SUCCESS, TIMEOUT after timeout ms, or NO_ACTIVE_FDS."""
    structs = ffi.new("gcffi_client *[]", [client.c for client in clients])
    rc = int(lib.gcffi_wait_for_any(structs, len(clients), timeout))
    if rc < 0:
        check("client", rc)
    return rc
