"""A libgearman client with its owner."""

from __future__ import annotations

from gearman_cffi._libgearman.base import Calls, NativeObject
from gearman_cffi._libgearman.buffers import NULL, Data, decode, decode_name, pointer
from gearman_cffi._libgearman.errors import LEAST_CODE, fail, refuse
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.task import NativeTask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gearman_cffi._libgearman.protocols import TaskOwner

# A C reply with more data than this is not used again, so that its memory is freed.
_MOST_KEPT = 65536
# How many tasks are forgotten at once.
_ROOM = 256
# Looked up once: an attribute of lib costs as much as a short call.
_add_task, _do, _unpack = lib.gcffi_client_add_task, lib.gcffi_client_do, ffi.unpack
_SUCCESS, _WORK_EXCEPTION = int(lib.GEARMAN_SUCCESS), int(lib.GEARMAN_WORK_EXCEPTION)
_NON_BLOCKING = int(lib.GEARMAN_CLIENT_NON_BLOCKING)
# Options that C follows itself: libgearman always has the first, and never the second.
_OURS = _NON_BLOCKING | int(lib.GEARMAN_CLIENT_UNBUFFERED_RESULT)

INVALID_ARGUMENT = int(lib.GEARMAN_INVALID_ARGUMENT)  # which PHP has no constant for
JOB_STATUS, _UNIQUE_STATUS = int(lib.GCFFI_JOB_STATUS), int(lib.GCFFI_UNIQUE_STATUS)


class JobKind:
    """The ways to submit a job, as numbers: priority, and whether the client waits for the result."""

    LOW = lib.GCFFI_LOW
    NORMAL = lib.GCFFI_NORMAL
    HIGH = lib.GCFFI_HIGH
    LOW_BACKGROUND = lib.GCFFI_LOW_BACKGROUND
    BACKGROUND = lib.GCFFI_NORMAL_BACKGROUND
    HIGH_BACKGROUND = lib.GCFFI_HIGH_BACKGROUND


class TaskEvent:
    """What a task's packet says, as numbers; a client has a callback for each."""

    CREATED = lib.GCFFI_CREATED
    DATA = lib.GCFFI_DATA
    WARNING = lib.GCFFI_WARNING
    STATUS = lib.GCFFI_STATUS
    COMPLETE = lib.GCFFI_COMPLETE
    EXCEPTION = lib.GCFFI_EXCEPTION
    FAIL = lib.GCFFI_FAIL


