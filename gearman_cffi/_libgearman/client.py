"""A libgearman client with its owner."""

from __future__ import annotations

from gearman_cffi._libgearman.data import Data, pointer
from gearman_cffi._libgearman.handle import Calls, Handle
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.ownership import LEAST_CODE, fail, refuse
from gearman_cffi._libgearman.tasks import TaskHandle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gearman_cffi._libgearman.protocols import TaskOwner

# Data of a reply that is larger than this is freed as soon as it has been read.
_KEEP_BUFFER = 65536
# How many tasks are forgotten at once.
_ROOM = 256
# Looked up once: an attribute of lib costs as much as a short call.
_add_task, _unpack = lib.gcffi_client_add_task, ffi.unpack
_NO_SIZE = int(lib.GCFFI_NO_SIZE)
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


class ClientHandle(Handle):
    """gearman_client_st.

    submit() is the C function itself: a method around it would cost a job as much. It takes c, a JobKind, the names of
    the function and of the unique key, b"" for none, the workload, its size, and a timeout of the whole call in ms, -1
    for none. Returns the size of what is then in answer, or for a job in the background in name; otherwise a negative
    number, for settle().
    """

    __slots__ = ("_context", "_owner", "_reply", "answer", "name", "submit")

    _calls = Calls("client")

    def __init__(
        self, owner: TaskOwner, from_environment: bool = True, like: ClientHandle | None = None, rotation: int = 0
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
        self._reply = ffi.addressof(client, "reply")
        # Where C leaves what is usual and short: a slice of a buffer costs less than a field and its unpacking.
        self.answer, self.name = ffi.buffer(client.answer), ffi.buffer(self._reply.handle)
        self.submit = lib.gcffi_client_do
        self._owner = owner
        client.owner = self._context = ffi.new_handle(owner)

    def clone(self, owner: TaskOwner, rotation: int = 0) -> ClientHandle:
        """A client with the same servers, options and timeout, and connections of its own.

        rotation: by how many places its servers are turned, so that it prefers another one.
        """
        return ClientHandle(owner, like=self, rotation=rotation)

    def expect_exceptions(self) -> None:
        """Makes every connection ask for the exceptions of workers when it is opened. Sends nothing now."""
        self._call(lib.gcffi_client_expect_exceptions)

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

    def settle(self, size: int) -> int:
        """The return code of a submit() that has returned no size: what came back is in data() and handle()."""
        if size > _NO_SIZE:
            fail("client", size)
        return _NO_SIZE - size

    def job_status(self, handle: bytes) -> int:
        """Asks for the status of a job by its handle. The answer is in status()."""
        return self._ask(JOB_STATUS, handle)

    def unique_status(self, unique: bytes) -> int:
        """Asks for the status of a job by its unique key. The answer is in status().

        Made to be called on a clone(): libgearman counts the request as a job, and the next one that is submitted
        over the same connection would never be named.
        """
        return self._ask(_UNIQUE_STATUS, unique)

    def _ask(self, kind: int, name: bytes) -> int:
        return self.settle(self.submit(self.c, kind, name, b"", ffi.NULL, 0, -1))

    def data(self) -> bytes:
        """The result of the last submit(), or with WORK_EXCEPTION its text."""
        reply = self._reply
        size = reply.size
        if not size:
            return b""
        data: bytes = _unpack(reply.data, size)
        if size > _KEEP_BUFFER:
            lib.gcffi_reply_drop_data(reply)
        return data

    def job_handle(self) -> str:
        """The job's handle of the last submit(); empty where the server did not come to name it."""
        return ffi.string(self._reply.handle).decode("utf-8", "backslashreplace")

    def status(self) -> tuple[bool, bool, int, int]:
        """The answer of the last job_status(): known, running, numerator, denominator."""
        reply = self._reply
        return bool(reply.known), bool(reply.running), int(reply.numerator), int(reply.denominator)

    # ------------------------------------------------------------------------------- tasks

    def add_task(
        self,
        task: TaskHandle,
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
            workload if type(workload) is bytes else ffi.NULL if workload is None else pointer(workload),
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
        if rc < LEAST_CODE:
            fail("client", rc)
        return rc & 0xFFFFFFFF

    def _forget_dead(self) -> None:
        dead = ffi.new("int64_t[]", _ROOM)  # of this call: a signal handler or another thread may come between
        while count := lib.gcffi_client_dead(self.c, dead, _ROOM):
            numbers = _unpack(dead, count)
            for number in numbers:
                self._owner.forget(number)
            lib.gcffi_client_bury(self.c, numbers[0], count)