class Reply:
    """What came back for one job. It belongs to the call: no other call of the client changes it.

    rc: a return code. data: the result, None if the call failed. exception: the text that the worker sent with
    WORK_EXCEPTION. handle: the job's handle, "" if the server did not name the job. error: libgearman's text if the
    call failed.
    """

    __slots__ = ("data", "error", "exception", "handle", "rc")

    def __init__(self, rc: int, data: bytes, handle: str, error: str | None = None) -> None:
        """data: what came back, the result or the text of an exception."""
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

    _calls = Calls("client")

    def __init__(
        self, owner: TaskOwner, from_environment: bool = True, like: NativeClient | None = None, rotation: int = 0
    ) -> None:
        """owner takes what the tasks receive; it must not hold the handle. from_environment: adds the servers of
        GEARMAN_SERVERS. like, rotation: see clone().

        Raises MemoryError where libgearman makes no client: memory, open files, or a bad host in GEARMAN_SERVERS.
        """
        super().__init__()
        client = self.c
        if like is None:
            is_open = lib.gcffi_client_open(client, from_environment)
        else:
            is_open = lib.gcffi_client_open_like(client, like._checked(), rotation)
            self._files = like._files
        if not is_open:
            raise self._not_created()
        self._replies: list[Any] = []  # C replies that no call uses
        self._owner = owner
        client.owner = self._context = ffi.new_handle(owner)

    def clone(self, owner: TaskOwner, rotation: int = 0) -> NativeClient:
        """A client with the same servers, options and timeout, and connections of its own.

        rotation: by how many places its servers are turned, so that it prefers another one.
        """
        return NativeClient(owner, like=self, rotation=rotation)

    def expect_exceptions(self) -> None:
        """Makes every connection ask for the exceptions of workers when it is opened. Sends nothing now."""
        self._call(lib.gcffi_client_enable_exceptions)

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

    def submit(self, kind: int, function: bytes, unique: bytes, workload: Data | None, timeout: int = -1) -> Reply:
        """Submits a job, and unless it is a background job waits for its end.

        kind: a JobKind. unique: b"" for none. workload None: an empty one that libgearman accepts. timeout: of the
        whole call, in ms; -1 for none.
        """
        reply = self._new_reply()
        rc = _do(
            self.c,
            kind,
            function,
            unique,
            workload if type(workload) is bytes else NULL if workload is None else pointer(workload),
            0 if workload is None else len(workload),
            timeout,
            reply,
        )
        if rc < 0:
            rc = self._callback_code(rc)
        size = int(reply.size)
        answer = Reply(
            rc,
            _unpack(reply.data, size) if size else b"",
            decode_name(reply.handle) or "" if reply.handle_size else "",
            decode(reply.error) if rc else None,
        )
        if size <= _MOST_KEPT:
            self._replies.append(reply)
        return answer

    def job_status(self, handle: bytes, timeout: int = -1) -> StatusReply:
        """Asks for the status of a job by its handle. timeout: of the whole call, in ms; -1 for none."""
        return self._ask(JOB_STATUS, handle, timeout)

    def unique_status(self, unique: bytes, timeout: int = -1) -> StatusReply:
        """Asks for the status of a job by its unique key.

        Made to be called on a clone(): the next job over the same connection would never get its handle (Q23).
        """
        return self._ask(_UNIQUE_STATUS, unique, timeout)

    def _ask(self, kind: int, name: bytes, timeout: int) -> StatusReply:
        reply = self._new_reply()
        rc = _do(self.c, kind, name, b"", NULL, 0, timeout, reply)
        if rc < 0:
            rc = self._callback_code(rc)
        status = bool(reply.known), bool(reply.running), int(reply.numerator), int(reply.denominator)
        answer = StatusReply(rc, status, decode(reply.error) if rc else None)
        self._replies.append(reply)
        return answer

    def _new_reply(self) -> Any:
        """A C reply that no other call uses. list.pop() is atomic."""
        try:
            return self._replies.pop()
        except IndexError:
            return ffi.gc(ffi.new("gcffi_reply *"), lib.gcffi_reply_clear)

    def _callback_code(self, rc: int) -> int:
        """A negative code that one of the client's callbacks returned, as libgearman reads it: without a sign.

        Raises what a callback raised, or why the call was refused.
        """
        if rc < LEAST_CODE:
            fail("client", rc)
        return rc & 0xFFFFFFFF

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
        """Adds a task, which run_tasks() submits; on success task, made by hand, is its handle.

        number names it to the TaskOwner, callbacks has 1 << TaskEvent for each event that is wanted; workload None is
        an empty one that libgearman accepts. Allowed in the client's own callbacks.
        """
        if number % _ROOM == 0:  # callbacks may add more and more tasks to the same run
            self._forget_dead()
        task._client, task._keeps = self.c, self._open
        added = _add_task(  # the pointer is in no variable, which a traceback would keep
            self.c,
            kind,
            number,
            callbacks,
            name,
            unique,
            workload if type(workload) is bytes else NULL if workload is None else pointer(workload),
            len(workload or b""),
            self._rc,
        )
        if added:
            task._task = added
            if task._client is None:  # forgotten already: a signal handler has run the tasks
                task._task = None
            return 0
        rc = int(self._rc[0])
        if rc < 0:
            refuse("client", rc)
        return rc

    def run_tasks(self, timeout: int = -1) -> int:
        """Submits the tasks and waits for their ends (gearman_client_run_tasks). timeout bounds the call, in ms."""
        rc = int(lib.gcffi_client_run(self.c, timeout))
        self._forget_dead()
        return self._callback_code(rc) if rc < 0 else rc

    def _forget_dead(self) -> None:
        dead = ffi.new("int64_t[]", _ROOM)  # of this call: a signal handler or another thread may come between
        while count := lib.gcffi_client_dead(self.c, dead, _ROOM):
            numbers = _unpack(dead, count)
            for number in numbers:
                self._owner.forget(number)
            lib.gcffi_client_bury(self.c, numbers[0], count)
